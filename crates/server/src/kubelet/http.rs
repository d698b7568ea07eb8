//! One request on a connection of its own.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;

use super::Backends;
use super::dial::Wire;
use super::url::Location;

/// A kubelet must answer in this time; what it answers with may take as long as it likes.
pub(super) const KUBELET_HEADERS: Duration = Duration::from_secs(120);

/// Drives a connection; dropping it closes the connection.
#[derive(Debug)]
pub(super) struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Sends a request and waits for the head of its answer.
///
/// # Errors
/// Go's text of what went wrong.
pub(super) async fn send<B>(
    wire: Box<dyn Wire>,
    request: Request<B>,
    limit: Duration,
) -> Result<(Response<Incoming>, Driver), String>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    // Not everybody knows that the case of a header's name means nothing.
    let mut builder = http1::Builder::new();
    let handshake = builder.title_case_headers(true).handshake(TokioIo::new(wire));
    let (mut sender, connection) = handshake.await.map_err(|e| failure_text(&e))?;
    let driver = Driver(tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "connection to a backend ended");
        }
    }));
    match tokio::time::timeout(limit, sender.send_request(request)).await {
        Ok(Ok(response)) => Ok((response, driver)),
        Ok(Err(error)) => Err(failure_text(&error)),
        Err(_) => Err("net/http: timeout awaiting response headers".to_owned()),
    }
}

fn failure_text(error: &hyper::Error) -> String {
    if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        "EOF".to_owned()
    } else if error.is_parse() {
        format!("net/http: HTTP/1.x transport connection broken: {error}")
    } else {
        error.to_string()
    }
}

/// Asks for a location.
///
/// # Errors
/// Go's text of what went wrong, with method and URL in front.
pub(crate) async fn fetch(
    backends: &Backends,
    from: &Location,
) -> Result<(Response<Incoming>, impl Send + Sync + 'static + use<>), String> {
    let request = Request::get(from.target())
        .header(hyper::header::HOST, from.authority())
        .header(hyper::header::USER_AGENT, "sumun")
        .body(Empty::<Bytes>::new())
        .map_err(|e| format!("failed to construct request for {from}, got {e}"))?;
    let answered = async { send(backends.dial(from).await?, request, KUBELET_HEADERS).await };
    answered.await.map_err(|why| format!("Get \"{from}\": {why}"))
}

/// The text of a body, of which no more than `limit` bytes are read.
pub(crate) async fn read_some(mut body: Incoming, limit: usize) -> String {
    let mut bytes = BytesMut::new();
    while bytes.len() < limit
        && let Some(Ok(frame)) = body.frame().await
    {
        if let Some(data) = frame.data_ref() {
            bytes.extend_from_slice(data);
        }
    }
    bytes.truncate(limit);
    String::from_utf8_lossy(&bytes).into_owned()
}
