//! port-forward over WebSocket: the client's WebSocket carries SPDY (`SPDY/3.1+portforward.k8s.io`, KEP-4006), whose
//! bytes go to the kubelet as they are.  Entry points: [`wants_tunnel`], [`tunnel`].

use std::sync::Arc;

use api::ApiError;
use bytes::BytesMut;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{HeaderMap, Method, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;

use super::exec::{STREAM_PROTOCOL, is_upgraded};
use super::upgrade::{Asked, ask, refused, take_client};
use super::url::Location;
use super::{headers, stream, websocket};
use crate::app::App;
use crate::gates::authorize::Head;
use crate::http::{Response, answer};
use crate::transport::Held;

const PREFIX: &str = "SPDY/3.1+";
const SUFFIX: &str = ".k8s.io";
/// Bytes in one message to the client, at most.
const PIECE: usize = 32 * 1024;
/// Headers of the client's handshake, which the kubelet's has nothing to do with.
const OF_WEBSOCKET: [HeaderName; 6] = [
    SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION,
    HeaderName::from_static("sec-websocket-extensions"),
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
];

/// True for a WebSocket that carries SPDY.
pub(crate) fn wants_tunnel(headers: &HeaderMap) -> bool {
    websocket::is_websocket(headers) && protocols(headers).next().is_some()
}

/// What is to be spoken inside of SPDY.
fn protocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let inner = |p| str::strip_prefix(p, PREFIX).filter(|p: &&str| p.ends_with(SUFFIX));
    websocket::offered(headers).filter_map(inner)
}

/// Answers a request that [`wants_tunnel`].
///
/// # Errors
/// 500 with upstream's texts for a kubelet that cannot be reached or does something unexpected.
pub(crate) async fn tunnel(app: &Arc<App>, mut head: Head, to: &Location) -> Result<Response, ApiError> {
    let held = head.parts.extensions.get::<Held>().cloned();
    let onward = spdy_request(&head.parts.headers, held.as_ref());
    let (headers, stream) = match ask(&app.backends, Method::POST, onward, to).await? {
        Asked::Upgraded { headers, stream } => (headers, stream),
        Asked::Refused(response, driver) => return Ok(refused(response, driver)),
    };
    if !is_upgraded(StatusCode::SWITCHING_PROTOCOLS, &headers) {
        let text = "unable to upgrade: missing upgrade headers in response\n";
        return Ok(answer::text(StatusCode::INTERNAL_SERVER_ERROR, text));
    }
    let chosen = headers.get(STREAM_PROTOCOL).and_then(|v| v.to_str().ok()).map(str::trim).unwrap_or("");
    let chosen = (!chosen.is_empty()).then(|| format!("{PREFIX}{chosen}"));
    // A client that did not offer what the kubelet chose gets no protocol, as upstream.
    let chosen = chosen.filter(|chosen| websocket::offered(&head.parts.headers).any(|p| p == chosen));
    let response = match websocket::accept(&head.parts, chosen.as_deref()) {
        Ok(response) => response,
        Err(refused) => return Ok(*refused),
    };
    let client = take_client(&mut head)?;
    stream::run(app, held, carry(client, stream));
    Ok(response)
}

/// The client's request as one for SPDY.
fn spdy_request(client: &HeaderMap, held: Option<&Held>) -> HeaderMap {
    let mut onward = headers::onward(client, held.map(|h| h.peer.ip()));
    for name in OF_WEBSOCKET {
        onward.remove(name);
    }
    onward.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    onward.insert(UPGRADE, HeaderValue::from_static("SPDY/3.1"));
    onward.remove(STREAM_PROTOCOL);
    for protocol in protocols(client).filter_map(|p| HeaderValue::from_str(p).ok()) {
        onward.append(STREAM_PROTOCOL, protocol);
    }
    onward
}

/// Carries bytes both ways until one side is done.
async fn carry(client: OnUpgrade, kubelet: Upgraded) {
    let Some(mut socket) = websocket::open(client).await else { return };
    let (mut from_kubelet, mut to_kubelet) = tokio::io::split(TokioIo::new(kubelet));
    let (mut to_client, mut from_client) = (&mut socket).split();
    let inward = async {
        while let Some(Ok(message)) = from_client.next().await {
            match message {
                Message::Binary(bytes) => {
                    if to_kubelet.write_all(&bytes).await.is_err() || to_kubelet.flush().await.is_err() {
                        return;
                    }
                }
                Message::Text(_) | Message::Close(_) => return,
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    };
    let outward = async {
        let mut bytes = BytesMut::new();
        loop {
            bytes.reserve(PIECE);
            match from_kubelet.read_buf(&mut bytes).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            if to_client.send(Message::Binary(bytes.split().freeze())).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = inward => {}
        () = outward => {}
    }
    let _ = to_kubelet.shutdown().await;
    drop((to_client, from_client));
    websocket::close(socket).await;
}
