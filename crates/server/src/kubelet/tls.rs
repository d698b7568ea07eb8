//! TLS towards others: which certificate we show, and what we make of theirs.

use std::sync::Arc;

use client::Pem;
use client::tls::{Identity, Settings, Tls};
use rustls::ClientConfig;

use crate::config::Config;

/// Whom we speak to, and so what is wanted of its certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// A kubelet: we show our certificate; its one must chain to the CA of the flags, when there is one.
    Kubelet,
    /// A kubelet whose certificate the client does not care for.
    AnyKubelet,
    /// A pod, service or other port of a node: we show nothing and take any certificate, as upstream.
    Anyone,
}

/// TLS settings towards kubelets and everybody else.
#[derive(Debug)]
pub(super) struct Kubelets {
    verified: Tls,
    unverified: Tls,
    anyone: Tls,
}

impl Kubelets {
    /// # Errors
    /// The flag whose file cannot be used, and why.
    pub(super) fn new(config: &Config) -> Result<Self, String> {
        let identity = match (&config.kubelet_client_certificate, &config.kubelet_client_key) {
            (Some(certificate), Some(key)) => Some(Identity {
                certificate: Pem::file("--kubelet-client-certificate", certificate),
                key: Pem::file("--kubelet-client-key", key),
            }),
            (None, None) => None,
            _ => return Err("--kubelet-client-certificate and --kubelet-client-key go together".to_owned()),
        };
        let authority = config.kubelet_certificate_authority.as_ref();
        let trust = authority.map_or(client::tls::Trust::Anybody, |path| {
            client::tls::Trust::Authorities(Pem::file("--kubelet-certificate-authority", path))
        });
        let tls = |trust, identity| Tls::new(Settings { trust, identity, http2: false });
        Ok(Self {
            verified: tls(trust, identity.clone())?,
            unverified: tls(client::tls::Trust::Anybody, identity)?,
            anyone: tls(client::tls::Trust::Anybody, None)?,
        })
    }

    /// The settings for a connection; files that were replaced are read again.
    pub(super) fn config(&self, trust: Trust) -> Arc<ClientConfig> {
        match trust {
            Trust::Kubelet => self.verified.config(),
            Trust::AnyKubelet => self.unverified.config(),
            Trust::Anyone => self.anyone.config(),
        }
    }
}
