//! Where a page of a list ended: the continue token (upstream's `storage.EncodeContinue`).

use api::{ApiError, object};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use store::Name;

/// Version of the token's format.
const VERSION: &str = "meta.k8s.io/v1";

/// A decoded token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// The revision of the first page; `None` goes on at the newest, after a 410.
    pub revision: Option<u64>,
    /// The last object of the page before.
    pub after: Name,
}

impl Token {
    /// The text of a token for a list of `namespace`, `""` for all.
    pub(crate) fn encode(&self, namespace: &str) -> String {
        let start = if namespace.is_empty() && !self.after.namespace.is_empty() {
            format!("{}/{}\0", self.after.namespace, self.after.name)
        } else {
            format!("{}\0", self.after.name)
        };
        let revision = self.revision.and_then(|r| i64::try_from(r).ok()).unwrap_or(-1);
        let token = object! { "v" => VERSION, "rv" => revision, "start" => start };
        URL_SAFE_NO_PAD.encode(api::json::to_string(&token))
    }

    /// Reads a token of a list of `namespace`; `namespaced` says whether keys of the resource hold a namespace.
    ///
    /// # Errors
    /// 400 with upstream's texts.
    pub(crate) fn decode(text: &str, namespace: &str, namespaced: bool) -> Result<Self, ApiError> {
        let broken = |why: &str| {
            ApiError::bad_request(format!("invalid continue token: continue key is not valid: {why}"))
        };
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|e| broken(&e.to_string()))?;
        let token = codec::json::parse(&bytes).map_err(|e| broken(&e.to_string()))?.value;
        if token.str_at(&["v"]) != VERSION {
            return Err(broken(&format!(
                "server does not recognize this encoded version {}",
                token.str_at(&["v"])
            )));
        }
        let revision = match token.at(&["rv"]).as_i64() {
            None | Some(0) => {
                return Err(broken("incorrect encoded start resourceVersion (version meta.k8s.io/v1)"));
            }
            Some(revision) => u64::try_from(revision).ok(),
        };
        let start = token.str_at(&["start"]);
        if start.is_empty() {
            return Err(broken("encoded start key empty (version meta.k8s.io/v1)"));
        }
        let clean = start.trim_start_matches('/');
        if clean.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(broken(start));
        }
        let key = clean.trim_end_matches('\0');
        let after = match key.split_once('/') {
            Some((own, name)) if namespaced && namespace.is_empty() => Name::new(own, name),
            None if !namespaced || !namespace.is_empty() => {
                Name::new(if namespaced { namespace } else { "" }, key)
            }
            _ => return Err(broken(start)),
        };
        Ok(Self { revision, after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_as_they_went() {
        for (namespace, after) in [("", Name::new("a", "b")), ("a", Name::new("a", "b"))] {
            let token = Token { revision: Some(7), after };
            assert_eq!(Token::decode(&token.encode(namespace), namespace, true).unwrap(), token);
        }
        let token = Token { revision: None, after: Name::new("", "n") };
        assert_eq!(Token::decode(&token.encode(""), "", false).unwrap(), token);
    }

    #[test]
    fn foreign_tokens_are_refused_in_upstreams_words() {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        for (text, why) in [
            ("%%".to_owned(), "continue key is not valid"),
            (encode("{\"v\":\"x\"}"), "does not recognize this encoded version x"),
            (encode("{\"v\":\"meta.k8s.io/v1\",\"rv\":0,\"start\":\"a\"}"), "incorrect encoded start"),
            (encode("{\"v\":\"meta.k8s.io/v1\",\"rv\":1,\"start\":\"\"}"), "start key empty"),
            (
                encode("{\"v\":\"meta.k8s.io/v1\",\"rv\":1,\"start\":\"../a\"}"),
                "continue key is not valid: ../a",
            ),
        ] {
            let error = Token::decode(&text, "ns", true).unwrap_err();
            assert!(error.message.contains(why), "{}: {why}", error.message);
            assert_eq!(error.code, 400);
        }
    }
}
