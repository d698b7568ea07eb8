//! Bearer tokens as requests carry them: in the `Authorization` header, or as a WebSocket subprotocol where a browser
//! can set no header.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::authenticator::AuthnError;

/// What is said to a client whose header is ignored because of a second space.
pub const EXTRA_SPACE: &str =
    "the provided Authorization header contains extra space before the bearer token, and is ignored";

const WEBSOCKET_PREFIX: &str = "base64url.bearer.authorization.k8s.io.";

/// What an `Authorization` header holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header<'a> {
    /// No bearer token.
    None,
    /// Something that would be a token, did no second space stand before it.
    ExtraSpace,
    /// A token.
    Token(&'a str),
}

/// Reads an `Authorization` header.
pub fn header(text: &str) -> Header<'_> {
    let mut parts = text.trim().splitn(3, ' ');
    let scheme = parts.next().unwrap_or("");
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Header::None;
    }
    match (parts.next(), parts.next()) {
        (None, _) | (Some(""), None) => Header::None,
        (Some(""), Some(_)) => Header::ExtraSpace,
        (Some(token), _) => Header::Token(token),
    }
}

/// The token among the subprotocols of a WebSocket request, if there is one.
pub fn websocket_token(protocols: &str) -> Result<Option<String>, AuthnError> {
    let mut found = None;
    let mut others = 0;
    for protocol in protocols.split(',').map(str::trim) {
        let Some(encoded) = protocol.strip_prefix(WEBSOCKET_PREFIX) else {
            others += 1;
            continue;
        };
        if found.is_some() {
            return Err(AuthnError::new("multiple base64.bearer.authorization tokens specified"));
        }
        let bytes = URL_SAFE_NO_PAD.decode(encoded);
        let bytes =
            bytes.map_err(|_| AuthnError::new("invalid base64.bearer.authorization token encoding"))?;
        let token = String::from_utf8(bytes);
        found = Some(token.map_err(|_| AuthnError::new("invalid base64.bearer.authorization token"))?);
    }
    let found = found.filter(|token| !token.is_empty());
    if found.is_some() && others == 0 {
        return Err(AuthnError::new("missing additional subprotocol"));
    }
    Ok(found)
}

/// The subprotocols without the one that carries a token: what may be answered with, logged or passed on.
pub fn other_protocols(protocols: &str) -> impl Iterator<Item = &str> {
    protocols.split(',').map(str::trim).filter(|p| !p.starts_with(WEBSOCKET_PREFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        for (text, want) in [
            ("Bearer abc", Header::Token("abc")),
            (" bearer abc ", Header::Token("abc")),
            ("Bearer abc def", Header::Token("abc")),
            ("Bearer  abc", Header::ExtraSpace),
            ("Bearer", Header::None),
            ("Bearer ", Header::None),
            ("Basic abc", Header::None),
            ("", Header::None),
        ] {
            assert_eq!(header(text), want, "{text:?}");
        }
    }

    #[test]
    fn websocket_protocols() {
        let token = format!("{WEBSOCKET_PREFIX}YWJj");
        let read = |text: &str| websocket_token(text).map_err(|e| e.to_string());
        assert_eq!(read(&format!("v4.channel.k8s.io, {token}")), Ok(Some("abc".to_owned())));
        assert_eq!(read("v4.channel.k8s.io"), Ok(None));
        assert_eq!(read(&token), Err("missing additional subprotocol".into()));
        assert_eq!(
            read(&format!("{token},{token}")),
            Err("multiple base64.bearer.authorization tokens specified".into())
        );
        assert_eq!(
            read(&format!("a,{WEBSOCKET_PREFIX}YWJj=")),
            Err("invalid base64.bearer.authorization token encoding".into())
        );
        assert_eq!(
            read(&format!("a,{WEBSOCKET_PREFIX}_w")),
            Err("invalid base64.bearer.authorization token".into())
        );
        assert_eq!(other_protocols(&format!("a, {token}, b")).collect::<Vec<_>>(), ["a", "b"]);
    }
}
