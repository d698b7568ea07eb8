//! A log as messages of a WebSocket, which browsers can read.  Entry points: [`wants_reader`], [`read`].

use std::sync::Arc;

use api::ApiError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::BodyExt as _;
use hyper::{HeaderMap, StatusCode};
use tokio_tungstenite::tungstenite::Message;

use super::stream::{self, Relay};
use super::upgrade::take_client;
use super::websocket::{self, Socket};
use crate::app::App;
use crate::gates::authorize::Head;
use crate::http::Response;
use crate::transport::Held;

/// Messages are the bytes themselves.
const BINARY: &str = "binary.k8s.io";
/// Messages are texts.
const BASE64: &str = "base64.binary.k8s.io";

/// True for a client that wants to read messages.
pub(crate) fn wants_reader(headers: &HeaderMap) -> bool {
    websocket::is_websocket(headers)
}

/// Answers with a body as messages, an empty one first.
///
/// # Errors
/// 500 for a connection that cannot become a WebSocket.
pub(crate) fn read(app: &Arc<App>, mut head: Head, body: Relay) -> Result<Response, ApiError> {
    let offered = || websocket::offered(&head.parts.headers);
    let protocol = offered().find(|p| matches!(*p, BINARY | BASE64)).map(str::to_owned);
    if protocol.is_none() && offered().next().is_some() {
        return Ok(websocket::refusal(StatusCode::FORBIDDEN, ""));
    }
    let response = match websocket::accept(&head.parts, protocol.as_deref()) {
        Ok(response) => response,
        Err(refused) => return Ok(*refused),
    };
    let client = take_client(&mut head)?;
    let held = head.parts.extensions.get::<Held>().cloned();
    let as_text = protocol.as_deref() == Some(BASE64);
    stream::run(app, held, async move {
        if let Some(socket) = websocket::open(client).await {
            send(socket, body, as_text).await;
        }
    });
    Ok(response)
}

async fn send(mut socket: Socket, mut body: Relay, as_text: bool) {
    let message = |bytes: Bytes| {
        if as_text { Message::Text(STANDARD.encode(bytes).into()) } else { Message::Binary(bytes) }
    };
    let (mut to_client, mut from_client) = (&mut socket).split();
    let outward = async {
        let mut bytes = Bytes::new();
        loop {
            if to_client.send(message(bytes)).await.is_err() {
                return;
            }
            bytes = match body.frame().await {
                Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
                _ => return,
            };
        }
    };
    // What a client says is not for anybody, but its leaving is.
    let inward = async { while let Some(Ok(_)) = from_client.next().await {} };
    tokio::select! {
        () = outward => {}
        () = inward => {}
    }
    drop((to_client, from_client));
    websocket::close(socket).await;
}
