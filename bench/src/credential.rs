//! What a client shows to say who it is.

use std::sync::Arc;

use client::Pem;
use client::tls::{Identity, Settings, Tls, Trust};
use rustls::ClientConfig;

/// A way to say who one is.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    /// A bearer token; `""` for nobody.
    Token(String),
    /// A name and a password.
    Password(String),
    /// Files with a certificate and its key.
    Certificate(String, String),
}

impl Credential {
    /// Reads `basic:NAME:PASSWORD`, `cert:CERTIFICATE,KEY` or a token.
    pub(crate) fn parse(text: &str) -> Self {
        if let Some(pair) = text.strip_prefix("basic:") {
            return Self::Password(pair.to_owned());
        }
        match text.strip_prefix("cert:").and_then(|files| files.split_once(',')) {
            Some((certificate, key)) => Self::Certificate(certificate.to_owned(), key.to_owned()),
            None => Self::Token(text.to_owned()),
        }
    }

    /// Its name in the table.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Token(token) if token.is_empty() => "anonymous",
            Self::Token(_) => "token",
            Self::Password(_) => "password",
            Self::Certificate(..) => "certificate",
        }
    }

    /// The `Authorization` header, when it takes one.
    pub(crate) fn header(&self) -> Option<String> {
        match self {
            Self::Token(token) => (!token.is_empty()).then(|| format!("Bearer {token}")),
            Self::Password(pair) => Some(format!("Basic {}", base64(pair.as_bytes()))),
            Self::Certificate(..) => None,
        }
    }

    /// TLS that shows it; the server's certificate is not checked.
    ///
    /// # Errors
    /// Files that cannot be read, and TLS that cannot be set up.
    pub(crate) fn tls(&self) -> Result<Arc<ClientConfig>, String> {
        let identity = match self {
            Self::Certificate(certificate, key) => Some(Identity {
                certificate: Pem::file("certificate", certificate),
                key: Pem::file("key", key),
            }),
            Self::Token(_) | Self::Password(_) => None,
        };
        Ok(Tls::new(Settings { trust: Trust::Anybody, identity, http2: false })?.config())
    }
}

/// Base64 with padding (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let index = (bits >> (18 - 6 * i)) & 63;
            let letter = LETTERS.get(index as usize).copied().unwrap_or(b'=');
            out.push(if i <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials() {
        assert_eq!(Credential::parse("basic:bob:secret").header().unwrap(), "Basic Ym9iOnNlY3JldA==");
        assert_eq!(Credential::parse("t").header().unwrap(), "Bearer t");
        assert_eq!(Credential::parse("").header(), None);
        assert!(
            matches!(Credential::parse("cert:a,b"), Credential::Certificate(a, b) if a == "a" && b == "b")
        );
        for (plain, coded) in [("", ""), ("a", "YQ=="), ("ab", "YWI="), ("abc", "YWJj"), ("\u{ff}>", "w78+")]
        {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
