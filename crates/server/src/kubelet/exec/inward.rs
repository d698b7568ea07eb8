//! From the client to the kubelet: what the command reads, the size of its terminal, and everything else that is
//! written to the kubelet.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use spdy::{Compressor, Frame};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Message;

use super::connect::Plan;
use super::{ERROR, RESIZE, STDERR, STDIN, STDOUT};

/// The first byte of a message that ends a channel, which the second one names.
const CLOSE: u8 = 255;
/// How often a kubelet is asked whether it is there, so that nobody between us takes the connection for dead.
const PING: Duration = Duration::from_secs(5);
/// A client that says nothing for this time is gone (upstream's idle timeout).
const IDLE: Duration = Duration::from_secs(4 * 3600);

/// Opens the streams and carries until the client leaves or breaks the rules, or the kubelet takes nothing any more.
pub(super) async fn run<C, E, W>(
    from: &mut C,
    mut to: W,
    plan: &Plan,
    mut queued: mpsc::Receiver<Frame>,
    mut ready: watch::Receiver<bool>,
) where
    C: Stream<Item = Result<Message, E>> + Unpin,
    W: AsyncWrite + Unpin,
{
    let Ok(opening) = opening(plan) else { return };
    if to.write_all(&opening).await.is_err() || to.flush().await.is_err() {
        return stay(&mut ready).await;
    }
    let mut accepted = false;
    let mut pings = tokio::time::interval(PING);
    let mut ping = 1;
    let mut input_open = true;
    loop {
        let frame = tokio::select! {
            biased;
            Some(frame) = queued.recv() => frame,
            _ = pings.tick() => {
                ping += 2;
                Frame::Ping(ping)
            }
            all = ready.wait_for(|all| *all), if !accepted => {
                if all.is_err() {
                    return;
                }
                accepted = true;
                continue;
            }
            message = tokio::time::timeout(IDLE, from.next()), if accepted => match message {
                Ok(Some(Ok(message))) => match read(message, plan) {
                    Ok(Some(frame)) => frame,
                    Ok(None) => continue,
                    Err(Left) => return,
                },
                _ => return,
            },
        };
        // After its end nothing more is written to the command's input.
        if let Frame::Data { stream, fin, .. } = &frame
            && plan.stream(STDIN) == Some(*stream)
        {
            if !input_open {
                continue;
            }
            input_open = !fin;
        }
        let mut bytes = BytesMut::new();
        frame.write(&mut bytes);
        if to.write_all(&bytes).await.is_err() || to.flush().await.is_err() {
            return stay(&mut ready).await;
        }
    }
}

/// A kubelet that takes nothing any more may still have something to say; its end is the other direction's to see.
async fn stay(ready: &mut watch::Receiver<bool>) {
    while ready.changed().await.is_ok() {}
}

/// The client has left, or says what cannot be understood.
struct Left;

/// What a message means for the kubelet.
fn read(message: Message, plan: &Plan) -> Result<Option<Frame>, Left> {
    let mut bytes: Bytes = match message {
        Message::Binary(bytes) => bytes,
        Message::Text(text) => text.into(),
        Message::Close(_) => return Err(Left),
        Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return Ok(None),
    };
    match bytes.as_ref() {
        [] => Ok(None),
        [CLOSE, STDIN] => {
            Ok(plan.stream(STDIN).map(|stream| Frame::Data { stream, fin: true, bytes: Bytes::new() }))
        }
        [CLOSE, channel] if *channel <= RESIZE => Ok(None),
        [CLOSE, ..] => Err(Left),
        [channel @ (STDIN | RESIZE), _, ..] => {
            let stream = plan.stream(*channel);
            let bytes = bytes.split_off(1);
            Ok(stream.map(|stream| Frame::Data { stream, fin: false, bytes }))
        }
        _ => Ok(None),
    }
}

/// The frames that open the streams.
fn opening(plan: &Plan) -> Result<BytesMut, spdy::BlockError> {
    let mut packer = Compressor::default();
    let mut out = BytesMut::new();
    for (channel, stream) in plan.iter() {
        let kind = match channel {
            STDIN => "stdin",
            STDOUT => "stdout",
            STDERR => "stderr",
            ERROR => "error",
            _ => "resize",
        };
        let block = packer.pack(&[("streamtype", kind)])?.into();
        Frame::SynStream { stream, fin: false, block }.write(&mut out);
    }
    Ok(out)
}
