//! What we make of the certificate that the other side shows.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// Judges a certificate; whoever shows one must hold its key in any case.
#[derive(Debug)]
pub(super) struct Verifier {
    judge: Judge,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug)]
enum Judge {
    /// Every certificate is good.
    Any,
    /// None is: this machine knows no authority.
    None,
    /// One that chains to an authority, or that is trusted itself: `openssl req -x509` makes authorities, and people
    /// serve with them.
    Chained { authorities: Arc<WebPkiServerVerifier>, pinned: Vec<CertificateDer<'static>> },
}

impl Verifier {
    /// Takes the certificate of anybody who holds its key.
    pub(super) fn any(provider: Arc<CryptoProvider>) -> Self {
        Self { judge: Judge::Any, provider }
    }

    /// Takes certificates that chain to one of `roots`, which may be empty, and those of `pinned` themselves.
    ///
    /// # Errors
    /// Roots that cannot be used.
    pub(super) fn chained(
        roots: RootCertStore,
        pinned: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        // webpki makes no verifier of nothing.
        let judge = if roots.is_empty() {
            Judge::None
        } else {
            let built =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
            Judge::Chained { authorities: built.map_err(|e| e.to_string())?, pinned }
        };
        Ok(Self { judge, provider })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let (authorities, pinned) = match &self.judge {
            Judge::Any => return Ok(ServerCertVerified::assertion()),
            Judge::None => return Err(CertificateError::UnknownIssuer.into()),
            Judge::Chained { authorities, pinned } => (authorities, pinned),
        };
        let found = authorities.verify_server_cert(end_entity, intermediates, name, ocsp, now);
        if found.is_ok() || !pinned.iter().any(|pinned| pinned.as_ref() == end_entity.as_ref()) {
            return found;
        }
        in_date(end_entity, now)?;
        rustls::client::verify_server_name(&ParsedCertificate::try_from(end_entity)?, name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn in_date(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), rustls::Error> {
    let (_, parsed) =
        x509_parser::parse_x509_certificate(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let validity = parsed.validity();
    if seconds < validity.not_before.timestamp() {
        Err(CertificateError::NotValidYet.into())
    } else if seconds > validity.not_after.timestamp() {
        Err(CertificateError::Expired.into())
    } else {
        Ok(())
    }
}
