//! Bodies and streams that go through this server, and what ends them.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use crate::app::App;
use crate::transport::Held;

/// Something that is kept as long as a body is being sent.
pub(crate) type Kept = Box<dyn std::any::Any + Send + Sync>;

/// The body of a backend's answer on its way to the client; one piece of it is here at a time.
pub(crate) struct Relay {
    body: Incoming,
    /// The client is told the body's length.
    tells_length: bool,
    /// Ends the body early.
    until: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    _kept: Kept,
}

impl Relay {
    /// The body of an answer; `kept` is the connection it comes on.
    pub(crate) fn new(body: Incoming, kept: Kept) -> Self {
        Self { body, tells_length: true, until: None, _kept: kept }
    }

    /// The same body in chunks.
    pub(crate) fn without_length(self) -> Self {
        Self { tells_length: false, ..self }
    }

    /// The same body, over when the server is about to stop.
    pub(crate) fn until_shutdown(mut self, app: &Arc<App>) -> Self {
        let shutdown = app.shutdown.clone();
        self.until = Some(Box::pin(async move { shutdown.end_watches().await }));
        self
    }
}

impl Body for Relay {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(until) = &mut self.until
            && until.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(None);
        }
        let next = Pin::new(&mut self.body).poll_frame(cx);
        next.map(|frame| frame.map(|frame| frame.map_err(io::Error::other)))
    }

    fn is_end_stream(&self) -> bool {
        self.tells_length && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.tells_length { self.body.size_hint() } else { SizeHint::default() }
    }
}

/// Lets a stream run on a connection that is no longer HTTP, until it is over or the server stops.  It holds the
/// place of its connection among all connections.
pub(crate) fn run(app: &Arc<App>, held: Option<Held>, work: impl Future<Output = ()> + Send + 'static) {
    let shutdown = app.shutdown.clone();
    tokio::spawn(async move {
        let _held = held;
        tokio::select! {
            () = work => {}
            () = shutdown.end_watches() => {}
        }
    });
}
