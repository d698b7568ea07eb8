//! TLS towards others: which certificate we show, and what we make of theirs.  Entry point: [`Tls`].

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

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
    fn verifier(&self) -> Result<Arc<dyn ServerCertVerifier>, String> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        match self {
            Self::Anybody => Ok(Arc::new(TakeAny(provider))),
            Self::System => {
                let mut roots = roots::system();
                // A verifier cannot be made of nothing; a certificate that nobody has a key for trusts nobody.
                if roots.is_empty() {
                    return Ok(Arc::new(TakeNone));
                }
                roots.roots.shrink_to_fit();
                chained(roots, provider).map_err(|e| format!("system certificate authorities: {e}"))
            }
            Self::Authorities(pem) => {
                let pinned = pem.certificates()?;
                let mut roots = RootCertStore::empty();
                for certificate in &pinned {
                    roots.add(certificate.clone()).map_err(|e| pem.failed(e))?;
                }
                let chained = chained(roots, provider).map_err(|e| pem.failed(e))?;
                Ok(Arc::new(ChainedOrPinned { chained, pinned }))
            }
        }
    }
}

fn chained(
    roots: RootCertStore,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    Ok(built.map_err(|e| e.to_string())?)
}

/// A chain to an authority, or a certificate that is trusted itself: `openssl req -x509` makes authorities, and people
/// serve with them.
#[derive(Debug)]
struct ChainedOrPinned {
    chained: Arc<dyn ServerCertVerifier>,
    pinned: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for ChainedOrPinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let found =
            self.chained.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        if found.is_ok() || !self.pinned.iter().any(|pinned| pinned.as_ref() == end_entity.as_ref()) {
            return found;
        }
        in_date(end_entity, now)?;
        rustls::client::verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chained.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chained.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chained.supported_verify_schemes()
    }
}

fn in_date(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), rustls::Error> {
    let bad = |why| rustls::Error::InvalidCertificate(why);
    let (_, parsed) =
        x509_parser::parse_x509_certificate(certificate).map_err(|_| bad(CertificateError::BadEncoding))?;
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let validity = parsed.validity();
    if seconds < validity.not_before.timestamp() {
        Err(bad(CertificateError::NotValidYet))
    } else if seconds > validity.not_after.timestamp() {
        Err(bad(CertificateError::Expired))
    } else {
        Ok(())
    }
}

/// Takes the certificate of anybody who holds its key.
#[derive(Debug)]
struct TakeAny(Arc<CryptoProvider>);

impl ServerCertVerifier for TakeAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Trusts nobody: this machine knows no authority.
#[derive(Debug)]
struct TakeNone;

impl ServerCertVerifier for TakeNone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer))
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer))
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
