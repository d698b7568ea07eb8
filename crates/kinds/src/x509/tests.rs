use super::*;
use rcgen::{
    CertificateParams, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
};

fn key(algorithm: &'static rcgen::SignatureAlgorithm) -> rcgen::KeyPair {
    rcgen::KeyPair::generate_for(algorithm).unwrap()
}

fn params() -> CertificateParams {
    CertificateParams::new(vec!["name.example".to_owned()]).unwrap()
}

#[test]
fn requests_are_signed_by_their_own_key() {
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519, &PKCS_RSA_SHA256] {
        let mut der = params().serialize_request(&key(algorithm)).unwrap().der().to_vec();
        assert_eq!(request_fault(&der), None, "{algorithm:?}");
        // The last byte belongs to the signature.
        *der.last_mut().unwrap() ^= 1;
        let fault = request_fault(&der).unwrap_or_default();
        assert!(fault.contains("verification"), "{algorithm:?}: {fault}");
        der.push(0);
        assert_eq!(request_fault(&der).as_deref(), Some("x509: malformed certificate request"));
    }
    assert!(request_fault(b"").is_some());
}

#[test]
fn keys_belong_to_certificates() {
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519, &PKCS_RSA_SHA256] {
        let (own, other) = (key(algorithm), key(algorithm));
        let certificate = params().self_signed(&own).unwrap();
        assert_eq!(certificate_fault(certificate.der()), None);
        assert_eq!(pair_fault(certificate.der(), own.serialized_der()), None, "{algorithm:?}");
        let fault = pair_fault(certificate.der(), other.serialized_der());
        assert_eq!(fault, Some("tls: private key does not match public key"), "{algorithm:?}");
    }
    assert_eq!(certificate_fault(b"ABC"), Some("x509: malformed certificate"));
    assert_eq!(certificate_fault(b""), Some("found CERTIFICATE PEM block containing 0 certificates"));
}
