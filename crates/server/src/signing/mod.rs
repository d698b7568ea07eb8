//! Certificates for those who ask for them (`certificates.k8s.io`): what a request says, whether one of the cluster's
//! signers signs it, and the certificate.
//!
//! Entry points: [`Request::parse`], [`rules::check`], [`Signer::sign`].  The certificate is written here and not by
//! `rcgen`, which keeps one value of each kind in a subject: a subject with several groups has to stay as it is.

mod der;
mod request;
pub(crate) mod rules;

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use authn::{Random as _, SystemRandom};
use rcgen::{KeyPair, SigningKey as _};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use x509_parser::prelude::{FromDer, ParsedExtension, X509Certificate};

use crate::config::Config;
use crate::pki::Pki;
use crate::reload::Reloads;
use crate::transport::pem_text;

pub(crate) use request::Request;

/// Certificates begin this long before now, in seconds, for clocks that are behind.
const BACKDATE: i64 = 300;
/// Certificates that live shorter than this, in seconds, do not pay for that with their end.
const SHORT: i64 = 8 * 3600;
/// The shortest life that a request gets, in seconds.
const SHORTEST: i64 = 600;

/// The CA that signs requests; `None` when there is none.
pub(crate) type CurrentSigner = Arc<ArcSwapOption<Signer>>;

/// A CA with its key.
pub(crate) struct Signer {
    certificate: CertificateDer<'static>,
    key: KeyPair,
    not_after: i64,
}

/// Reads the CA that signs requests, and watches its files: those of the flags, or the generated CA unless other CAs
/// are trusted about clients.
///
/// # Errors
/// The flag or file that cannot be used.
pub(crate) fn load(config: &Config, pki: &Pki, reloads: &Reloads) -> Result<CurrentSigner, String> {
    let (certificate, key): (&Path, &Path) =
        match (&config.cluster_signing_cert_file, &config.cluster_signing_key_file) {
            (Some(certificate), Some(key)) => (certificate, key),
            (None, None) if config.client_ca_file.is_none() => (&pki.ca_cert, &pki.ca_key),
            (None, None) => return Ok(CurrentSigner::default()),
            _ => {
                return Err(
                    "--cluster-signing-cert-file and --cluster-signing-key-file go together".to_owned()
                );
            }
        };
    let (current, name) = (CurrentSigner::default(), certificate.display().to_string());
    let signer = current.clone();
    reloads.watch("--cluster-signing-cert-file", &[certificate, key], move |contents| {
        if let [certificate, key] = contents {
            current.store(Some(Arc::new(Signer::new(certificate, key).map_err(|e| format!("{name}: {e}"))?)));
        }
        Ok(())
    })?;
    Ok(signer)
}

impl Signer {
    /// Reads a CA and its key, PEM.
    pub(crate) fn new(certificate: &[u8], key: &[u8]) -> Result<Self, String> {
        let certificate = CertificateDer::from_pem_slice(certificate).map_err(|e| e.to_string())?;
        let text = std::str::from_utf8(key).map_err(|e| e.to_string())?;
        let key = KeyPair::from_pem(text).map_err(|e| format!("the key cannot be read: {e}"))?;
        der::signature_algorithm(&key).ok_or("keys of this kind do not sign here")?;
        let (not_after, public) = {
            let (_, parsed) = X509Certificate::from_der(&certificate).map_err(|e| e.to_string())?;
            let public = parsed.public_key().subject_public_key.data.to_vec();
            (parsed.validity().not_after.timestamp(), public)
        };
        if public != rcgen::PublicKeyData::der_bytes(&key) {
            return Err("certificate and key do not belong together".to_owned());
        }
        Ok(Self { certificate, key, not_after })
    }

    /// A certificate for a request, PEM.  `usages` are in the words of the API; `seconds` is how long it lives; `now` is
    /// in seconds since the Unix epoch.
    ///
    /// # Errors
    /// A CA that has ended; no randomness.
    pub(crate) fn sign(
        &self,
        request: &Request,
        usages: &[&str],
        seconds: i64,
        now: i64,
    ) -> Result<String, String> {
        if now >= self.not_after {
            return Err(format!("the CA has expired: NotAfter={}", self.not_after));
        }
        let (_, ca) = X509Certificate::from_der(&self.certificate).map_err(|e| e.to_string())?;
        let end = now + seconds - if seconds < SHORT { 0 } else { BACKDATE };
        let mut serial = [0u8; 16];
        if !SystemRandom.fill(&mut serial) {
            return Err("there is no randomness for the serial number".to_owned());
        }
        let algorithm = der::signature_algorithm(&self.key).ok_or("the key does not sign here")?;
        let body = der::sequence(&[
            &der::explicit(0, &der::integer(&[2])),
            &der::integer(&serial),
            &algorithm,
            ca.subject().as_raw(),
            &der::sequence(&[&der::time(now - BACKDATE), &der::time(end.min(self.not_after))]),
            &request.subject,
            &request.public_key,
            &der::explicit(3, &der::sequence(&[&extensions(request, usages, key_id(&ca))])),
        ]);
        let signature = self.key.sign(&body).map_err(|e| e.to_string())?;
        let certificate = der::sequence(&[&body, &algorithm, &der::bit_string(0, &signature)]);
        Ok(pem_text(std::iter::once(&CertificateDer::from(certificate))))
    }
}

/// How long a certificate lives, in seconds: what the request asks for, in limits.
pub(crate) fn lifetime(most: std::time::Duration, asked: Option<i64>) -> i64 {
    let most = i64::try_from(most.as_secs()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
    match asked {
        None => most,
        Some(asked) if asked > most => most,
        Some(asked) => asked.max(SHORTEST),
    }
}

/// What names the CA's key.
fn key_id<'a>(ca: &'a X509Certificate<'_>) -> Option<&'a [u8]> {
    ca.iter_extensions().find_map(|e| match e.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0),
        _ => None,
    })
}

/// The extensions in the order of their numbers, as one run of bytes.
fn extensions(request: &Request, usages: &[&str], ca_key: Option<&[u8]>) -> Vec<u8> {
    let mut all = Vec::new();
    let bits =
        rules::KEY_USAGES.iter().filter(|(name, _)| usages.contains(name)).fold(0, |all, (_, bit)| all | bit);
    if bits != 0 {
        all.extend(der::extension(der::KEY_USAGE, true, &der::named_bits(bits)));
    }
    let purposes: Vec<&[u8]> =
        rules::PURPOSES.iter().filter(|(name, _)| usages.contains(name)).map(|(_, oid)| *oid).collect();
    if !purposes.is_empty() {
        all.extend(der::extension(der::PURPOSES, false, &der::sequence(&purposes)));
    }
    all.extend(der::extension(der::BASIC_CONSTRAINTS, true, &der::sequence(&[])));
    if let Some(id) = ca_key {
        all.extend(der::extension(der::AUTHORITY_KEY, false, &der::sequence(&[&der::implicit(0, id)])));
    }
    if !request.names.is_empty() {
        let nameless = request.has_empty_subject();
        all.extend(der::extension(der::ALTERNATIVE_NAMES, nameless, &request.alternative_names()));
    }
    all
}

#[cfg(test)]
mod tests;
