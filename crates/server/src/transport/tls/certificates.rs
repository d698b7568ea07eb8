//! The certificates a server shows: the usual one, and others for clients who ask for some names.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// The names that a flag gives a certificate: `api.example.org`, `*.example.org`, an address; none for those that stand
/// in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(Vec<String>);

/// Finds the certificate for the name that a client asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct ByName {
    usual: Option<Arc<CertifiedKey>>,
    names: Arc<HashMap<String, Arc<CertifiedKey>>>,
}

impl Names {
    pub(super) fn of_flag(names: Vec<String>) -> Self {
        Self(names.into_iter().map(|n| n.to_ascii_lowercase()).collect())
    }
}

/// Reads a certificate with its chain and its key, PEM.
pub(super) fn pair(certificate: &[u8], key: &[u8]) -> Result<CertifiedKey, String> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate)
        .collect::<Result<_, _>>()
        .map_err(|e| format!("the certificate cannot be read: {e}"))?;
    if chain.is_empty() {
        return Err("no certificate in it".to_owned());
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|e| format!("the key cannot be read: {e}"))?;
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
        .map_err(|e| format!("certificate and key cannot be used: {e}"))
}

impl ByName {
    /// The certificates of the places that have one.  Names of a flag count before names in a certificate, earlier
    /// flags before later ones.
    pub(super) fn new(named: &[(Names, Option<Arc<CertifiedKey>>)]) -> Self {
        let mut names = HashMap::new();
        let given = named.iter().filter_map(|(names, pair)| Some((&names.0, pair.as_ref()?)));
        for (of_flag, pair) in given.clone() {
            for name in of_flag {
                names.entry(name.clone()).or_insert_with(|| pair.clone());
            }
        }
        for (_, pair) in given.filter(|(of_flag, _)| of_flag.is_empty()) {
            let own = pair.end_entity_cert().map(|der| names_in(der)).unwrap_or_default();
            for name in own {
                names.entry(name).or_insert_with(|| pair.clone());
            }
        }
        Self { usual: None, names: Arc::new(names) }
    }

    /// The same names, and this certificate for all others.
    pub(super) fn with_default(&self, usual: Arc<CertifiedKey>) -> Self {
        Self { usual: Some(usual), names: self.names.clone() }
    }

    /// The certificates whose names are addresses.
    pub(super) fn addresses(&self) -> impl Iterator<Item = (IpAddr, &Arc<CertifiedKey>)> {
        self.names.iter().filter_map(|(name, pair)| Some((name.parse::<IpAddr>().ok()?.to_canonical(), pair)))
    }

    fn find(&self, name: &str) -> Option<&Arc<CertifiedKey>> {
        let name = name.to_ascii_lowercase();
        let wildcard = || self.names.get(&format!("*.{}", name.split_once('.')?.1));
        self.names.get(&name).or_else(wildcard)
    }
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        hello.server_name().and_then(|name| self.find(name)).or(self.usual.as_ref()).cloned()
    }
}

/// The names that a certificate has: its common name when it is a domain, and its alternative domains; no addresses,
/// which no client may ask for (RFC 6066).
fn names_in(der: &[u8]) -> Vec<String> {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return Vec::new() };
    let common = certificate.subject().iter_common_name().filter_map(|a| a.as_str().ok()).last();
    let mut names: Vec<String> =
        common.filter(|n| is_domain(n)).map(str::to_ascii_lowercase).into_iter().collect();
    if let Ok(Some(alternative)) = certificate.subject_alternative_name() {
        for name in &alternative.value.general_names {
            if let GeneralName::DNSName(name) = name {
                names.push(name.to_ascii_lowercase());
            }
        }
    }
    names
}

/// True for `*` and for a DNS name, with a wildcard before it or not.
fn is_domain(name: &str) -> bool {
    let bare = name.strip_prefix("*.").unwrap_or(name);
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let label = |l: &str| !l.is_empty() && l.bytes().all(plain) && !l.starts_with('-') && !l.ends_with('-');
    name == "*" || (bare.parse::<IpAddr>().is_err() && bare.split('.').all(label))
}
