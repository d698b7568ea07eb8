//! Calls of gRPC on a Unix socket: one message each way, over one HTTP/2 connection that all share.
//!
//! Entry point: [`Channel::call`].  Time and sizes are bounded; nothing is compressed.

use std::fmt;
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HeaderMap, TE, USER_AGENT};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::UnixStream;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};

/// Largest message that is taken, in bytes (gRPC's default).
const LARGEST: usize = 4 << 20;
/// Bytes in front of a message: whether it is compressed, and its length.
const PREFIX: usize = 5;
/// Between two attempts to connect: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));
/// Names of the status codes, by their numbers.
const CODES: [&str; 17] = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];
const UNKNOWN: usize = 2;
const DEADLINE_EXCEEDED: usize = 4;
const RESOURCE_EXHAUSTED: usize = 8;
const INTERNAL: usize = 13;
const UNAVAILABLE: usize = 14;

/// A way to a server on a Unix socket.
pub(super) struct Channel {
    /// The path; one of an abstract socket begins with a NUL.
    path: String,
    connection: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

/// A call without a usable answer.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    code: usize,
    text: String,
}

impl Channel {
    /// A way to a path, or to the abstract socket whose name follows an `@`; nothing is connected yet.
    pub(super) fn new(path: &str) -> Self {
        let path = path.strip_prefix('@').map_or_else(|| path.to_owned(), |name| format!("\0{name}"));
        Self { path, connection: Mutex::default() }
    }

    /// Calls a method such as `/v1.Service/Method`.  While nobody listens it is tried again until the deadline.
    ///
    /// # Errors
    /// The status that the other side, or the way to it, answers with.
    pub(super) async fn call(
        &self,
        method: &str,
        message: &[u8],
        deadline: Instant,
    ) -> Result<Bytes, Failure> {
        let mut trouble = String::new();
        let called = timeout_at(deadline, self.attempts(method, message, deadline, &mut trouble)).await;
        if let Ok(answer) = called {
            return answer;
        }
        // Whoever does not answer may have lost track: the next call begins anew.
        if let Ok(mut connection) = self.connection.try_lock() {
            *connection = None;
        }
        let text = if trouble.is_empty() { trouble } else { format!(" (connection error: {trouble})") };
        Err(Failure::new(DEADLINE_EXCEEDED, format!("context deadline exceeded{text}")))
    }

    async fn attempts(
        &self,
        method: &str,
        message: &[u8],
        deadline: Instant,
        trouble: &mut String,
    ) -> Result<Bytes, Failure> {
        let mut body = BytesMut::with_capacity(PREFIX + message.len());
        body.put_u8(0);
        body.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
        body.put_slice(message);
        let mut request = request(method, body.freeze(), deadline)?;
        loop {
            let mut sender = self.connected(trouble).await;
            match sender.try_send_request(request).await {
                Ok(response) => return read(response).await,
                Err(mut error) => match error.take_message() {
                    // It was closed before anything was sent.
                    Some(unsent) => request = unsent,
                    None => {
                        return Err(Failure::new(
                            UNAVAILABLE,
                            format!("error reading from server: {}", error.error()),
                        ));
                    }
                },
            }
        }
    }

    /// The connection; others who need one wait meanwhile.
    async fn connected(&self, trouble: &mut String) -> SendRequest<Full<Bytes>> {
        let mut kept = self.connection.lock().await;
        if let Some(open) = kept.as_ref().filter(|open| !open.is_closed()) {
            return open.clone();
        }
        let mut pause = PAUSES.0;
        loop {
            match open(&self.path).await {
                Ok(opened) => {
                    *kept = Some(opened.clone());
                    return opened;
                }
                Err(why) => *trouble = why,
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }
}

async fn open(path: &str) -> Result<SendRequest<Full<Bytes>>, String> {
    let shown = path.strip_prefix('\0').map_or_else(|| path.to_owned(), |name| format!("@{name}"));
    let socket = UnixStream::connect(path).await.map_err(|e| format!("dial unix {shown}: {e}"))?;
    let opened = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .handshake(TokioIo::new(socket))
        .await;
    let (sender, connection) = opened.map_err(|e| format!("{shown}: {e}"))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to a signer ended");
        }
    });
    Ok(sender)
}

fn request(method: &str, body: Bytes, deadline: Instant) -> Result<hyper::Request<Full<Bytes>>, Failure> {
    let left = deadline.saturating_duration_since(Instant::now()).as_millis().clamp(1, 99_999_999);
    hyper::Request::builder()
        .method(hyper::Method::POST)
        .uri(format!("http://localhost{method}"))
        .header(CONTENT_TYPE, "application/grpc")
        .header(TE, "trailers")
        .header(USER_AGENT, concat!("sumun/", env!("CARGO_PKG_VERSION")))
        .header("grpc-timeout", format!("{left}m"))
        .body(Full::new(body))
        .map_err(|e| Failure::new(INTERNAL, e.to_string()))
}

/// Reads the whole answer: the message if the status is good.
async fn read(response: hyper::Response<Incoming>) -> Result<Bytes, Failure> {
    let (head, mut incoming) = response.into_parts();
    if head.status != hyper::StatusCode::OK {
        let code = match head.status.as_u16() {
            400 => INTERNAL,
            401 => 16,
            403 => 7,
            404 => 12,
            429 | 502..=504 => UNAVAILABLE,
            _ => UNKNOWN,
        };
        return Err(Failure::new(
            code,
            format!("unexpected HTTP status code received from server: {}", head.status),
        ));
    }
    let kind = head.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    if !kind.starts_with("application/grpc") {
        let text = format!("transport: received unexpected content-type {kind:?}");
        return Err(Failure::new(UNKNOWN, text));
    }
    if head.headers.contains_key("grpc-status") {
        status(&head.headers)?;
    }
    let (mut body, mut ended) = (BytesMut::new(), None);
    while let Some(frame) = incoming.frame().await {
        let failed = |e: hyper::Error| Failure::new(UNAVAILABLE, format!("error reading from server: {e}"));
        match frame.map_err(failed)?.into_data() {
            Ok(data) if body.len() + data.len() > PREFIX + LARGEST => {
                return Err(too_large(body.len() + data.len()));
            }
            Ok(data) => body.extend_from_slice(&data),
            Err(frame) => ended = frame.into_trailers().ok(),
        }
        if let Some(length) = announced(&body).filter(|length| *length > LARGEST) {
            return Err(too_large(length));
        }
    }
    status(ended.as_ref().unwrap_or(&head.headers))?;
    unwrapped(&body.freeze())
}

/// The length that a message says it has, once it has said so.
fn announced(body: &[u8]) -> Option<usize> {
    let length: [u8; 4] = body.get(1..PREFIX)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(length)).ok()
}

fn too_large(length: usize) -> Failure {
    Failure::new(
        RESOURCE_EXHAUSTED,
        format!("grpc: received message larger than max ({length} vs. {LARGEST})"),
    )
}

/// The message of a body, which must be a single one.
fn unwrapped(body: &Bytes) -> Result<Bytes, Failure> {
    let wrong = |text: &str| Err(Failure::new(INTERNAL, text));
    match (body.first(), announced(body)) {
        (Some(0), Some(length)) if body.len() == PREFIX + length => Ok(body.slice(PREFIX..)),
        (Some(1), Some(_)) => wrong("grpc: compressed flag set with identity or empty encoding"),
        _ => wrong("the answer is not one whole message"),
    }
}

/// The status in headers or trailers.
fn status(headers: &HeaderMap) -> Result<(), Failure> {
    let text = |name| headers.get(name).and_then(|v: &hyper::header::HeaderValue| v.to_str().ok());
    let Some(code) = text("grpc-status") else {
        return Err(Failure::new(INTERNAL, "server closed the stream without sending trailers"));
    };
    match code.parse() {
        Ok(0) => Ok(()),
        Ok(code) if code < CODES.len() => {
            Err(Failure::new(code, percent_decoded(text("grpc-message").unwrap_or(""))))
        }
        _ => Err(Failure::new(UNKNOWN, format!("malformed grpc-status: {code:?}"))),
    }
}

/// The text behind percent encoding; what is none stays as it is.
fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let code = more.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = code.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { more.get(2..).unwrap_or_default() } else { more };
    }
    String::from_utf8_lossy(&out).into_owned()
}

impl Failure {
    fn new(code: usize, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// The name of its code.
    pub(super) fn code(&self) -> &'static str {
        CODES.get(self.code).copied().unwrap_or("Unknown")
    }
}

/// As Go's gRPC prints it.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rpc error: code = {} desc = {}", self.code(), self.text)
    }
}

#[cfg(test)]
mod tests;
