//! Certificates and certificate requests (RFC 5280, RFC 2986), as far as validation looks into them.
//!
//! Entry points: [`request_fault`], [`certificate_fault`] and [`pair_fault`]; texts are those of Go's `crypto/x509`.

use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair, UnparsedPublicKey};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

type Algorithm = &'static dyn signature::VerificationAlgorithm;

/// A signature algorithm by its object identifier: the curve it needs (`""` for none) and what a mismatch is called.
struct Known {
    id: &'static str,
    curve: &'static str,
    algorithm: Algorithm,
    mismatch: &'static str,
}

const P256: &str = "1.2.840.10045.3.1.7";
const P384: &str = "1.3.132.0.34";
const P521: &str = "1.3.132.0.35";
const SHA1_WITH_RSA: &str = "1.2.840.113549.1.1.5";
const SHA1_WITH_ECDSA: &str = "1.2.840.10045.4.1";

const RSA: &str = "crypto/rsa: verification error";
const ECDSA: &str = "x509: ECDSA verification failure";

const fn rsa(id: &'static str, algorithm: Algorithm) -> Known {
    Known { id, curve: "", algorithm, mismatch: RSA }
}

const fn ecdsa(id: &'static str, curve: &'static str, algorithm: Algorithm) -> Known {
    Known { id, curve, algorithm, mismatch: ECDSA }
}

static KNOWN: [Known; 13] = [
    rsa("1.2.840.113549.1.1.11", &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
    rsa("1.2.840.113549.1.1.12", &signature::RSA_PKCS1_2048_8192_SHA384),
    rsa("1.2.840.113549.1.1.13", &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
    ecdsa("1.2.840.10045.4.3.2", P256, &signature::ECDSA_P256_SHA256_ASN1),
    ecdsa("1.2.840.10045.4.3.2", P384, &signature::ECDSA_P384_SHA256_ASN1),
    ecdsa("1.2.840.10045.4.3.2", P521, &signature::ECDSA_P521_SHA256_ASN1),
    ecdsa("1.2.840.10045.4.3.3", P256, &signature::ECDSA_P256_SHA384_ASN1),
    ecdsa("1.2.840.10045.4.3.3", P384, &signature::ECDSA_P384_SHA384_ASN1),
    ecdsa("1.2.840.10045.4.3.3", P521, &signature::ECDSA_P521_SHA384_ASN1),
    ecdsa("1.2.840.10045.4.3.4", P256, &signature::ECDSA_P256_SHA512_ASN1),
    ecdsa("1.2.840.10045.4.3.4", P384, &signature::ECDSA_P384_SHA512_ASN1),
    ecdsa("1.2.840.10045.4.3.4", P521, &signature::ECDSA_P521_SHA512_ASN1),
    Known {
        id: "1.3.101.112",
        curve: "",
        algorithm: &signature::ED25519,
        mismatch: "x509: Ed25519 verification failure",
    },
];

/// Why a certificate request in DER cannot be accepted: it does not parse, or its signature is not by its own key.
pub(crate) fn request_fault(der: &[u8]) -> Option<String> {
    let Ok((&[], request)) = X509CertificationRequest::from_der(der) else {
        return Some("x509: malformed certificate request".to_owned());
    };
    let info = &request.certification_request_info;
    let signature = &request.signature_value.data;
    signature_fault(&info.subject_pki, &request.signature_algorithm, info.raw, signature).map(str::to_owned)
}

/// The organizations in the subject of a certificate request in DER.
pub(crate) fn request_organizations(der: &[u8]) -> Result<Vec<String>, String> {
    let Ok((&[], request)) = X509CertificationRequest::from_der(der) else {
        return Err("x509: malformed certificate request".to_owned());
    };
    let subject = &request.certification_request_info.subject;
    Ok(subject.iter_organization().filter_map(|o| o.as_str().ok()).map(str::to_owned).collect())
}

fn signature_fault(
    key: &SubjectPublicKeyInfo,
    algorithm: &AlgorithmIdentifier,
    signed: &[u8],
    signature: &[u8],
) -> Option<&'static str> {
    let id = algorithm.algorithm.to_id_string();
    match id.as_str() {
        SHA1_WITH_RSA => return Some("x509: cannot verify signature: insecure algorithm SHA1-RSA"),
        SHA1_WITH_ECDSA => return Some("x509: cannot verify signature: insecure algorithm ECDSA-SHA1"),
        _ => {}
    }
    let curve = key.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    let curve = curve.map(|curve| curve.to_id_string()).unwrap_or_default();
    let fits = |known: &&Known| known.id == id && (known.curve.is_empty() || known.curve == curve);
    let Some(known) = KNOWN.iter().find(fits) else {
        return Some("x509: cannot verify signature: algorithm unimplemented");
    };
    let key = UnparsedPublicKey::new(known.algorithm, &key.subject_public_key.data);
    key.verify(signed, signature).err().map(|_| known.mismatch)
}

/// Why a block of certificates in DER cannot be accepted.
pub(crate) fn certificate_fault(mut der: &[u8]) -> Option<&'static str> {
    if der.is_empty() {
        return Some("found CERTIFICATE PEM block containing 0 certificates");
    }
    while !der.is_empty() {
        match x509_parser::parse_x509_certificate(der) {
            Ok((rest, _)) => der = rest,
            Err(_) => return Some("x509: malformed certificate"),
        }
    }
    None
}

/// Why a certificate and a private key, both in DER, do not belong together; a key of a kind that cannot be read here
/// passes.
pub(crate) fn pair_fault(certificate: &[u8], key: &[u8]) -> Option<&'static str> {
    let Ok((_, certificate)) = x509_parser::parse_x509_certificate(certificate) else {
        return Some("x509: malformed certificate");
    };
    let public = public_key(key)?;
    let same = *certificate.public_key().subject_public_key.data == public;
    (!same).then_some("tls: private key does not match public key")
}

/// The public half of a private key, as a certificate holds it.
fn public_key(key: &[u8]) -> Option<Vec<u8>> {
    if let Ok(pair) = RsaKeyPair::from_pkcs8(key).or_else(|_| RsaKeyPair::from_der(key)) {
        return Some(pair.public_key().as_ref().to_vec());
    }
    if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key) {
        return Some(pair.public_key().as_ref().to_vec());
    }
    let curves = [
        &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
        &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
        &signature::ECDSA_P521_SHA512_ASN1_SIGNING,
    ];
    let pair = curves.into_iter().find_map(|curve| EcdsaKeyPair::from_private_key_der(curve, key).ok())?;
    Some(pair.public_key().as_ref().to_vec())
}

#[cfg(test)]
mod tests;
