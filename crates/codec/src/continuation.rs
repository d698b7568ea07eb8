//! Where a page of a list ended: the continue token (k8s.io/apiserver `storage.EncodeContinue`).
//!
//! Entry point: [`Continuation`].

use api::{Str, Value, object};
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Version of the token's format.
const VERSION: &str = "meta.k8s.io/v1";

/// As Go reads it: without padding, whatever the last bits are.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Continuation {
    /// The revision of the first page; `None` goes on at the newest, after a 410.
    pub revision: Option<u64>,
    /// Namespace of the last object of the page before, `""` for none.
    pub namespace: Str,
    /// Name of that object.
    pub name: Str,
}

impl Continuation {
    /// The text of a token for a list of `namespace`, `""` for all.
    pub fn encode(&self, namespace: &str) -> String {
        let start = if namespace.is_empty() && !self.namespace.is_empty() {
            format!("{}/{}\0", self.namespace, self.name)
        } else {
            format!("{}\0", self.name)
        };
        let revision = self.revision.and_then(|r| i64::try_from(r).ok()).unwrap_or(-1);
        let token = object! { "v" => VERSION, "rv" => revision, "start" => start };
        ENGINE.encode(api::json::to_string(&token))
    }

    /// Reads a token of a list of `namespace`; `namespaced` says whether keys of the resource hold a namespace.
    ///
    /// # Errors
    /// Upstream's text, which a 400 shows behind `continue key is not valid: `.
    pub fn decode(text: &str, namespace: &str, namespaced: bool) -> Result<Self, String> {
        let bytes = ENGINE.decode(text).map_err(|e| go_text(&e, text))?;
        let token = crate::json::parse(&bytes).map_err(|e| e.to_string())?.value;
        let version = token.str_at(&["v"]);
        if version != VERSION {
            return Err(format!("server does not recognize this encoded version {version}"));
        }
        let revision = match token.at(&["rv"]).as_i64() {
            None | Some(0) => {
                return Err("incorrect encoded start resourceVersion (version meta.k8s.io/v1)".to_owned());
            }
            Some(revision) => u64::try_from(revision).ok(),
        };
        let (namespace, name) = place(&token, namespace, namespaced)?;
        Ok(Self { revision, namespace, name })
    }
}

/// Namespace and name that a token goes on behind.
fn place(token: &Value, namespace: &str, namespaced: bool) -> Result<(Str, Str), String> {
    let start = token.str_at(&["start"]);
    if start.is_empty() {
        return Err("encoded start key empty (version meta.k8s.io/v1)".to_owned());
    }
    let clean = start.trim_start_matches('/');
    if clean.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(start.to_owned());
    }
    let key = clean.trim_end_matches('\0');
    match key.split_once('/') {
        Some((own, name)) if namespaced && namespace.is_empty() => Ok((own.into(), name.into())),
        // The start is relative to what is listed; a token of another list goes on somewhere, as upstream's do.
        None if namespaced && namespace.is_empty() => Ok((key.into(), Str::default())),
        _ => Ok((if namespaced { namespace } else { "" }.into(), key.into())),
    }
}

/// Go's text; it tells where the first byte is that cannot be there, or the group that is cut off.
fn go_text(error: &base64::DecodeError, text: &str) -> String {
    let at = match error {
        base64::DecodeError::InvalidByte(at, _)
        | base64::DecodeError::InvalidLastSymbol { offset: at, .. } => *at,
        base64::DecodeError::InvalidLength(length) => length / 4 * 4,
        base64::DecodeError::InvalidPadding => text.find('=').unwrap_or(0),
    };
    format!("illegal base64 data at input byte {at}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(revision: Option<u64>, namespace: &str, name: &str) -> Continuation {
        Continuation { revision, namespace: namespace.into(), name: name.into() }
    }

    #[test]
    fn tokens_come_back_as_they_went() {
        for namespace in ["", "a"] {
            let token = token(Some(7), "a", "b");
            assert_eq!(Continuation::decode(&token.encode(namespace), namespace, true).unwrap(), token);
        }
        let token = token(None, "", "n");
        assert_eq!(Continuation::decode(&token.encode(""), "", false).unwrap(), token);
    }

    #[test]
    fn tokens_of_other_lists_go_on_somewhere() {
        let everywhere = token(Some(7), "a", "b").encode("");
        let within = token(Some(7), "a", "b").encode("a");
        assert_eq!(Continuation::decode(&everywhere, "a", true).unwrap(), token(Some(7), "a", "a/b"));
        assert_eq!(Continuation::decode(&within, "", true).unwrap(), token(Some(7), "b", ""));
    }

    #[test]
    fn what_is_no_token_is_refused_in_upstreams_words() {
        let encode = |text: &str| ENGINE.encode(text);
        for (text, why) in [
            ("%%".to_owned(), "illegal base64 data at input byte 0"),
            ("abcde".to_owned(), "illegal base64 data at input byte 4"),
            ("ab=".to_owned(), "illegal base64 data at input byte 2"),
            (encode("{"), "unexpected end of JSON input"),
            (encode("{\"v\":\"x\"}"), "server does not recognize this encoded version x"),
            (
                encode("{\"v\":\"meta.k8s.io/v1\",\"rv\":0,\"start\":\"a\"}"),
                "incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
            ),
            (
                encode("{\"v\":\"meta.k8s.io/v1\",\"rv\":1,\"start\":\"\"}"),
                "encoded start key empty (version meta.k8s.io/v1)",
            ),
            (encode("{\"v\":\"meta.k8s.io/v1\",\"rv\":1,\"start\":\"../a\"}"), "../a"),
        ] {
            assert_eq!(Continuation::decode(&text, "ns", true).unwrap_err(), why);
        }
    }
}
