//! The outer shape that certificates and revocation lists share (RFC 5280, 4.1 and 5.1): what is signed, how, and the
//! signature.

use rustls_pki_types::SignatureVerificationAlgorithm;
use webpki::ALL_VERIFICATION_ALGS;
use x509_parser::asn1_rs::{Any, FromDer, Tag};
use x509_parser::prelude::X509Certificate;

/// Something that is signed, in parts.
pub(super) struct Signed<'a> {
    /// What is signed, with its tag.
    message: &'a [u8],
    /// The algorithm, without its tag.
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Signed<'a> {
    /// Takes apart a certificate or a revocation list, DER; `None` when it has another shape.
    pub(super) fn parse(der: &'a [u8]) -> Option<Self> {
        let (rest, whole) = element(der, Tag::Sequence)?;
        let (after, _) = element(whole, Tag::Sequence)?;
        let message = whole.get(..whole.len().checked_sub(after.len())?)?;
        let (after, algorithm) = element(after, Tag::Sequence)?;
        let (after, signature) = element(after, Tag::BitString)?;
        (rest.is_empty() && after.is_empty()).then_some(Self {
            message,
            algorithm,
            signature: bits(signature)?,
        })
    }

    /// True when the owner of this key (SubjectPublicKeyInfo, with its tag) has signed it, with an algorithm that is
    /// good for anything.
    pub(super) fn is_by(&self, public_key: &[u8]) -> bool {
        let Some((key_algorithm, key)) = split_key(public_key) else { return false };
        let fits = |a: &&&dyn SignatureVerificationAlgorithm| {
            a.signature_alg_id().as_ref() == self.algorithm && a.public_key_alg_id().as_ref() == key_algorithm
        };
        let mut algorithms = ALL_VERIFICATION_ALGS.iter().filter(fits);
        algorithms.any(|a| a.verify_signature(key, self.message, self.signature).is_ok())
    }
}

/// True when the owner of this key (SubjectPublicKeyInfo, DER) has signed a certificate, a request for one or a
/// revocation list, DER.
pub fn is_signed_by(signed: &[u8], public_key: &[u8]) -> bool {
    Signed::parse(signed).is_some_and(|signed| signed.is_by(public_key))
}

/// The public key (SubjectPublicKeyInfo, DER) in a certificate of any version.
pub fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    X509Certificate::from_der(certificate).ok().map(|(_, c)| c.tbs_certificate.subject_pki.raw)
}

/// What is in a sequence, such as a name.
pub(super) fn content(der: &[u8]) -> Option<&[u8]> {
    element(der, Tag::Sequence).map(|(_, content)| content)
}

/// Algorithm (without its tag) and key of a SubjectPublicKeyInfo.
fn split_key(public_key: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, whole) = element(public_key, Tag::Sequence)?;
    let (after, algorithm) = element(whole, Tag::Sequence)?;
    let (_, key) = element(after, Tag::BitString)?;
    Some((algorithm, bits(key)?))
}

/// What follows an element with this tag, and its content.
fn element(der: &[u8], tag: Tag) -> Option<(&[u8], &[u8])> {
    let (rest, any) = Any::from_der(der).ok()?;
    (any.tag() == tag).then_some((rest, any.data))
}

/// The bytes of a bit string that has only whole ones.
fn bits(content: &[u8]) -> Option<&[u8]> {
    content.split_first().filter(|(unused, _)| **unused == 0).map(|(_, bytes)| bytes)
}
