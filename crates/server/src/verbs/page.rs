//! Where a page of a list ended: the continue token, in the terms of the store.

use api::ApiError;
use codec::Continuation;
use store::Name;

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
        let Name { namespace: of, name } = &self.after;
        let token = Continuation {
            revision: self.revision,
            namespace: of.as_str().into(),
            name: name.as_str().into(),
        };
        token.encode(namespace)
    }

    /// Reads a token of a list of `namespace`; `namespaced` says whether keys of the resource hold a namespace.
    ///
    /// # Errors
    /// 400 with upstream's texts.
    pub(crate) fn decode(text: &str, namespace: &str, namespaced: bool) -> Result<Self, ApiError> {
        let token = Continuation::decode(text, namespace, namespaced).map_err(|why| {
            ApiError::bad_request(format!("invalid continue token: continue key is not valid: {why}"))
        })?;
        Ok(Self { revision: token.revision, after: Name::new(token.namespace, token.name) })
    }
}
