//! Whom a certificate names: CN is the user, every O a group (KEP-4850's OID a uid).

use api::user::UserInfo;
use aws_lc_rs::digest::{SHA256, digest};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use super::CREDENTIAL_ID;
use crate::authenticator::AuthnError;

/// The attribute of the subject that holds a user's uid.
const UID_OID: &str = "1.3.6.1.4.1.57683.2";

/// Whom a certificate names; it says nothing about whether the certificate is to be believed.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    common_name: String,
    user: Result<Option<UserInfo>, AuthnError>,
    not_after: i64,
}

impl Subject {
    /// Reads a certificate, DER.
    ///
    /// # Errors
    /// Bytes that are no certificate.
    pub fn of(der: &[u8]) -> Result<Self, AuthnError> {
        let invalid = || AuthnError::new("the client certificate is not a valid X.509 certificate");
        let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| invalid())?;
        if !rest.is_empty() {
            return Err(invalid());
        }
        let subject = certificate.subject();
        // Of several common names the last one counts, as in Go.
        let common_name = texts(subject.iter_common_name()).pop().unwrap_or_default();
        let user = if common_name.is_empty() { Ok(None) } else { user(der, &common_name, subject).map(Some) };
        Ok(Self { common_name, user, not_after: certificate.validity().not_after.timestamp() })
    }

    /// The common name, `""` when there is none.
    pub fn common_name(&self) -> &str {
        &self.common_name
    }

    /// The user; `None` when there is no common name.
    ///
    /// # Errors
    /// A uid that makes no sense.
    pub fn user(&self) -> Result<Option<UserInfo>, AuthnError> {
        self.user.clone()
    }

    /// When the certificate ends, in seconds since the Unix epoch.
    pub fn not_after(&self) -> i64 {
        self.not_after
    }
}

fn user(der: &[u8], name: &str, subject: &X509Name) -> Result<UserInfo, AuthnError> {
    let fingerprint: String = digest(&SHA256, der).as_ref().iter().map(|b| format!("{b:02x}")).collect();
    let mut user = UserInfo::new(name, texts(subject.iter_organization()));
    user.uid = uid(subject)?;
    user.extra.insert(CREDENTIAL_ID.to_owned(), vec![format!("X509SHA256={fingerprint}")]);
    Ok(user)
}

fn texts<'a>(attributes: impl Iterator<Item = &'a AttributeTypeAndValue<'a>>) -> Vec<String> {
    attributes.filter_map(|a| a.as_str().ok()).map(str::to_owned).collect()
}

fn uid(subject: &X509Name) -> Result<String, AuthnError> {
    let is_uid = |a: &&AttributeTypeAndValue| a.attr_type().to_id_string() == UID_OID;
    let uids: Result<Vec<_>, _> = subject.iter_attributes().filter(is_uid).map(|a| a.as_str()).collect();
    match uids.as_deref() {
        Err(_) => Err(AuthnError::new("unable to parse UID into a string")),
        Ok([]) => Ok(String::new()),
        Ok([""]) => Err(AuthnError::new("UID cannot be an empty string")),
        Ok([uid]) => Ok((*uid).to_owned()),
        Ok(many) => Err(AuthnError::new(format!("expected 1 UID, but found multiple: [{}]", many.join(" ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

    fn subject(attributes: &[(DnType, &str)]) -> Subject {
        let mut name = DistinguishedName::new();
        for (kind, value) in attributes {
            name.push(kind.clone(), *value);
        }
        let mut params = CertificateParams::default();
        params.distinguished_name = name;
        Subject::of(params.self_signed(&KeyPair::generate().unwrap()).unwrap().der()).unwrap()
    }

    #[test]
    fn names_groups_and_uid() {
        let uid = DnType::from_oid(&[1, 3, 6, 1, 4, 1, 57683, 2]);
        let user = subject(&[(DnType::CommonName, "bob"), (DnType::OrganizationName, "dev"), (uid, "u-1")])
            .user()
            .unwrap()
            .unwrap();
        assert_eq!(
            (user.name.as_str(), user.uid.as_str(), user.groups.as_slice()),
            ("bob", "u-1", &["dev".to_owned()][..])
        );
        let id = &user.extra[CREDENTIAL_ID][0];
        assert!(id.starts_with("X509SHA256=") && id.len() == 11 + 64, "{id}");
    }

    /// CVE-2009-2408: a name does not end where a C string would.
    #[test]
    fn a_zero_byte_is_part_of_the_name() {
        let user = subject(&[(DnType::CommonName, "admin\0.evil.test")]).user().unwrap().unwrap();
        assert_eq!(user.name, "admin\0.evil.test");
    }

    #[test]
    fn oddities() {
        assert_eq!(subject(&[(DnType::OrganizationName, "dev")]).user(), Ok(None));
        let empty_uid = DnType::from_oid(&[1, 3, 6, 1, 4, 1, 57683, 2]);
        let odd = subject(&[(DnType::CommonName, "bob"), (empty_uid, "")]);
        assert_eq!(odd.user().unwrap_err().to_string(), "UID cannot be an empty string");
        assert!(Subject::of(b"junk").is_err());
    }
}
