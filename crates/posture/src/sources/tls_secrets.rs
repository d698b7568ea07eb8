//! Certificates in Secrets.
//!
//! Entry points: [`TlsSecrets::of`] and [`TlsSecrets::shown`]; [`data`] reads a member of any Secret.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::{Evidence, Object};

use crate::certificate::Certificate;

/// Secrets by namespace and name.
pub(crate) struct TlsSecrets<'a>(HashMap<(&'a str, &'a str), &'a Object>);

/// What a Secret shows to those who come.
pub(crate) enum Shown {
    /// There is no such Secret.
    Nothing,
    /// What stands in it was not given.
    Hidden,
    /// There is no certificate in it; why.
    Broken(String),
    /// The certificate of the server.
    Certificate(Box<Certificate>),
}

impl<'a> TlsSecrets<'a> {
    /// Every Secret.
    pub(crate) fn of(evidence: &'a Evidence) -> Self {
        let all = evidence.of_kind("", "Secret");
        Self(all.map(|secret| ((secret.namespace(), secret.name()), secret)).collect())
    }

    /// True when no Secret was given.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A Secret.
    pub(crate) fn find(&self, namespace: &str, name: &str) -> Option<&'a Object> {
        self.0.get(&(namespace, name)).copied()
    }

    /// What a Secret shows.
    pub(crate) fn shown(&self, namespace: &str, name: &str) -> Shown {
        let Some(secret) = self.find(namespace, name) else { return Shown::Nothing };
        match data(secret, "tls.crt") {
            Err(Missing::Member) if has_data(secret) => Shown::Broken("it has no tls.crt".to_owned()),
            Err(_) => Shown::Hidden,
            Ok(pem) => match Certificate::parse_all(&pem) {
                // The first is the server's own; those behind it vouch for it.
                Ok(all) => {
                    all.into_iter().next().map_or(Shown::Hidden, |own| Shown::Certificate(Box::new(own)))
                }
                Err(why) => Shown::Broken(why),
            },
        }
    }
}

/// Why a member cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is not there.
    Member,
    /// Something stands there that no server would store: whoever exported it has put it there.
    Text,
}

/// What stands in a member of a Secret.
pub(crate) fn data(secret: &Object, key: &str) -> Result<Vec<u8>, Missing> {
    let at = |member: &str| secret.value.at(&[member]).get(key).and_then(api::Value::as_str);
    match (at("stringData"), at("data")) {
        (Some(text), _) => Ok(text.as_bytes().to_vec()),
        (None, Some(text)) => {
            let text: String = text.split_ascii_whitespace().collect();
            STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty()).ok_or(Missing::Text)
        }
        (None, None) => Err(Missing::Member),
    }
}

fn has_data(secret: &Object) -> bool {
    ["data", "stringData"].iter().any(|m| secret.value.at(&[m]).as_object().is_some_and(|o| !o.is_empty()))
}
