//! Headers that are handed on, and those that are not.

use std::net::IpAddr;

use authn::bearer::other_protocols;
use hyper::HeaderMap;
use hyper::header::{
    AUTHORIZATION, CONNECTION, HeaderName, HeaderValue, SEC_WEBSOCKET_PROTOCOL, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Headers of one connection (RFC 9110 section 7.6.1 and what Go's reverse proxy adds).
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-authenticate"),
    HeaderName::from_static("proxy-authorization"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// True for a request that wants to speak something else on its connection.
pub(crate) fn wants_upgrade(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONNECTION)
        .iter()
        .any(|value| value.to_str().is_ok_and(|text| text.to_ascii_lowercase().contains("upgrade")))
}

/// The headers of a request as they are handed on: without the credentials and without the user that was asked for,
/// which are this server's business, and with the client's address.
pub(super) fn onward(headers: &HeaderMap, peer: Option<IpAddr>) -> HeaderMap {
    let mut onward = HeaderMap::with_capacity(headers.len() + 1);
    for (name, value) in headers {
        if name != AUTHORIZATION && !name.as_str().starts_with("impersonate-") {
            onward.append(name, value.clone());
        }
    }
    without_token(&mut onward);
    if let Some(peer) = peer {
        let before = onward.get_all(FORWARDED_FOR).iter().filter_map(|v| v.to_str().ok());
        let mut chain: Vec<String> = before.map(str::to_owned).collect();
        chain.push(peer.to_canonical().to_string());
        if let Ok(value) = HeaderValue::from_str(&chain.join(", ")) {
            onward.insert(FORWARDED_FOR, value);
        }
    }
    onward
}

/// Takes away the subprotocol that is a token.
fn without_token(headers: &mut HeaderMap) {
    let Some(offered) = headers.get(SEC_WEBSOCKET_PROTOCOL).and_then(|v| v.to_str().ok()) else { return };
    let others: Vec<&str> = other_protocols(offered).collect();
    if others.len() == offered.split(',').count() {
        return;
    }
    match HeaderValue::from_str(&others.join(",")) {
        Ok(value) if !others.is_empty() => drop(headers.insert(SEC_WEBSOCKET_PROTOCOL, value)),
        _ => drop(headers.remove(SEC_WEBSOCKET_PROTOCOL)),
    }
}

/// Removes what belongs to one connection only.
pub(super) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let takes_trailers = headers.get_all(TE).iter().any(|v| v.as_bytes().eq_ignore_ascii_case(b"trailers"));
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    if takes_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn credentials_stay_here() {
        let headers = map(&[
            ("authorization", "Bearer secret"),
            ("impersonate-user", "jane"),
            ("impersonate-extra-a", "b"),
            ("sec-websocket-protocol", "v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.c2VjcmV0"),
            ("x-forwarded-for", "10.1.1.1"),
            ("cookie", "a=b"),
        ]);
        let onward = onward(&headers, Some("::ffff:10.2.2.2".parse().unwrap()));
        let expected = map(&[
            ("sec-websocket-protocol", "v5.channel.k8s.io"),
            ("x-forwarded-for", "10.1.1.1, 10.2.2.2"),
            ("cookie", "a=b"),
        ]);
        assert_eq!(onward, expected);
    }

    #[test]
    fn what_belongs_to_one_connection_is_removed() {
        let mut headers = map(&[
            ("connection", "close, X-Mine"),
            ("x-mine", "1"),
            ("keep-alive", "5"),
            ("te", "trailers"),
            ("upgrade", "x"),
            ("accept", "*/*"),
        ]);
        remove_hop_by_hop(&mut headers);
        assert_eq!(headers, map(&[("te", "trailers"), ("accept", "*/*")]));
    }

    #[test]
    fn upgrades() {
        assert!(wants_upgrade(&map(&[("connection", "keep-alive, Upgrade")])));
        assert!(!wants_upgrade(&map(&[("connection", "close"), ("upgrade", "SPDY/3.1")])));
    }
}
