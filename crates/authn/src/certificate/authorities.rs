//! CAs that are trusted to say who somebody is, and whether a certificate chains to one of them.
//!
//! Paths are found and checked by `webpki`, with limits on their length and on the work they may cost.  What Go's
//! verifier checks besides is checked here: validity, usages and constraints of the CA itself, the usages of those
//! between, and certificates of version 1.  Nobody's clock but the caller's is read.

use std::fmt;
use std::time::Duration;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{
    EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter, RequiredEkuNotFoundContext,
    VerifiedPath,
};
use x509_parser::prelude::{FromDer, ParsedExtension, X509Certificate, X509Version};

use super::crl::RevocationLists;
use super::signed::{self, Signed};

/// Certificates between the one that is shown and the CA; more are not looked at.
const MOST_INTERMEDIATES: usize = 16;
const CLIENT_AUTH: &[usize] = &[1, 3, 6, 1, 5, 5, 7, 3, 2];
const ANY_USAGE: &[usize] = &[2, 5, 29, 37, 0];

/// The CAs of a file, and the certificates that they have taken back.
#[derive(Clone, Debug, Default)]
pub struct Authorities {
    roots: Vec<Root>,
    /// Those of the roots that may sign, in the same order as in `signers`.
    anchors: Vec<TrustAnchor<'static>>,
    signers: Vec<usize>,
    revoked: RevocationLists,
}

#[derive(Clone, Debug)]
struct Root {
    der: CertificateDer<'static>,
    not_before: i64,
    not_after: i64,
    client_usage: bool,
}

/// What was found out about a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// When the first certificate of the path ends, in seconds since the Unix epoch.
    pub until: i64,
}

/// CAs that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthoritiesError(String);

impl fmt::Display for AuthoritiesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AuthoritiesError {}

impl Authorities {
    /// Reads a file of CAs, PEM.
    ///
    /// # Errors
    /// No certificate in it, or one that cannot be read.
    pub fn from_pem(pem: &[u8]) -> Result<Self, AuthoritiesError> {
        let error = |why: String| AuthoritiesError(why);
        let mut authorities = Self::default();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            authorities.add(&certificate.map_err(|e| error(e.to_string()))?)?;
        }
        if authorities.roots.is_empty() {
            return Err(error("no certificate in it".to_owned()));
        }
        Ok(authorities)
    }

    /// The same CAs, and certificates that were taken back.
    pub fn with_revoked(self, revoked: RevocationLists) -> Self {
        Self { revoked, ..self }
    }

    /// The subjects of the CAs, DER without tag: what clients are told to choose a certificate by.
    pub fn subjects(&self) -> impl Iterator<Item = &[u8]> {
        self.anchors.iter().map(|a| a.subject.as_ref())
    }

    /// The CAs themselves.
    pub fn certificates(&self) -> impl Iterator<Item = &CertificateDer<'static>> {
        self.roots.iter().map(|r| &r.der)
    }

    /// Judges the certificates that a client has shown, its own first; `now` is in seconds since the Unix epoch.
    ///
    /// # Errors
    /// Why they are not good, in words that name the certificate.
    pub fn verify(&self, shown: &[CertificateDer<'_>], now: i64) -> Result<Verified, String> {
        let Some((leaf, rest)) = shown.split_first() else { return Err("no certificate".to_owned()) };
        self.path(leaf, rest, now)
            .map_err(|why| format!("verifying certificate {} failed: x509: {why}", identifier(leaf)))
    }

    fn add(&mut self, der: &CertificateDer<'static>) -> Result<(), AuthoritiesError> {
        let number = self.roots.len() + 1;
        let error = |why: String| AuthoritiesError(format!("certificate {number} cannot be read: {why}"));
        let root = {
            let (_, parsed) = X509Certificate::from_der(der).map_err(|e| error(e.to_string()))?;
            let validity = parsed.validity();
            let (not_before, not_after) = (validity.not_before.timestamp(), validity.not_after.timestamp());
            let client_usage = has_client_usage(&parsed).map_err(error)?;
            if client_usage && may_sign(&parsed) {
                let anchor = webpki::anchor_from_trusted_cert(der).map_err(|e| error(e.to_string()))?;
                self.anchors.push(anchor.to_owned());
                self.signers.push(self.roots.len());
            }
            Root { der: der.clone(), not_before, not_after, client_usage }
        };
        self.roots.push(root);
        Ok(())
    }

    fn path(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        now: i64,
    ) -> Result<Verified, String> {
        // A certificate that is in the file itself needs nobody's signature.
        if let Some(root) = self.roots.iter().find(|r| r.der.as_ref() == leaf.as_ref() && r.client_usage) {
            return root.check_time(now).map(|()| Verified { until: root.not_after });
        }
        let end_entity = match EndEntityCert::try_from(leaf) {
            Ok(end_entity) => end_entity,
            Err(error) => return self.version1(leaf, now).unwrap_or_else(|| Err(words(&error))),
        };
        let rest = rest.get(..MOST_INTERMEDIATES).unwrap_or(rest);
        let time = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now).unwrap_or_default()));
        let check = |path: &VerifiedPath<'_>| self.check_path(path, now);
        let path = end_entity
            .verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &self.anchors,
                rest,
                time,
                ClientUsage,
                None,
                Some(&check),
            )
            .map_err(|error| words(&error))?;
        let root = self.root_of(path.anchor()).map_or(i64::MIN, |r| r.not_after);
        let between = path.intermediate_certificates().map(|c| not_after(&c.der()));
        let until = between.chain([not_after(leaf)]).fold(root, i64::min);
        Ok(Verified { until })
    }

    /// What `webpki` leaves aside: the CA's own validity, and who may sign; and what was taken back.
    fn check_path(&self, path: &VerifiedPath<'_>, now: i64) -> Result<(), Error> {
        let root = self.root_of(path.anchor()).ok_or(Error::UnknownIssuer)?;
        root.check_time(now).map_err(|_| Error::InvalidCertValidity)?;
        let anchor_key = webpki::spki_for_anchor(path.anchor());
        let mut issuer: (&[u8], Vec<u8>) = (path.anchor().subject.as_ref(), anchor_key.to_vec());
        for certificate in path.intermediate_certificates().rev() {
            let der = certificate.der();
            let (_, parsed) = X509Certificate::from_der(&der).map_err(|_| Error::BadDer)?;
            if !may_sign(&parsed) {
                return Err(Error::EndEntityUsedAsCa);
            }
            self.check_revoked(&issuer, certificate.serial())?;
            issuer = (certificate.subject(), certificate.subject_public_key_info().to_vec());
        }
        self.check_revoked(&issuer, path.end_entity().serial())
    }

    fn check_revoked(&self, (name, key): &(&[u8], Vec<u8>), serial: &[u8]) -> Result<(), Error> {
        if self.revoked.revokes(name, key, serial) { Err(Error::CertRevoked) } else { Ok(()) }
    }

    fn root_of(&self, anchor: &TrustAnchor<'_>) -> Option<&Root> {
        let at = self.anchors.iter().position(|a| std::ptr::eq(a, anchor))?;
        self.roots.get(*self.signers.get(at)?)
    }

    /// A certificate of version 1 has nothing that could limit it, which is what `openssl x509 -req` has long made.  It
    /// must be signed by one of the CAs itself.  `None` for other versions.
    fn version1(&self, leaf: &CertificateDer<'_>, now: i64) -> Option<Result<Verified, String>> {
        let (rest, parsed) = X509Certificate::from_der(leaf).ok()?;
        let signed = Signed::parse(leaf)?;
        let tbs = &parsed.tbs_certificate;
        let plain = tbs.version == X509Version::V1
            && tbs.extensions().is_empty()
            && tbs.issuer_uid.is_none()
            && tbs.subject_uid.is_none()
            && tbs.signature == parsed.signature_algorithm;
        if !rest.is_empty() || !plain {
            return None;
        }
        let issuer = signed::content(tbs.issuer.as_raw())?;
        let anchors = self.anchors.iter().filter(|a| a.subject.as_ref() == issuer);
        let signer = anchors.filter(|a| signed.is_by(&webpki::spki_for_anchor(a))).find_map(|a| {
            let root = self.root_of(a).filter(|root| root.check_time(now).is_ok())?;
            Some((root, webpki::spki_for_anchor(a).to_vec()))
        });
        let Some((root, key)) = signer else { return Some(Err(words(&Error::UnknownIssuer))) };
        let validity = (tbs.validity.not_before.timestamp(), tbs.validity.not_after.timestamp());
        let checked = check_time(validity, now)
            .and_then(|()| self.check_revoked(&(issuer, key), tbs.raw_serial()).map_err(|e| words(&e)));
        Some(checked.map(|()| Verified { until: root.not_after.min(validity.1) }))
    }
}

impl Root {
    fn check_time(&self, now: i64) -> Result<(), String> {
        check_time((self.not_before, self.not_after), now)
    }
}

fn check_time((not_before, not_after): (i64, i64), now: i64) -> Result<(), String> {
    if (not_before..=not_after).contains(&now) { Ok(()) } else { Err(words(&Error::InvalidCertValidity)) }
}

/// Client authentication, or any, on every certificate of a path that lists usages at all (as Go has it).
#[derive(Clone, Copy)]
struct ClientUsage;

impl ExtendedKeyUsageValidator for ClientUsage {
    fn validate(&self, usages: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        let mut present = Vec::new();
        for usage in usages {
            let usage = usage?.to_decoded_oid();
            if usage == CLIENT_AUTH || usage == ANY_USAGE {
                return Ok(());
            }
            present.push(usage);
        }
        let (none, required) = (present.is_empty(), webpki::KeyUsage::client_auth());
        let missing = Error::RequiredEkuNotFoundContext(RequiredEkuNotFoundContext { required, present });
        if none { Ok(()) } else { Err(missing) }
    }
}

/// True when a certificate lists no usages or client authentication among them.
fn has_client_usage(certificate: &X509Certificate<'_>) -> Result<bool, String> {
    let usages = certificate.extended_key_usage().map_err(|e| e.to_string())?;
    Ok(usages.is_none_or(|usages| usages.value.any || usages.value.client_auth))
}

/// True when a certificate may sign others: a CA of version 3, or an older one, whose key usages (if it lists them) are
/// for that.
fn may_sign(certificate: &X509Certificate<'_>) -> bool {
    let ca = match certificate.basic_constraints() {
        Ok(Some(constraints)) => constraints.value.ca,
        Ok(None) => certificate.version() != X509Version::V3,
        Err(_) => false,
    };
    ca && certificate.key_usage().is_ok_and(|usage| usage.is_none_or(|usage| usage.value.key_cert_sign()))
}

/// When a certificate ends; one that cannot be read has ended.
fn not_after(der: &[u8]) -> i64 {
    X509Certificate::from_der(der).map_or(i64::MIN, |(_, c)| c.validity().not_after.timestamp())
}

/// How a certificate is named in a log.
fn identifier(der: &[u8]) -> String {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return "of no known form".to_owned() };
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(":");
    let (mut own, mut issuer) = (String::new(), String::new());
    for extension in certificate.iter_extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => own = hex(id.0),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                issuer = id.key_identifier.as_ref().map(|id| hex(id.0)).unwrap_or_default();
            }
            _ => {}
        }
    }
    format!("SN={}, SKID={own}, AKID={issuer}", certificate.tbs_certificate.serial)
}

/// Failures in the words of Go's verifier, as far as it has them.
fn words(error: &Error) -> String {
    match error {
        Error::UnknownIssuer => "certificate signed by unknown authority".to_owned(),
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } | Error::InvalidCertValidity => {
            "certificate has expired or is not yet valid".to_owned()
        }
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
            "certificate specifies an incompatible key usage".to_owned()
        }
        Error::EndEntityUsedAsCa => "an issuer is not authorized to sign other certificates".to_owned(),
        Error::NameConstraintViolation => "a name is not permitted by a constraint of an issuer".to_owned(),
        Error::UnsupportedCriticalExtension => "unhandled critical extension".to_owned(),
        Error::CertRevoked => "certificate has been revoked".to_owned(),
        other => format!("{other:?}"),
    }
}
