//! TLS towards others: which certificate we show, and what we make of theirs.  Entry point: [`Tls`].

mod verifier;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};

use self::verifier::Verifier;
use crate::{Pem, roots};

/// What is wanted of the other side, and what it is shown.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who must have signed its certificate.
    pub trust: Trust,
    /// What we show.
    pub identity: Option<Identity>,
    /// HTTP/2 is offered besides HTTP/1.1.
    pub http2: bool,
}

/// Who must have signed a certificate.
#[derive(Clone, Debug)]
pub enum Trust {
    /// An authority that this machine trusts.
    System,
    /// One of these; a certificate that is itself one of these will do, as in Go.
    Authorities(Pem),
    /// Nobody: whoever holds the key of the certificate it shows is believed.  Only where the user says so, and for
    /// peers that upstream does not check either.
    Anybody,
}

/// A certificate and its key.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate and those between it and the authority.
    pub certificate: Pem,
    /// Its key.
    pub key: Pem,
}

/// Settings for connections, made again when a file they come from is replaced.
#[derive(Debug)]
pub struct Tls {
    settings: Settings,
    loaded: Mutex<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    stamp: Vec<Option<SystemTime>>,
    config: Arc<ClientConfig>,
}

impl Tls {
    /// Reads what the settings name.
    ///
    /// # Errors
    /// The origin of what cannot be used, and why.
    pub fn new(settings: Settings) -> Result<Self, String> {
        let loaded = Mutex::new(settings.load()?);
        Ok(Self { settings, loaded })
    }

    /// The settings for one more connection.  A file that was replaced is read again; when it is bad, what was read
    /// before stays in force.
    pub fn config(&self) -> Arc<ClientConfig> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if self.settings.stamp() != loaded.stamp {
            match self.settings.load() {
                Ok(new) => *loaded = new,
                Err(error) => tracing::warn!(%error, "keeping the certificates that were read before"),
            }
        }
        loaded.config.clone()
    }

    /// The same settings with another certificate to show.
    ///
    /// # Errors
    /// Why the certificate cannot be used.
    pub(crate) fn showing(&self, identity: Identity) -> Result<Self, String> {
        Self::new(Settings { identity: Some(identity), ..self.settings.clone() })
    }
}

impl Settings {
    fn stamp(&self) -> Vec<Option<SystemTime>> {
        let trust = match &self.trust {
            Trust::Authorities(pem) => Some(pem),
            Trust::System | Trust::Anybody => None,
        };
        let shown = self.identity.iter().flat_map(|shown| [&shown.certificate, &shown.key]);
        trust.into_iter().chain(shown).map(Pem::stamp).collect()
    }

    fn load(&self) -> Result<Loaded, String> {
        let stamp = self.stamp();
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(self.trust.verifier()?);
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(Identity { certificate, key }) => builder
                .with_client_auth_cert(certificate.certificates()?, key.key()?)
                .map_err(|e| key.failed(e))?,
        };
        if self.http2 {
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        }
        Ok(Loaded { stamp, config: Arc::new(config) })
    }
}

impl Trust {
    fn verifier(&self) -> Result<Arc<Verifier>, String> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = match self {
            Self::Anybody => Verifier::any(provider),
            Self::System => {
                let mut roots = roots::system();
                roots.roots.shrink_to_fit();
                Verifier::chained(roots, Vec::new(), provider)
                    .map_err(|e| format!("system certificate authorities: {e}"))?
            }
            Self::Authorities(pem) => {
                let pinned = pem.certificates()?;
                let mut roots = RootCertStore::empty();
                for certificate in &pinned {
                    roots.add(certificate.clone()).map_err(|e| pem.failed(e))?;
                }
                Verifier::chained(roots, pinned, provider).map_err(|e| pem.failed(e))?
            }
        };
        Ok(Arc::new(verifier))
    }
}
