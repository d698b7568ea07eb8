//! WATCH over a WebSocket, for browsers: each event is a message, text for JSON and binary for protobuf.
//! Entry point: [`upgrade`].

use std::sync::Arc;

use api::ApiError;
use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::BodyExt as _;
use hyper::StatusCode;
use hyper::header::CONTENT_TYPE;
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::app::App;
use crate::gates::authorize::Head;
use crate::http::Response;
use crate::kubelet::websocket::{self, Socket};
use crate::kubelet::{run_stream, take_client};
use crate::pipeline::header;
use crate::transport::{Body, Held};

/// Turns the answer of a watch into the handshake of a WebSocket on which its events come.  Anything but a watch that
/// has begun is answered as it is.
///
/// # Errors
/// 500 for a connection that cannot become something else, such as one of HTTP/2.
pub(crate) fn upgrade(app: &Arc<App>, mut head: Head, watch: Response) -> Result<Response, ApiError> {
    if watch.status() != StatusCode::OK {
        return Ok(watch);
    }
    // Go's WebSockets take one subprotocol and give it back.
    let offered: Vec<&str> = websocket::offered(&head.parts.headers).collect();
    let protocol = if let [only] = offered.as_slice() { Some((*only).to_owned()) } else { None };
    let accepted = match websocket::accept(&head.parts, protocol.as_deref()) {
        Ok(accepted) => accepted,
        Err(refused) => return Ok(*refused),
    };
    let client = take_client(&mut head)?;
    let held = head.parts.extensions.get::<Held>().cloned();
    let framing = match header(watch.headers(), CONTENT_TYPE.as_str()).starts_with("application/json") {
        true => Framing::Lines,
        false => Framing::Lengths,
    };
    run_stream(app, held, serve(client, watch.into_body(), framing));
    Ok(accepted)
}

/// How events follow each other in the body of a watch.
#[derive(Clone, Copy, Debug)]
enum Framing {
    /// A line each.
    Lines,
    /// Four bytes of length, then the event.
    Lengths,
}

async fn serve(client: OnUpgrade, mut events: Body, framing: Framing) {
    let Some(mut socket) = websocket::open(client).await else { return };
    let mut rest = BytesMut::new();
    loop {
        tokio::select! {
            heard = socket.next() => match heard {
                // A client has nothing to say but that it leaves.
                Some(Ok(message)) if !message.is_close() => {}
                _ => return,
            },
            piece = events.frame() => {
                let Some(Ok(frame)) = piece else { break };
                let Ok(data) = frame.into_data() else { continue };
                rest.extend_from_slice(&data);
                if send(&mut socket, framing, &mut rest).await.is_none() {
                    return;
                }
            }
        }
    }
    websocket::close(socket).await;
}

/// Sends the events that have come whole; `None` when the client is gone.
async fn send(socket: &mut Socket, framing: Framing, rest: &mut BytesMut) -> Option<()> {
    while let Some(message) = framing.take(rest) {
        socket.feed(message).await.ok()?;
    }
    socket.flush().await.ok()
}

impl Framing {
    /// The next whole event.
    fn take(self, rest: &mut BytesMut) -> Option<Message> {
        match self {
            Self::Lines => {
                let end = rest.iter().position(|b| *b == b'\n')?;
                let line: Bytes = rest.split_to(end + 1).freeze();
                Utf8Bytes::try_from(line).ok().map(Message::Text)
            }
            Self::Lengths => {
                let length = u32::from_be_bytes(*rest.first_chunk::<4>()?) as usize;
                if rest.len() < 4 + length {
                    return None;
                }
                rest.advance(4);
                Some(Message::Binary(rest.split_to(length).freeze()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_taken_whole() {
        let mut rest = BytesMut::from(&b"{}\n{\"a\""[..]);
        assert_eq!(Framing::Lines.take(&mut rest), Some(Message::Text("{}\n".into())));
        assert_eq!(Framing::Lines.take(&mut rest), None);
        rest.extend_from_slice(b":1}\n");
        assert_eq!(Framing::Lines.take(&mut rest), Some(Message::Text("{\"a\":1}\n".into())));
        let mut rest = BytesMut::from(&b"\0\0\0\x02ab\0\0\0\x01"[..]);
        assert_eq!(Framing::Lengths.take(&mut rest), Some(Message::Binary(Bytes::from_static(b"ab"))));
        assert_eq!(Framing::Lengths.take(&mut rest), None);
    }
}
