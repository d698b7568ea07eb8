//! Which versions and cipher suites are spoken (`--tls-min-version`, `--tls-cipher-suites`, in Go's names).

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{SupportedCipherSuite, SupportedProtocolVersion};

/// Suites of TLS 1.2: Go's name, its older name there, the IANA's name here.
const SUITES: [(&str, &str); 6] = [
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", ""),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", ""),
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305"),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", ""),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", ""),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305"),
];
/// Suites of TLS 1.3: they may be named, but are always there, as with Go.
const SUITES_13: [&str; 3] =
    ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

static FROM_12: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];
static FROM_13: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS13];

/// What is spoken.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    provider: Arc<CryptoProvider>,
    versions: &'static [&'static SupportedProtocolVersion],
}

impl Policy {
    /// Reads the flags: the lowest version, `""` for the default; the suites, none for all.
    ///
    /// # Errors
    /// A version or suite that is not spoken, with those that are.
    pub(crate) fn new(min_version: &str, suites: &[String]) -> Result<Self, String> {
        let versions: &'static [_] = match min_version {
            "" | "VersionTLS12" => &FROM_12,
            "VersionTLS13" => &FROM_13,
            other => {
                return Err(format!(
                    "--tls-min-version: `{other}` is not spoken; there are VersionTLS12 and VersionTLS13"
                ));
            }
        };
        let mut provider = aws_lc_rs::default_provider();
        if !suites.is_empty() {
            let chosen = suites.iter().map(|name| suite(name)).collect::<Result<Vec<_>, _>>()?;
            provider.cipher_suites.retain(|s| keeps(s, &chosen));
        }
        Ok(Self { provider: Arc::new(provider), versions })
    }

    pub(super) fn provider(&self) -> Arc<CryptoProvider> {
        self.provider.clone()
    }

    pub(super) fn versions(&self) -> &'static [&'static SupportedProtocolVersion] {
        self.versions
    }
}

/// The full name of a suite.
fn suite(name: &str) -> Result<&'static str, String> {
    let of_12 = SUITES.iter().find(|(full, old)| *full == name || (!old.is_empty() && *old == name));
    let of_13 = SUITES_13.iter().find(|full| **full == name);
    of_12.map(|(full, _)| *full).or(of_13.copied()).ok_or_else(|| {
        let known: Vec<_> = SUITES.iter().map(|(full, _)| *full).chain(SUITES_13).collect();
        format!("--tls-cipher-suites: `{name}` is not spoken; there are {}", known.join(", "))
    })
}

fn keeps(suite: &SupportedCipherSuite, chosen: &[&str]) -> bool {
    suite.tls13().is_some() || suite.suite().as_str().is_some_and(|name| chosen.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_go_are_names_here() {
        let all: Vec<String> = SUITES.iter().map(|(full, _)| (*full).to_owned()).collect();
        let default = aws_lc_rs::default_provider().cipher_suites.len();
        assert_eq!(Policy::new("", &all).unwrap().provider.cipher_suites.len(), default);
        let one = ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305".to_owned()];
        let left = Policy::new("VersionTLS12", &one).unwrap().provider.cipher_suites.len();
        assert_eq!(left, SUITES_13.len() + 1);
        assert!(Policy::new("VersionTLS10", &[]).unwrap_err().contains("VersionTLS12"));
        assert!(Policy::new("", &["TLS_RSA_WITH_RC4_128_SHA".to_owned()]).is_err());
    }
}
