//! Connections to one server: one of HTTP/2 that all requests share, or idle ones of HTTP/1.1.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::header::HOST;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::Instant;

use super::Response;
use crate::dial::{self, Wire};
use crate::tls::Tls;
use crate::{Config, Error, Kind};

type Body = Full<Bytes>;
type Request = hyper::Request<Body>;

/// Idle connections that are kept (client-go's bound).
const MOST_IDLE: usize = 25;
/// How long an idle connection is kept (Go's default).
const IDLE: Duration = Duration::from_secs(90);
/// How long to wait for a sign of life, and then for its answer (client-go's).
const PING: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(15));

pub(super) struct Pool {
    tls: Option<Tls>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    shared: Option<http2::SendRequest<Body>>,
    idle: Vec<(Instant, http1::SendRequest<Body>)>,
}

enum Sender {
    Shared(http2::SendRequest<Body>),
    Own(http1::SendRequest<Body>),
}

impl Pool {
    pub(super) fn new(tls: Option<Tls>) -> Self {
        Self { tls, kept: Mutex::default() }
    }

    pub(super) fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// Sends a request and reads the whole answer.  A kept connection that turns out to be closed before anything was
    /// sent on it is replaced.
    pub(super) async fn send(
        &self,
        config: &Config,
        mut request: Request,
        largest: usize,
        deadline: Instant,
    ) -> Result<Response, Error> {
        while let Some(sender) = self.take().await {
            match sender.send(config, request).await {
                Ok((response, sender)) => return self.read(response, sender, largest).await,
                Err((_, Some(unsent))) => request = *unsent,
                Err((error, None)) => return Err(error),
            }
        }
        let sender = self.open(config, deadline).await?;
        match sender.send(config, request).await {
            Ok((response, sender)) => self.read(response, sender, largest).await,
            Err((error, _)) => Err(error),
        }
    }

    /// A connection that was kept.
    async fn take(&self) -> Option<Sender> {
        loop {
            let (_, mut sender) = {
                let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(shared) = kept.shared.as_ref().filter(|shared| !shared.is_closed()) {
                    return Some(Sender::Shared(shared.clone()));
                }
                kept.shared = None;
                kept.idle.retain(|(since, sender)| since.elapsed() < IDLE && !sender.is_closed());
                kept.idle.pop()?
            };
            if sender.ready().await.is_ok() {
                return Some(Sender::Own(sender));
            }
        }
    }

    async fn open(&self, config: &Config, deadline: Instant) -> Result<Sender, Error> {
        let (host, port) = (config.server.host(), config.server.port());
        let socket = match &config.proxy {
            Some(proxy) => dial::through(proxy, host, port, deadline).await?,
            None => dial::connect(host, port, &[], deadline).await?,
        };
        let Some(tls) = &self.tls else { return own(Box::new(socket)).await };
        let stream = dial::secure(tls.config(), config.expected_name(), socket, deadline).await?;
        if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return own(Box::new(stream)).await;
        }
        let shared = shared(Box::new(stream)).await?;
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).shared = Some(shared.clone());
        Ok(Sender::Shared(shared))
    }

    async fn read(
        &self,
        response: hyper::Response<Incoming>,
        sender: Sender,
        largest: usize,
    ) -> Result<Response, Error> {
        let (head, mut incoming) = response.into_parts();
        let too_large = || Error::new(Kind::TooLarge, format!("the answer is larger than {largest} bytes"));
        if incoming.size_hint().lower() > largest as u64 {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        while let Some(frame) = incoming.frame().await {
            let frame =
                frame.map_err(|e| failure(&e).during("unexpected error when reading response body"))?;
            let Some(data) = frame.data_ref() else { continue };
            if body.len() + data.len() > largest {
                return Err(too_large());
            }
            body.extend_from_slice(data);
        }
        if let Sender::Own(sender) = sender {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.idle.len() < MOST_IDLE {
                kept.idle.push((Instant::now(), sender));
            }
        }
        Ok(Response { code: head.status.as_u16(), headers: head.headers, body: body.freeze() })
    }
}

type Sent = Result<(hyper::Response<Incoming>, Sender), (Error, Option<Box<Request>>)>;

impl Sender {
    /// Sends a request; one that was not sent comes back.
    async fn send(self, config: &Config, mut request: Request) -> Sent {
        match self {
            Self::Own(mut sender) => match sender.try_send_request(request).await {
                Ok(response) => Ok((response, Self::Own(sender))),
                Err(mut failed) => Err((failure(failed.error()), failed.take_message().map(Box::new))),
            },
            Self::Shared(mut sender) => {
                let (origin, target) = (config.server.authority(), request.uri().to_string());
                let scheme = if config.server.is_https() { "https" } else { "http" };
                if let Ok(uri) = format!("{scheme}://{origin}{target}").parse() {
                    *request.uri_mut() = uri;
                }
                request.headers_mut().remove(HOST);
                match sender.try_send_request(request).await {
                    Ok(response) => Ok((response, Self::Shared(sender))),
                    Err(mut failed) => {
                        let unsent = failed.take_message().map(|request| Box::new(as_own(request, &origin)));
                        Err((failure(failed.error()), unsent))
                    }
                }
            }
        }
    }
}

/// A request as HTTP/1.1 has it.
fn as_own(mut request: Request, origin: &str) -> Request {
    let target = request.uri().path_and_query().and_then(|target| target.as_str().parse().ok());
    if let Some(target) = target {
        *request.uri_mut() = target;
    }
    if let Ok(origin) = origin.parse() {
        request.headers_mut().insert(HOST, origin);
    }
    request
}

async fn own(wire: Box<dyn Wire>) -> Result<Sender, Error> {
    let (sender, connection) =
        http1::Builder::new().handshake(TokioIo::new(wire)).await.map_err(|e| failure(&e))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended");
        }
    });
    Ok(Sender::Own(sender))
}

async fn shared(wire: Box<dyn Wire>) -> Result<http2::SendRequest<Body>, Error> {
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(PING.0)
        .keep_alive_timeout(PING.1)
        .handshake(TokioIo::new(wire))
        .await
        .map_err(|e| failure(&e))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended");
        }
    });
    Ok(sender)
}

fn failure(error: &hyper::Error) -> Error {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    if let Some(cause) = cause {
        dial::io_failure(cause)
    } else if error.is_timeout() {
        Error::new(Kind::Reset, "http2: client connection lost")
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        Error::new(Kind::Protocol, "EOF")
    } else if error.is_parse() {
        Error::new(Kind::Protocol, format!("net/http: HTTP/1.x transport connection broken: {error}"))
    } else {
        Error::new(Kind::Protocol, error.to_string())
    }
}
