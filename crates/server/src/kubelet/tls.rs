//! TLS towards others: which certificate we show, and what we make of theirs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::config::Config;

/// Whom we speak to, and so what is wanted of its certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// A kubelet: we show our certificate; its one must chain to the CA of the flags, when there is one.
    Kubelet,
    /// A kubelet whose certificate the client does not care for.
    AnyKubelet,
    /// A pod, service or other port of a node: we show nothing and take any certificate, as upstream.
    Anyone,
}

/// TLS settings towards kubelets and everybody else.
#[derive(Debug)]
pub(super) struct Kubelets {
    files: Files,
    loaded: Mutex<Loaded>,
    anyone: Arc<ClientConfig>,
}

#[derive(Debug)]
struct Files {
    ca: Option<PathBuf>,
    /// Certificate and key.
    shown: Option<(PathBuf, PathBuf)>,
}

/// When the files were changed last, in the order of [`Files::all`].
type Stamp = Vec<Option<SystemTime>>;

#[derive(Debug)]
struct Loaded {
    stamp: Stamp,
    verified: Arc<ClientConfig>,
    unverified: Arc<ClientConfig>,
}

impl Kubelets {
    /// # Errors
    /// The flag whose file cannot be used, and why.
    pub(super) fn new(config: &Config) -> Result<Self, String> {
        let shown = match (&config.kubelet_client_certificate, &config.kubelet_client_key) {
            (Some(cert), Some(key)) => Some((cert.clone(), key.clone())),
            (None, None) => None,
            _ => return Err("--kubelet-client-certificate and --kubelet-client-key go together".to_owned()),
        };
        let files = Files { ca: config.kubelet_certificate_authority.clone(), shown };
        let loaded = Mutex::new(files.load()?);
        let anyone = client(Arc::new(TakeAny::new()), None)?;
        Ok(Self { files, loaded, anyone })
    }

    /// The settings for a connection; files that were replaced are read again.
    pub(super) fn config(&self, trust: Trust) -> Arc<ClientConfig> {
        if trust == Trust::Anyone {
            return self.anyone.clone();
        }
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if self.files.stamp() != loaded.stamp {
            match self.files.load() {
                Ok(new) => *loaded = new,
                Err(error) => {
                    tracing::warn!(%error, "keeping the certificates for kubelets that were read before");
                }
            }
        }
        let config = if trust == Trust::Kubelet { &loaded.verified } else { &loaded.unverified };
        config.clone()
    }
}

impl Files {
    fn all(&self) -> impl Iterator<Item = &PathBuf> {
        self.ca.iter().chain(self.shown.iter().flat_map(|(cert, key)| [cert, key]))
    }

    fn stamp(&self) -> Stamp {
        self.all().map(|path| std::fs::metadata(path).and_then(|m| m.modified()).ok()).collect()
    }

    fn load(&self) -> Result<Loaded, String> {
        let stamp = self.stamp();
        let any: Arc<dyn ServerCertVerifier> = Arc::new(TakeAny::new());
        let verifier = match &self.ca {
            Some(path) => verifier(path)?,
            None => any.clone(),
        };
        let shown = self.shown.as_ref();
        Ok(Loaded { stamp, verified: client(verifier, shown)?, unverified: client(any, shown)? })
    }
}

fn failed(flag: &str, path: &Path, why: impl std::fmt::Display) -> String {
    format!("--{flag}: {}: {why}", path.display())
}

fn verifier(ca: &Path) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let failed = |why: String| failed("kubelet-certificate-authority", ca, why);
    let mut roots = RootCertStore::empty();
    for cert in certificates(ca).map_err(failed)? {
        roots.add(cert).map_err(|e| failed(e.to_string()))?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    Ok(built.map_err(|e| failed(e.to_string()))?)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certs: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let certs = certs.map_err(|e| e.to_string())?;
    if certs.is_empty() { Err("no certificate in it".to_owned()) } else { Ok(certs) }
}

fn client(
    verifier: Arc<dyn ServerCertVerifier>,
    shown: Option<&(PathBuf, PathBuf)>,
) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let Some((cert, key)) = shown else { return Ok(Arc::new(builder.with_no_client_auth())) };
    let chain = certificates(cert).map_err(|e| failed("kubelet-client-certificate", cert, e))?;
    let failed = |why: String| failed("kubelet-client-key", key, why);
    let key = PrivateKeyDer::from_pem_file(key).map_err(|e| failed(e.to_string()))?;
    let config = builder.with_client_auth_cert(chain, key).map_err(|e| failed(e.to_string()))?;
    Ok(Arc::new(config))
}

/// Takes the certificate of anybody who holds its key.  Only for peers that upstream does not check either.
#[derive(Debug)]
struct TakeAny(Arc<CryptoProvider>);

impl TakeAny {
    fn new() -> Self {
        Self(Arc::new(aws_lc_rs::default_provider()))
    }
}

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
