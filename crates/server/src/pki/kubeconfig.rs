//! The kubeconfig of the admin, written whole at every start.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::PkiError;
use crate::files;

/// What an admin's kubeconfig says.
#[derive(Debug)]
pub struct Kubeconfig<'a> {
    /// `https://host:port`.
    pub server: &'a str,
    /// File of the CA that signed the serving certificate.
    pub ca: &'a Path,
    /// File of the client certificate.
    pub cert: &'a Path,
    /// File of the client key.
    pub key: &'a Path,
}

impl Kubeconfig<'_> {
    /// Writes the kubeconfig with mode 0600, everything embedded.
    ///
    /// # Errors
    /// A file that cannot be read or written, by name.
    pub fn write(&self, path: &Path) -> Result<(), PkiError> {
        let text = format!(
            "apiVersion: v1\n\
             kind: Config\n\
             current-context: sumun\n\
             clusters:\n\
             - name: sumun\n\
             \x20 cluster:\n\
             \x20   server: {server}\n\
             \x20   certificate-authority-data: {ca}\n\
             users:\n\
             - name: sumun-admin\n\
             \x20 user:\n\
             \x20   client-certificate-data: {cert}\n\
             \x20   client-key-data: {key}\n\
             contexts:\n\
             - name: sumun\n\
             \x20 context:\n\
             \x20   cluster: sumun\n\
             \x20   user: sumun-admin\n",
            server = self.server,
            ca = embed(self.ca)?,
            cert = embed(self.cert)?,
            key = embed(self.key)?,
        );
        files::write_private(path, text.as_bytes()).map_err(|e| PkiError::new(path, e))
    }
}

fn embed(path: &Path) -> Result<String, PkiError> {
    std::fs::read(path).map(|bytes| STANDARD.encode(bytes)).map_err(|e| PkiError::new(path, e))
}
