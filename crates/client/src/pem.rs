//! Certificates and keys as they are given: a file that may be replaced while the process runs, or bytes.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// PEM text and where it comes from.  Its debug form shows the origin only: the text may be a key.
#[derive(Clone)]
pub struct Pem {
    /// What the user knows it by: a flag, or a file and a field.
    origin: String,
    from: From,
}

#[derive(Clone)]
enum From {
    Bytes(Arc<[u8]>),
    File(PathBuf),
}

impl Pem {
    /// Bytes; `origin` is what the user knows them by.
    pub fn bytes(origin: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { origin: origin.into(), from: From::Bytes(bytes.into()) }
    }

    /// A file, read again when it is replaced; `origin` is the flag or field that names it.
    pub fn file(origin: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self { origin: origin.into(), from: From::File(path.into()) }
    }

    /// The file, `None` for bytes.
    pub fn path(&self) -> Option<&Path> {
        match &self.from {
            From::Bytes(_) => None,
            From::File(path) => Some(path),
        }
    }

    /// The text.
    ///
    /// # Errors
    /// Origin, file and why it cannot be read.
    pub fn read(&self) -> Result<Vec<u8>, String> {
        match &self.from {
            From::Bytes(bytes) => Ok(bytes.to_vec()),
            From::File(path) => std::fs::read(path).map_err(|e| self.failed(e)),
        }
    }

    /// The certificates, at least one.
    ///
    /// # Errors
    /// Origin, file and what is wrong with it.
    pub fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, String> {
        let text = self.read()?;
        let certs: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let certs = certs.map_err(|e| self.failed(e))?;
        if certs.is_empty() { Err(self.failed("no certificate in it")) } else { Ok(certs) }
    }

    /// The private key.
    ///
    /// # Errors
    /// Origin, file and what is wrong with it.
    pub fn key(&self) -> Result<PrivateKeyDer<'static>, String> {
        PrivateKeyDer::from_pem_slice(&self.read()?).map_err(|e| self.failed(e))
    }

    /// When the file was changed last; `None` for bytes and for files that are not there.
    pub(crate) fn stamp(&self) -> Option<SystemTime> {
        self.path().and_then(|path| std::fs::metadata(path).and_then(|m| m.modified()).ok())
    }

    /// A complaint about it.
    pub(crate) fn failed(&self, why: impl fmt::Display) -> String {
        match &self.from {
            From::Bytes(_) => format!("{}: {why}", self.origin),
            From::File(path) => format!("{}: {}: {why}", self.origin, path.display()),
        }
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pem({})", self.origin)
    }
}
