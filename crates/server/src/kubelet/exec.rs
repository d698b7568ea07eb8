//! exec and attach: the WebSocket of a client (`v5.channel.k8s.io`, KEP-4006) translated to the SPDY streams of a
//! kubelet.  Entry points: [`wants_translation`], [`translate`].
//!
//! The two directions run side by side and never wait for each other: a command that reads none of its input can still
//! write.  Nothing is kept but the piece that is on its way; whoever does not read stops the other end's writing.

mod connect;
mod inward;
mod outward;
mod status;

use std::sync::Arc;

use api::ApiError;
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::HeaderMap;
use hyper_util::rt::TokioIo;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Message;

use super::stream;
use super::upgrade::take_client;
use super::url::Location;
use super::websocket::{self, Socket};
use crate::app::App;
use crate::gates::authorize::Head;
use crate::http::Response;
use crate::transport::Held;
pub(super) use connect::{STREAM_PROTOCOL, is_upgraded};

use connect::Session;
use status::Outcome;

/// The subprotocol that is translated: it can say that one stream ends.
const PROTOCOL: &str = "v5.channel.k8s.io";

/// Channels of the WebSocket, the first byte of each message.
const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const ERROR: u8 = 3;
const RESIZE: u8 = 4;

/// The streams that a client wants of a command.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Streams {
    /// What it reads.
    pub stdin: bool,
    /// What it writes.
    pub stdout: bool,
    /// What it complains; part of `stdout` on a terminal.
    pub stderr: bool,
    /// It runs on a terminal, which has a size.
    pub tty: bool,
}

/// True for a WebSocket whose streams are translated here.
pub(crate) fn wants_translation(headers: &HeaderMap) -> bool {
    websocket::is_websocket(headers) && websocket::offered(headers).any(|p| p == PROTOCOL)
}

/// Answers a request that [`wants_translation`].  The kubelet is asked when the client's connection stands; what goes
/// wrong is told on the channel for errors.
///
/// # Errors
/// 500 for a connection that cannot become a WebSocket.
pub(crate) fn translate(
    app: &Arc<App>,
    mut head: Head,
    to: Location,
    streams: Streams,
) -> Result<Response, ApiError> {
    let response = match websocket::accept(&head.parts, Some(PROTOCOL)) {
        Ok(response) => response,
        Err(refused) => return Ok(*refused),
    };
    let client = take_client(&mut head)?;
    let held = head.parts.extensions.get::<Held>().cloned();
    let server = app.clone();
    stream::run(app, held, async move {
        if let Some(socket) = websocket::open(client).await {
            serve(&server, socket, &to, streams).await;
        }
    });
    Ok(response)
}

async fn serve(app: &App, mut socket: Socket, to: &Location, streams: Streams) {
    // An empty message tells the client that the connection stands.
    let first = if streams.stdout {
        STDOUT
    } else if streams.stderr {
        STDERR
    } else {
        ERROR
    };
    if socket.send(message(first, b"")).await.is_err() {
        return;
    }
    let outcome = match connect::connect(&app.backends, to, streams).await {
        Ok(session) => match talk(&mut socket, session).await {
            Some(outcome) => outcome,
            None => return,
        },
        Err(why) => Outcome::Failed(why),
    };
    if socket.send(message(ERROR, outcome.status().as_bytes())).await.is_ok() {
        websocket::close(socket).await;
    }
}

/// Lets client and command talk until the command is done; `None` when the client left before.
async fn talk(socket: &mut Socket, session: Session) -> Option<Outcome> {
    let Session { stream, plan, protocol } = session;
    let (mut to_client, mut from_client) = socket.split();
    let (from_kubelet, to_kubelet) = tokio::io::split(TokioIo::new(stream));
    let (frames, queued) = mpsc::channel(64);
    let (accepted, ready) = watch::channel(false);
    let read = tokio::select! {
        read = outward::run(from_kubelet, &mut to_client, &plan, &frames, &accepted) => read?,
        () = inward::run(&mut from_client, to_kubelet, &plan, queued, ready) => return None,
    };
    Some(match read {
        Ok(message) => status::read(&protocol, &message),
        Err(why) => Outcome::Failed(why),
    })
}

fn message(channel: u8, bytes: &[u8]) -> Message {
    Message::Binary(Bytes::from([&[channel], bytes].concat()))
}
