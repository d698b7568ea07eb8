//! Certificates that their CA has taken back (RFC 5280, 5).
//!
//! A list counts for the certificates of its issuer when that issuer's key has signed it.  A list that is past its next
//! update still counts: what was revoked stays revoked, and a list that is late locks nobody out; `next_update` tells.

use std::fmt;

use rustls_pki_types::CertificateRevocationListDer;
use rustls_pki_types::pem::PemObject as _;
use webpki::{CertRevocationList, OwnedCertRevocationList};
use x509_parser::prelude::{CertificateRevocationList, FromDer};

use super::signed::Signed;

/// The lists of a file.
#[derive(Clone, Debug, Default)]
pub struct RevocationLists(Vec<RevocationList>);

/// The certificates that one CA has taken back.
#[derive(Clone, Debug)]
pub struct RevocationList {
    der: CertificateRevocationListDer<'static>,
    list: std::sync::Arc<CertRevocationList<'static>>,
    /// When the next one was to be there, in seconds since the Unix epoch.
    next_update: Option<i64>,
}

/// Lists that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationListError(String);

impl fmt::Display for RevocationListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RevocationListError {}

impl RevocationLists {
    /// Reads a file of lists, PEM.
    ///
    /// # Errors
    /// No list in it; one that cannot be read, that is a delta or that has extensions which cannot be left aside.
    pub fn from_pem(pem: &[u8]) -> Result<Self, RevocationListError> {
        let lists = CertificateRevocationListDer::pem_slice_iter(pem)
            .map(|der| der.map_err(|e| RevocationListError(e.to_string())).and_then(RevocationList::new))
            .collect::<Result<Vec<_>, _>>()?;
        if lists.is_empty() {
            return Err(RevocationListError("no certificate revocation list in it".to_owned()));
        }
        Ok(Self(lists))
    }

    /// When the first of the lists should have been replaced, in seconds since the Unix epoch.
    pub fn next_update(&self) -> Option<i64> {
        self.0.iter().filter_map(|l| l.next_update).min()
    }

    /// True when a list of this issuer, signed with its key, holds this serial number.  The issuer is a name without
    /// its tag, the key a SubjectPublicKeyInfo.
    pub(super) fn revokes(&self, issuer: &[u8], issuer_key: &[u8], serial: &[u8]) -> bool {
        let holds = |l: &&RevocationList| {
            l.list.issuer() == issuer && l.list.find_serial(serial).is_ok_and(|found| found.is_some())
        };
        // Only a list that would revoke is worth a look at its signature.
        let signed = |l: &RevocationList| Signed::parse(&l.der).is_some_and(|s| s.is_by(issuer_key));
        self.0.iter().filter(holds).any(signed)
    }
}

impl RevocationList {
    fn new(der: CertificateRevocationListDer<'static>) -> Result<Self, RevocationListError> {
        let list = OwnedCertRevocationList::from_der(&der)
            .map_err(|e| RevocationListError(format!("certificate revocation list: {e}")))?;
        let parsed = CertificateRevocationList::from_der(&der).ok();
        let next_update = parsed.and_then(|(_, l)| l.next_update()).map(|t| t.timestamp());
        Ok(Self { der, list: std::sync::Arc::new(CertRevocationList::Owned(list)), next_update })
    }
}
