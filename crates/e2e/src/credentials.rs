//! Client certificates that a server's own CA has signed, as an operator makes them for a user.

use std::path::Path;
use std::time::Duration;

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose};
use time::OffsetDateTime;

/// When a certificate holds.
#[derive(Clone, Copy, Debug)]
pub enum Validity {
    /// From an hour ago for a day.
    Now,
    /// Ended an hour ago.
    Expired,
    /// Begins in an hour.
    Future,
}

/// A certificate for a user and the key to it, PEM.
pub struct ClientCertificate {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

impl ClientCertificate {
    /// Reads `NAME.crt` and `NAME.key` of a folder.
    pub fn read(pki: &Path, name: &str) -> Self {
        let read = |ending| {
            let path = pki.join(format!("{name}.{ending}"));
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        Self { certificate: read("crt"), key: read("key") }
    }

    /// Signs one for `user` (common name) in `group` (organization) with `ca.crt` and `ca.key` of a folder.
    pub fn issue(pki: &Path, user: &str, group: Option<&str>, validity: Validity) -> Self {
        let read = |name| std::fs::read_to_string(pki.join(name)).expect("the server's CA can be read");
        let ca_key = KeyPair::from_pem(&read("ca.key")).expect("the key of the CA is PEM");
        let issuer = Issuer::from_ca_cert_pem(&read("ca.crt"), ca_key).expect("the CA is a certificate");
        let key = KeyPair::generate().expect("keys can be made");
        let certificate =
            parameters(user, group, validity).signed_by(&key, &issuer).expect("it can be signed");
        Self { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

fn parameters(user: &str, group: Option<&str>, validity: Validity) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, user);
    if let Some(group) = group {
        parameters.distinguished_name.push(DnType::OrganizationName, group);
    }
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let hour = Duration::from_secs(3600);
    let now = OffsetDateTime::now_utc();
    let (from, to) = match validity {
        Validity::Now => (now - hour, now + 24 * hour),
        Validity::Expired => (now - 48 * hour, now - hour),
        Validity::Future => (now + hour, now + 48 * hour),
    };
    parameters.not_before = from;
    parameters.not_after = to;
    parameters
}
