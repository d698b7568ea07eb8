//! The server's side of WebSockets (RFC 6455): the handshake; messages are tungstenite's.

use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt as _;
use hyper::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::http::request::Parts;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{HeaderMap, Method, StatusCode};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};

use super::headers::wants_upgrade;
use crate::http::{Response, answer};
use crate::transport::Body;

/// A client's WebSocket.
pub(crate) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// The largest message of a client, in bytes.
const MESSAGE_LIMIT: usize = 4 * 1024 * 1024;
/// How long a client may take to answer the end of a connection.
const CLOSE_TIME: Duration = Duration::from_secs(5);

/// True for a request that wants to become a WebSocket.
pub(crate) fn is_websocket(headers: &HeaderMap) -> bool {
    let named = headers.get(UPGRADE).is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"websocket"));
    named && wants_upgrade(headers)
}

/// The subprotocols that a client offers, the best first.
pub(crate) fn offered(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|v| v.to_str().ok());
    values.flat_map(|text| text.split(',')).map(str::trim).filter(|p| !p.is_empty())
}

/// The answer to a handshake.
///
/// # Errors
/// An answer with 400 or 405 for a handshake of another method or version, or without a key.
pub(crate) fn accept(head: &Parts, protocol: Option<&str>) -> Result<Response, Box<Response>> {
    if head.method != Method::GET {
        return Err(Box::new(refusal(StatusCode::METHOD_NOT_ALLOWED, "bad method")));
    }
    if head.headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        let mut refused = refusal(StatusCode::BAD_REQUEST, "missing or bad WebSocket Version");
        refused.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return Err(Box::new(refused));
    }
    let Some(key) = head.headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes) else {
        return Err(Box::new(refusal(StatusCode::BAD_REQUEST, "mismatch challenge/response")));
    };
    let mut response = Response::new(Body::whole(Bytes::new()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    answer::set(&mut response, UPGRADE, "websocket");
    answer::set(&mut response, CONNECTION, "Upgrade");
    answer::set(&mut response, SEC_WEBSOCKET_ACCEPT, &accept_key(key));
    if let Some(protocol) = protocol {
        answer::set(&mut response, SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    Ok(response)
}

/// The answer to a handshake that cannot be accepted, in the words of the library that upstream uses; it ends the
/// connection.
pub(super) fn refusal(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::whole(text));
    *response.status_mut() = status;
    answer::set(&mut response, CONNECTION, "close");
    response
}

/// What proves that the handshake was understood (RFC 6455 section 4.2.2).
fn accept_key(key: &[u8]) -> String {
    let mut hash = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    hash.update(key);
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(hash.finish())
}

/// The WebSocket on a connection that was accepted; `None` when the client has left.
pub(crate) async fn open(client: OnUpgrade) -> Option<Socket> {
    let stream = TokioIo::new(client.await.ok()?);
    let config = WebSocketConfig::default()
        .read_buffer_size(16 * 1024)
        .write_buffer_size(0)
        .max_message_size(Some(MESSAGE_LIMIT))
        .max_frame_size(Some(MESSAGE_LIMIT));
    Some(WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await)
}

/// Says that this is the end and reads what is still on its way, so that the client reads all that it was sent.
pub(crate) async fn close(mut socket: Socket) {
    // A close without a code is an error to client-go.
    let normal = CloseFrame { code: CloseCode::Normal, reason: "".into() };
    let _ = tokio::time::timeout(CLOSE_TIME, async {
        if socket.close(Some(normal)).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_answered_as_in_the_rfc() {
        assert_eq!(accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn handshakes_that_are_none_are_refused() {
        let refused = |method: &str, headers: &[(&str, &str)]| {
            let mut request = hyper::Request::builder().method(method);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let (head, ()) = request.body(()).unwrap().into_parts();
            accept(&head, Some("v5.channel.k8s.io")).map_or_else(|r| r.status(), |r| r.status()).as_u16()
        };
        let key = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        let version = ("sec-websocket-version", "13");
        assert_eq!(refused("GET", &[key, version]), 101);
        assert_eq!(refused("GET", &[key, ("sec-websocket-version", "8")]), 400);
        assert_eq!(refused("GET", &[version]), 400);
        assert_eq!(refused("POST", &[key, version]), 405);
    }
}
