//! From the kubelet to the client: what the command writes, and how it ended.

use std::time::Duration;

use bytes::BytesMut;
use futures_util::{Sink, SinkExt as _};
use spdy::{Decoder, Frame};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Message;

use super::connect::Plan;
use super::{ERROR, STDERR, STDIN, STDOUT, message};

/// Bytes that are read at once.
const PIECE: usize = 32 * 1024;
/// The longest text about how a command ended, in bytes.
const ERROR_LIMIT: usize = 1024 * 1024;
/// A kubelet must accept the streams in this time.
const ACCEPT_TIME: Duration = Duration::from_secs(30);

/// The end of a conversation: the bytes of the error stream, or upstream's text of what went wrong.
type End = Result<Vec<u8>, String>;

/// Carries until the command is done; `None` when the client takes nothing any more.
///
/// `accepted` becomes true once the kubelet has accepted all streams; `frames` are answers that have to be written.
pub(super) async fn run<R, C>(
    mut from: R,
    to: &mut C,
    plan: &Plan,
    frames: &mpsc::Sender<Frame>,
    accepted: &watch::Sender<bool>,
) -> Option<End>
where
    R: AsyncRead + Unpin,
    C: Sink<Message> + Unpin,
{
    let mut reading = Reading::new(plan, frames, accepted);
    let (mut decoder, mut input) = (Decoder::default(), BytesMut::new());
    let deadline = Instant::now() + ACCEPT_TIME;
    loop {
        loop {
            let frame = match decoder.decode(&mut input) {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(error) => return Some(Err(format!("error reading from error stream: {error}"))),
            };
            match reading.take(frame) {
                Ok(Some(message)) => to.send(message).await.ok()?,
                Ok(None) => {}
                Err(why) => return Some(Err(why)),
            }
            if reading.is_done() {
                return Some(Ok(reading.error));
            }
        }
        input.reserve(PIECE);
        let read = from.read_buf(&mut input);
        let read = if reading.unanswered == 0 {
            read.await
        } else {
            match timeout_at(deadline, read).await {
                Ok(read) => read,
                Err(_) => return Some(Err("Timeout occurred".to_owned())),
            }
        };
        match read {
            Ok(0) | Err(_) => return Some(reading.broken_off()),
            Ok(_) => {}
        }
    }
}

struct Reading<'a> {
    plan: &'a Plan,
    frames: &'a mpsc::Sender<Frame>,
    accepted: &'a watch::Sender<bool>,
    /// Streams that the kubelet has not accepted yet.
    unanswered: usize,
    /// Channels whose end is waited for.
    open: Vec<u8>,
    error: Vec<u8>,
    /// The kubelet said that it is leaving.
    leaving: bool,
}

impl<'a> Reading<'a> {
    fn new(plan: &'a Plan, frames: &'a mpsc::Sender<Frame>, accepted: &'a watch::Sender<bool>) -> Self {
        let waited_for = |channel: &u8| matches!(*channel, STDOUT | STDERR | ERROR);
        let open = plan.iter().map(|(channel, _)| channel).filter(waited_for).collect();
        let unanswered = plan.iter().len();
        Self { plan, frames, accepted, unanswered, open, error: Vec::new(), leaving: false }
    }

    /// What a frame means for the client.
    fn take(&mut self, frame: Frame) -> Result<Option<Message>, String> {
        match frame {
            Frame::SynReply { stream, fin, .. } => {
                if self.plan.channel(stream).is_some() && self.unanswered > 0 {
                    self.unanswered -= 1;
                    self.accepted.send_if_modified(|all| {
                        *all = self.unanswered == 0;
                        *all
                    });
                }
                self.end_if(fin, stream)?;
            }
            Frame::Data { stream, fin, bytes } => {
                let message = self.data(stream, &bytes)?;
                self.end_if(fin, stream)?;
                return Ok(message);
            }
            Frame::Headers { stream, fin, .. } => self.end_if(fin, stream)?,
            Frame::Reset { .. } if self.unanswered > 0 => return Err("Stream reset".to_owned()),
            Frame::Reset { stream, .. } => self.end_if(true, stream)?,
            // Even numbers are the other side's own.
            Frame::Ping(id) if id % 2 == 0 => self.answer(Frame::Ping(id))?,
            Frame::GoAway { .. } => self.leaving = true,
            Frame::Ping(_) | Frame::SynStream { .. } | Frame::Other(_) => {}
        }
        Ok(None)
    }

    fn data(&mut self, stream: u32, bytes: &[u8]) -> Result<Option<Message>, String> {
        match self.plan.channel(stream) {
            Some(channel @ (STDOUT | STDERR)) if !bytes.is_empty() => Ok(Some(message(channel, bytes))),
            Some(ERROR) if self.error.len() + bytes.len() > ERROR_LIMIT => {
                Err("error reading from error stream: message too long".to_owned())
            }
            Some(ERROR) => {
                self.error.extend_from_slice(bytes);
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    fn end_if(&mut self, ends: bool, stream: u32) -> Result<(), String> {
        let Some(channel) = self.plan.channel(stream).filter(|_| ends) else { return Ok(()) };
        self.open.retain(|open| *open != channel);
        // A command that reads no more: nothing more is written to it.
        if channel == STDIN {
            self.answer(Frame::Data { stream, fin: true, bytes: bytes::Bytes::new() })
        } else {
            Ok(())
        }
    }

    /// Never waits: a kubelet that takes no bytes must not keep us from reading its own.
    fn answer(&self, frame: Frame) -> Result<(), String> {
        self.frames.try_send(frame).map_err(|_| "the kubelet takes no bytes".to_owned())
    }

    fn is_done(&self) -> bool {
        self.unanswered == 0 && self.open.is_empty()
    }

    /// The end of a connection: fine when the kubelet had said how the command ended or that it leaves.
    fn broken_off(self) -> End {
        if self.leaving || !self.error.is_empty() || !self.open.contains(&ERROR) {
            Ok(self.error)
        } else {
            Err("error reading from error stream: unexpected EOF".to_owned())
        }
    }
}
