//! Bodies of answers: whole, a sequence of ready pieces, pieces that come as things happen, somebody else's.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use super::connection::Busy;

/// Pieces of a body that come as things happen, such as watch events.
pub(crate) trait Chunks: Send + 'static {
    /// The next piece; `None` ends the body.
    fn next(&mut self) -> impl Future<Output = Option<Bytes>> + Send;
}

type NextChunk<C> = Pin<Box<dyn Future<Output = (C, Option<Bytes>)> + Send>>;

/// Polls a [`Chunks`] without a task of its own.
struct Pump<C> {
    next: Option<NextChunk<C>>,
}

pub(super) trait PollChunk: Send {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>>;
}

impl<C: Chunks> Pump<C> {
    fn new(chunks: C) -> Self {
        Self { next: Some(Self::pull(chunks)) }
    }

    fn pull(mut chunks: C) -> NextChunk<C> {
        Box::pin(async move {
            let chunk = chunks.next().await;
            (chunks, chunk)
        })
    }
}

impl<C: Chunks> PollChunk for Pump<C> {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(next) = &mut self.next else { return Poll::Ready(None) };
        let Poll::Ready((chunks, chunk)) = next.as_mut().poll(cx) else { return Poll::Pending };
        self.next = chunk.is_some().then(|| Self::pull(chunks));
        Poll::Ready(chunk)
    }
}

/// Pieces of a body that are ready when they are asked for.
pub(super) type Pieces = Box<dyn Iterator<Item = io::Result<Bytes>> + Send>;

pub(super) enum Kind {
    Whole(Option<Bytes>),
    Pieces { pieces: Pieces, length: Option<u64> },
    Chunks(Box<dyn PollChunk>),
    Relay(Pin<Box<dyn RelayedBody>>),
}

/// The body of somebody else's answer.
pub(super) trait RelayedBody: hyper::body::Body<Data = Bytes, Error = io::Error> + Send {}

impl<B: hyper::body::Body<Data = Bytes, Error = io::Error> + Send> RelayedBody for B {}

/// The body of an answer.
pub struct Body {
    pub(super) kind: Kind,
    /// Keeps the connection busy until the body has been sent.
    _busy: Option<Busy>,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.kind {
            Kind::Whole(_) => "Body(whole)",
            Kind::Pieces { .. } => "Body(pieces)",
            Kind::Chunks(_) => "Body(chunks)",
            Kind::Relay(_) => "Body(relay)",
        })
    }
}

impl Body {
    /// A body that is there.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Self { kind: Kind::Whole(Some(bytes.into())), _busy: None }
    }

    /// Pieces that are made one by one as the client takes them; `length` in bytes when it is known.  A failure breaks
    /// the answer off, so that nobody takes a part for the whole.
    pub(crate) fn pieces(
        pieces: impl Iterator<Item = io::Result<Bytes>> + Send + 'static,
        length: Option<u64>,
    ) -> Self {
        Self { kind: Kind::Pieces { pieces: Box::new(pieces), length }, _busy: None }
    }

    /// Pieces that come as things happen.
    pub(crate) fn chunks(chunks: impl Chunks) -> Self {
        Self { kind: Kind::Chunks(Box::new(Pump::new(chunks))), _busy: None }
    }

    /// The body of somebody else's answer; when it breaks off, so does the client's.
    pub(crate) fn relay(
        body: impl hyper::body::Body<Data = Bytes, Error = io::Error> + Send + 'static,
    ) -> Self {
        Self { kind: Kind::Relay(Box::pin(body)), _busy: None }
    }

    pub(super) fn while_sending(mut self, busy: Busy) -> Self {
        self._busy = Some(busy);
        self
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let next = match &mut self.kind {
            Kind::Whole(bytes) => Poll::Ready(bytes.take().filter(|b| !b.is_empty())),
            Kind::Chunks(chunks) => chunks.poll_chunk(cx),
            Kind::Relay(body) => return body.as_mut().poll_frame(cx),
            Kind::Pieces { pieces, .. } => {
                return Poll::Ready(pieces.next().map(|piece| piece.map(Frame::data)));
            }
        };
        next.map(|chunk| chunk.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Kind::Relay(body) => body.is_end_stream(),
            Kind::Pieces { .. } | Kind::Chunks(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Kind::Pieces { length: Some(length), .. } => SizeHint::with_exact(*length),
            Kind::Relay(body) => body.size_hint(),
            Kind::Pieces { .. } | Kind::Chunks(_) => SizeHint::default(),
        }
    }
}
