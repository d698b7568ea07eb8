//! Users from client certificates: CN is the name, every O a group (KEP-4850's OID a uid).
//!
//! Entry points: [`ClientCertificates`] and [`user`].  The chain has been verified when the certificate comes here.

use api::user::UserInfo;
use aws_lc_rs::digest::{SHA256, digest};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::X509Name;

use crate::authenticator::{Answer, Authenticator, AuthnError, Credentials, Identity};

/// The attribute of the subject that holds a user's uid.
const UID_OID: &str = "1.3.6.1.4.1.57683.2";
/// The key in a user's `extra` under which credentials are told apart.
pub const CREDENTIAL_ID: &str = "authentication.kubernetes.io/credential-id";

/// A client certificate, judged against some CAs.
#[derive(Clone, Copy, Debug, Default)]
pub enum Certificate<'a> {
    /// None was shown, or there are no such CAs.
    #[default]
    None,
    /// It chains to one of the CAs, is for client authentication and in date; this is the leaf, DER.
    Verified(&'a [u8]),
    /// It does not, and why.
    Invalid(&'a str),
}

/// Knows whoever shows a certificate of a CA for clients.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientCertificates;

impl Authenticator for ClientCertificates {
    fn authenticate(&self, credentials: &Credentials) -> Answer {
        match credentials.certificate {
            Certificate::None => Ok(None),
            Certificate::Verified(leaf) => Ok(user(leaf)?.map(Identity::of)),
            Certificate::Invalid(why) => Err(AuthnError::new(why)),
        }
    }
}

/// The user of a verified certificate (DER); `None` when it has no common name.
pub fn user(der: &[u8]) -> Result<Option<UserInfo>, AuthnError> {
    let (_, certificate) = X509Certificate::from_der(der)
        .map_err(|_| AuthnError::new("the client certificate is not a valid X.509 certificate"))?;
    let subject = certificate.subject();
    // Of several common names the last one counts, as in Go.
    let Some(name) = texts(subject.iter_common_name()).pop().filter(|n| !n.is_empty()) else {
        return Ok(None);
    };
    let fingerprint: String = digest(&SHA256, der).as_ref().iter().map(|b| format!("{b:02x}")).collect();
    let mut user = UserInfo::new(name, texts(subject.iter_organization()));
    user.uid = uid(subject)?;
    user.extra.insert(CREDENTIAL_ID.to_owned(), vec![format!("X509SHA256={fingerprint}")]);
    Ok(Some(user))
}

fn texts<'a>(
    attributes: impl Iterator<Item = &'a x509_parser::x509::AttributeTypeAndValue<'a>>,
) -> Vec<String> {
    attributes.filter_map(|a| a.as_str().ok()).map(str::to_owned).collect()
}

fn uid(subject: &X509Name) -> Result<String, AuthnError> {
    let is_uid = |a: &&x509_parser::x509::AttributeTypeAndValue| a.attr_type().to_id_string() == UID_OID;
    let uids: Vec<_> = subject.iter_attributes().filter(is_uid).map(|a| a.as_str()).collect();
    match uids.as_slice() {
        [] => Ok(String::new()),
        [Ok("")] => Err(AuthnError::new("UID cannot be an empty string")),
        [Ok(uid)] => Ok((*uid).to_owned()),
        [Err(_)] => Err(AuthnError::new("unable to parse UID into a string")),
        many => {
            let shown: Vec<&str> = many.iter().filter_map(|u| u.as_ref().ok().copied()).collect();
            Err(AuthnError::new(format!("expected 1 UID, but found multiple: [{}]", shown.join(" "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

    fn certificate(attributes: &[(DnType, &str)]) -> Vec<u8> {
        let mut name = DistinguishedName::new();
        for (kind, value) in attributes {
            name.push(kind.clone(), *value);
        }
        let mut params = CertificateParams::default();
        params.distinguished_name = name;
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn names_groups_and_uid() {
        let uid = DnType::from_oid(&[1, 3, 6, 1, 4, 1, 57683, 2]);
        let der =
            certificate(&[(DnType::CommonName, "bob"), (DnType::OrganizationName, "dev"), (uid, "u-1")]);
        let user = user(&der).unwrap().unwrap();
        assert_eq!(
            (user.name.as_str(), user.uid.as_str(), user.groups.as_slice()),
            ("bob", "u-1", &["dev".to_owned()][..])
        );
        let id = &user.extra[CREDENTIAL_ID][0];
        assert!(id.starts_with("X509SHA256=") && id.len() == 11 + 64, "{id}");
    }

    #[test]
    fn oddities() {
        assert_eq!(user(&certificate(&[(DnType::OrganizationName, "dev")])), Ok(None));
        let empty_uid = DnType::from_oid(&[1, 3, 6, 1, 4, 1, 57683, 2]);
        let der = certificate(&[(DnType::CommonName, "bob"), (empty_uid, "")]);
        assert_eq!(user(&der).unwrap_err().to_string(), "UID cannot be an empty string");
        assert!(user(b"junk").is_err());
    }
}
