//! What checks ask of a certificate.

use api::time::Timestamp;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey;

/// A certificate, as far as checks ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// The common name, `""` for none.
    pub common_name: String,
    /// Organizations: groups, when a client shows the certificate.
    pub organizations: Vec<String>,
    /// Names and addresses it is for.
    pub names: Vec<String>,
    /// From when on it is valid.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
    /// The size of an RSA key in bits; `None` for keys of other kinds.
    pub rsa_bits: Option<usize>,
    /// The public key (`SubjectPublicKeyInfo` in DER): what makes two certificates of one holder.
    pub public_key: Vec<u8>,
    /// It may sign others.
    pub is_authority: bool,
}

impl Certificate {
    /// Reads every certificate of a text in PEM; other things in it are passed over.
    ///
    /// # Errors
    /// What is wrong, and with which of them; a text without any is wrong too.
    pub(crate) fn parse_all(pem: &[u8]) -> Result<Vec<Self>, String> {
        let mut all = Vec::new();
        for (i, der) in CertificateDer::pem_slice_iter(pem).enumerate() {
            let der = der.map_err(|e| format!("certificate {}: {e}", i + 1))?;
            all.push(Self::of(&der).map_err(|e| format!("certificate {}: {e}", i + 1))?);
        }
        if all.is_empty() { Err("no certificate in it".to_owned()) } else { Ok(all) }
    }

    fn of(der: &[u8]) -> Result<Self, String> {
        let (_, parsed) = X509Certificate::from_der(der).map_err(|e| e.to_string())?;
        let text =
            |value: &x509_parser::x509::AttributeTypeAndValue<'_>| value.as_str().unwrap_or("").to_owned();
        let rsa_bits = match parsed.public_key().parsed() {
            Ok(PublicKey::RSA(key)) => Some(key.key_size()),
            _ => None,
        };
        let time = |time: x509_parser::time::ASN1Time| Timestamp::new(time.timestamp(), 0);
        Ok(Self {
            common_name: parsed.subject().iter_common_name().next().map(text).unwrap_or_default(),
            organizations: parsed.subject().iter_organization().map(text).collect(),
            names: names(&parsed),
            not_before: time(parsed.validity().not_before),
            not_after: time(parsed.validity().not_after),
            rsa_bits,
            public_key: parsed.public_key().raw.to_vec(),
            is_authority: parsed.is_ca(),
        })
    }

    /// True when two texts in PEM have a certificate of one holder in common; `None` when one of them cannot be read.
    pub(crate) fn share_a_key(one: &str, other: &str) -> Option<bool> {
        let read = |pem: &str| Self::parse_all(pem.as_bytes()).ok();
        let (one, other) = (read(one)?, read(other)?);
        Some(one.iter().any(|a| other.iter().any(|b| a.public_key == b.public_key)))
    }

    /// True when it is for a host name; a `*` stands for one label.
    pub(crate) fn covers(&self, host: &str) -> bool {
        let fits = |name: &String| match (name.strip_prefix("*."), host.split_once('.')) {
            (Some(parent), Some((_, rest))) => parent.eq_ignore_ascii_case(rest),
            _ => name.eq_ignore_ascii_case(host),
        };
        self.names.iter().any(fits)
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(octets) => address(octets),
        _ => None,
    };
    extension.value.general_names.iter().filter_map(name).collect()
}

fn address(octets: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Some(std::net::Ipv4Addr::from(v4).to_string());
    }
    <[u8; 16]>::try_from(octets).ok().map(|v6| std::net::Ipv6Addr::from(v6).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_tells_what_it_is_for() {
        let mut params =
            rcgen::CertificateParams::new(["*.example.com".to_owned(), "10.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "bob");
        params.distinguished_name.push(rcgen::DnType::OrganizationName, "system:masters");
        params.not_after = rcgen::date_time_ymd(2030, 1, 2);
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let all = Certificate::parse_all(pem.repeat(2).as_bytes()).unwrap();
        assert_eq!(all.len(), 2);
        let certificate = &all[0];
        assert_eq!((certificate.common_name.as_str(), certificate.rsa_bits), ("bob", None));
        assert_eq!(certificate.organizations, ["system:masters"]);
        assert_eq!(certificate.not_after.text().as_str(), "2030-01-02T00:00:00Z");
        assert!(certificate.covers("a.example.com") && certificate.covers("10.0.0.1"));
        assert!(!certificate.covers("example.com") && !certificate.covers("a.b.example.com"));
        assert!(Certificate::parse_all(b"").is_err());
        assert!(
            Certificate::parse_all(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----").is_err()
        );
    }
}
