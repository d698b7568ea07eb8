//! The certificate authorities of the machine, from where Linux distributions keep them (Go's list of places).

use std::path::Path;

use rustls::RootCertStore;

use crate::Pem;

/// Bundles of distributions; the first one that is there counts.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// What `SSL_CERT_FILE` or else the distribution trusts; empty when there is no such file.
pub(crate) fn system() -> RootCertStore {
    let named = std::env::var("SSL_CERT_FILE").ok().filter(|name| !name.is_empty());
    let candidates = named.iter().map(String::as_str).chain(BUNDLES.into_iter().filter(|_| named.is_none()));
    let mut roots = RootCertStore::empty();
    let Some(path) = candidates.into_iter().find(|path| Path::new(path).exists()) else { return roots };
    match Pem::file("system certificate authorities", path).certificates() {
        // Bundles hold a few that nobody can use; the others count.
        Ok(certificates) => drop(roots.add_parsable_certificates(certificates)),
        Err(error) => tracing::warn!(%error, "cannot read the certificate authorities of this machine"),
    }
    roots
}
