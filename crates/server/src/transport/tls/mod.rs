//! Server-side TLS: which certificate we show, and whose word counts about a client's.
//!
//! Entry points: [`Tls`] makes the settings of a connection, from parts that may be replaced while the server runs;
//! [`Trust`] judges client certificates.

mod certificates;
mod policy;
mod trust;
mod verifier;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use rustls::sign::CertifiedKey;

use certificates::{ByName, Names};
pub(crate) use policy::Policy;
pub(crate) use trust::{Judgement, Trust, pem_text};
use verifier::AskForCertificate;

/// TLS settings of a listener, cheap to clone.
#[derive(Clone, Debug)]
pub struct Tls(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    policy: Policy,
    trust: Arc<Trust>,
    parts: Mutex<Parts>,
    current: ArcSwapOption<Settings>,
}

/// What the settings are made of.
#[derive(Debug, Default)]
struct Parts {
    serving: Option<Arc<CertifiedKey>>,
    /// Certificates for some names, in the order of the flags.
    named: Vec<(Names, Option<Arc<CertifiedKey>>)>,
}

/// Settings as rustls wants them.
#[derive(Debug)]
struct Settings {
    usual: Arc<rustls::ServerConfig>,
    /// Those of connections to an address that a certificate is for; such clients send no name.
    by_address: HashMap<IpAddr, Arc<rustls::ServerConfig>>,
}

impl Tls {
    /// Settings that are not complete before a serving certificate was given.
    pub(crate) fn new(policy: Policy, trust: Arc<Trust>) -> Self {
        Self(Arc::new(Shared { policy, trust, parts: Mutex::default(), current: ArcSwapOption::default() }))
    }

    /// Shows this certificate (its chain behind it) from now on, PEM.
    ///
    /// # Errors
    /// A certificate or key that cannot be read, or that do not belong together.
    pub(crate) fn set_serving(&self, certificate: &[u8], key: &[u8]) -> Result<(), String> {
        let serving = certificates::pair(certificate, key)?;
        self.change(|parts| parts.serving = Some(Arc::new(serving)))
    }

    /// Adds a place for a certificate that is shown to clients who ask for some names; no names means those in the
    /// certificate.  Answers the place.
    pub(crate) fn add_named(&self, names: Vec<String>) -> usize {
        let mut parts = self.0.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.named.push((Names::of_flag(names), None));
        parts.named.len() - 1
    }

    /// Shows this certificate to clients who ask for the names of a place, PEM.
    ///
    /// # Errors
    /// As for the serving certificate.
    pub(crate) fn set_named(&self, place: usize, certificate: &[u8], key: &[u8]) -> Result<(), String> {
        let pair = Arc::new(certificates::pair(certificate, key)?);
        self.change(|parts| {
            if let Some((_, slot)) = parts.named.get_mut(place) {
                *slot = Some(pair);
            }
        })
    }

    /// Tells clients of CAs as they are now.
    ///
    /// # Errors
    /// None that a change of CAs could cause.
    pub(crate) fn refresh(&self) -> Result<(), String> {
        self.change(|_| {})
    }

    /// Who judges the certificates of clients.
    pub(super) fn trust(&self) -> &Arc<Trust> {
        &self.0.trust
    }

    /// The settings of a connection to this address of ours.
    pub(super) fn settings(&self, local: Option<IpAddr>) -> Option<Arc<rustls::ServerConfig>> {
        let current = self.0.current.load();
        let current = current.as_ref()?;
        let own = local.and_then(|ip| current.by_address.get(&ip.to_canonical()));
        Some(own.unwrap_or(&current.usual).clone())
    }

    /// Changes a part and makes the settings anew; connections that are open keep theirs.
    fn change(&self, change: impl FnOnce(&mut Parts)) -> Result<(), String> {
        let mut parts = self.0.parts.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut parts);
        let Some(serving) = parts.serving.clone() else { return Ok(()) };
        let names = ByName::new(&parts.named);
        let make = |usual: &Arc<CertifiedKey>| self.make(names.with_default(usual.clone())).map(Arc::new);
        let by_address = names.addresses().map(|(ip, pair)| Ok((ip, make(pair)?)));
        let by_address = by_address.collect::<Result<_, String>>()?;
        self.0.current.store(Some(Arc::new(Settings { usual: make(&serving)?, by_address })));
        Ok(())
    }

    fn make(&self, certificates: ByName) -> Result<rustls::ServerConfig, String> {
        let (provider, versions) = (self.0.policy.provider(), self.0.policy.versions());
        let verifier = AskForCertificate { hints: self.0.trust.hints(), provider: provider.clone() };
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(|e| e.to_string())?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(Arc::new(certificates));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

#[cfg(test)]
mod tests;
