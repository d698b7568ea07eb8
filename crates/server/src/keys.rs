//! The key material in use: what the flags name, or what was generated, read again when it changes.
//!
//! Entry point: [`Keys::load`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use authn::certificate::{Authorities, RevocationLists};

use crate::config::Config;
use crate::pki::Pki;
use crate::reload::Reloads;
use crate::transport::{Policy, Tls, Trust};

/// Key material.
pub(crate) struct Keys {
    /// What the secure port shows.
    pub tls: Tls,
    /// Whose word counts about clients.
    pub trust: Arc<Trust>,
    /// What clients trust the serving certificate by.
    pub server_ca: PathBuf,
}

impl Keys {
    /// Reads the files of the flags, or those that were generated, and watches them.
    ///
    /// # Errors
    /// The flag or file that cannot be used.
    pub(crate) fn load(config: &Config, pki: &Pki, reloads: &Reloads) -> Result<Self, String> {
        let (certificate, key, server_ca) = match (&config.tls_cert_file, &config.tls_private_key_file) {
            (Some(certificate), Some(key)) => (certificate, key, certificate),
            (None, None) => (&pki.serving_cert, &pki.serving_key, &pki.ca_cert),
            _ => return Err("--tls-cert-file and --tls-private-key-file go together".to_owned()),
        };
        let trust = Arc::<Trust>::default();
        let policy = Policy::new(&config.tls_min_version, &config.tls_cipher_suites)?;
        let keys = Self { tls: Tls::new(policy, trust.clone()), trust, server_ca: server_ca.clone() };
        let client_ca = config.client_ca_file.as_ref().unwrap_or(&pki.ca_cert);
        keys.watch_authorities(reloads, "--client-ca-file", client_ca, Trust::set_clients)?;
        if let Some(file) = &config.requestheader_client_ca_file {
            keys.watch_authorities(
                reloads,
                "--requestheader-client-ca-file",
                file,
                Trust::set_front_proxies,
            )?;
        }
        if let Some(file) = &config.client_crl_file {
            keys.watch_revocations(reloads, file)?;
        }
        let tls = keys.tls.clone();
        watch_pair(reloads, "--tls-cert-file", (certificate, key), move |c, k| tls.set_serving(c, k))?;
        for sni in &config.tls_sni_cert_key {
            let (tls, place) = (keys.tls.clone(), keys.tls.add_named(sni.names.clone()));
            watch_pair(reloads, "--tls-sni-cert-key", (&sni.certificate, &sni.key), move |c, k| {
                tls.set_named(place, c, k)
            })?;
        }
        Ok(keys)
    }

    fn watch_authorities(
        &self,
        reloads: &Reloads,
        flag: &str,
        file: &Path,
        set: fn(&Trust, Authorities),
    ) -> Result<(), String> {
        let (trust, tls, name) = (self.trust.clone(), self.tls.clone(), file.display().to_string());
        reloads.watch(flag, &[file], move |contents| {
            let pem = contents.first().map_or(&[][..], Vec::as_slice);
            set(&trust, Authorities::from_pem(pem).map_err(|e| format!("{name}: {e}"))?);
            tls.refresh()
        })
    }

    fn watch_revocations(&self, reloads: &Reloads, file: &Path) -> Result<(), String> {
        let (trust, name) = (self.trust.clone(), file.display().to_string());
        reloads.watch("--client-crl-file", &[file], move |contents| {
            let pem = contents.first().map_or(&[][..], Vec::as_slice);
            trust.set_revoked(RevocationLists::from_pem(pem).map_err(|e| format!("{name}: {e}"))?);
            Ok(())
        })
    }
}

/// Watches a certificate and its key as one.
fn watch_pair(
    reloads: &Reloads,
    flag: &str,
    (certificate, key): (&Path, &Path),
    set: impl Fn(&[u8], &[u8]) -> Result<(), String> + Send + 'static,
) -> Result<(), String> {
    let names = format!("{}, {}", certificate.display(), key.display());
    reloads.watch(flag, &[certificate, key], move |contents| match contents {
        [certificate, key] => set(certificate, key).map_err(|why| format!("{names}: {why}")),
        _ => Ok(()),
    })
}
