//! Bodies of answers: whole, a sequence of ready pieces, or pieces that come as things happen.

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

trait PollChunk: Send {
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

enum Kind {
    Whole(Option<Bytes>),
    Pieces { pieces: Box<dyn Iterator<Item = Bytes> + Send>, length: Option<u64> },
    Chunks(Box<dyn PollChunk>),
}

/// The body of an answer.
pub struct Body {
    kind: Kind,
    /// Keeps the connection busy until the body has been sent.
    _busy: Option<Busy>,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.kind {
            Kind::Whole(_) => "Body(whole)",
            Kind::Pieces { .. } => "Body(pieces)",
            Kind::Chunks(_) => "Body(chunks)",
        })
    }
}

impl Body {
    /// A body that is there.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Self { kind: Kind::Whole(Some(bytes.into())), _busy: None }
    }

    /// Pieces that are made one by one as the client takes them; `length` in bytes when it is known.
    pub(crate) fn pieces(pieces: impl Iterator<Item = Bytes> + Send + 'static, length: Option<u64>) -> Self {
        Self { kind: Kind::Pieces { pieces: Box::new(pieces), length }, _busy: None }
    }

    /// Pieces that come as things happen.
    pub(crate) fn chunks(chunks: impl Chunks) -> Self {
        Self { kind: Kind::Chunks(Box::new(Pump::new(chunks))), _busy: None }
    }

    pub(super) fn while_sending(mut self, busy: Busy) -> Self {
        self._busy = Some(busy);
        self
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let next = match &mut self.kind {
            Kind::Whole(bytes) => Poll::Ready(bytes.take().filter(|b| !b.is_empty())),
            Kind::Pieces { pieces, .. } => Poll::Ready(pieces.next()),
            Kind::Chunks(chunks) => chunks.poll_chunk(cx),
        };
        next.map(|chunk| chunk.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.kind, Kind::Whole(None)) || matches!(&self.kind, Kind::Whole(Some(b)) if b.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Kind::Pieces { length: Some(length), .. } => SizeHint::with_exact(*length),
            Kind::Pieces { .. } | Kind::Chunks(_) => SizeHint::default(),
        }
    }
}
