//! One connection: handshake, HTTP, and the watch over its idleness.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use authn::certificate::Subject;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::stall::{Patience, StallGuard};
use super::tls::{Judgement, Tls, Trust};
use super::{HANDSHAKE_TIMEOUT, HEADER_TIMEOUT, Handler, IDLE_TIMEOUT, WRITE_STALL_TIMEOUT};
use crate::shutdown::Shutdown;

/// What is known of a connection before its first request.
#[derive(Debug)]
pub struct Connection {
    /// The other end.
    pub peer: SocketAddr,
    /// The certificate that the client showed, if it did.
    pub client: Option<ClientCertificate>,
    /// True on the insecure port: no authentication, no authorization.
    pub insecure: bool,
}

/// What a request may take along that outlives its connection's HTTP: among its extensions.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// The other end.
    pub(crate) peer: SocketAddr,
    /// The place among all connections, free when nobody holds it any more.
    _place: Arc<OwnedSemaphorePermit>,
    patience: Patience,
}

impl Held {
    pub(super) fn new(peer: SocketAddr, place: OwnedSemaphorePermit) -> Self {
        Self { peer, _place: Arc::new(place), patience: Patience::default() }
    }

    /// Lets the client take as long as it likes to read.  Only for requests that last as long as the client wants.
    pub(crate) fn be_patient(&self) {
        self.patience.begin();
    }
}

/// The certificate a client showed; its key is the client's, which says nothing about whose word it is.
pub struct ClientCertificate {
    /// The certificates shown, leaf first.
    chain: Vec<CertificateDer<'static>>,
    subject: Result<Subject, String>,
    trust: Arc<Trust>,
    judged: ArcSwapOption<Judgement>,
}

impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientCertificate").field("subject", &self.subject).finish_non_exhaustive()
    }
}

impl ClientCertificate {
    fn new(trust: &Arc<Trust>, shown: Option<&[CertificateDer<'static>]>) -> Option<Self> {
        let chain = shown.filter(|shown| !shown.is_empty())?.to_vec();
        let subject =
            chain.first().map_or(Err(String::new()), |leaf| Subject::of(leaf).map_err(|e| e.to_string()));
        Some(Self { chain, subject, trust: trust.clone(), judged: ArcSwapOption::default() })
    }

    /// Whom it names; why it cannot be read.
    pub(crate) fn subject(&self) -> Result<&Subject, &str> {
        self.subject.as_ref().map_err(String::as_str)
    }

    /// What it is worth now, in seconds since the Unix epoch.
    pub(crate) fn judge(&self, now: i64) -> Arc<Judgement> {
        let earlier = self.judged.load();
        let judgement = self.trust.judge(&self.chain, earlier.as_ref(), now);
        if earlier.as_ref().is_none_or(|earlier| !Arc::ptr_eq(earlier, &judgement)) {
            self.judged.store(Some(judgement.clone()));
        }
        judgement
    }
}

/// Windows and buffers of HTTP/2: many slow watchers must not cost megabytes each.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
const SEND_BUFFER: usize = 64 * 1024;
const HEADER_LIST: u32 = 1024 * 1024;

pub(super) async fn serve<H: Handler>(
    socket: TcpStream,
    held: Held,
    tls: Option<Tls>,
    max_streams: u32,
    handler: Arc<H>,
    shutdown: Shutdown,
) -> Result<(), String> {
    let peer = held.peer;
    let local = socket.local_addr().ok().map(|address| address.ip());
    let socket = StallGuard::new(socket, WRITE_STALL_TIMEOUT, held.patience.clone());
    let Some(tls) = tls else {
        let connection = Connection { peer, client: None, insecure: true };
        return http(socket, (connection, held), max_streams, handler, shutdown).await;
    };
    let settings = tls.settings(local).ok_or("there is no serving certificate")?;
    let acceptor = tokio_rustls::TlsAcceptor::from(settings);
    let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(socket));
    let stream = tokio::select! {
        done = handshake => done
            .map_err(|_| "the TLS handshake took too long".to_owned())?
            .map_err(|e| format!("TLS handshake: {e}"))?,
        // Whoever has not even shown up has asked for nothing that could be waited for.
        () = shutdown.close_connections() => return Err("closed before its TLS handshake".to_owned()),
    };
    let client = ClientCertificate::new(tls.trust(), stream.get_ref().1.peer_certificates());
    let connection = Connection { peer, client, insecure: false };
    http(stream, (connection, held), max_streams, handler, shutdown).await
}

/// Speaks HTTP on an open stream until the client leaves, idles too long, or the server shuts down.
async fn http<S, H>(
    stream: S,
    (connection, held): (Connection, Held),
    max_streams: u32,
    handler: Arc<H>,
    shutdown: Shutdown,
) -> Result<(), String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Handler,
{
    let connection = Arc::new(connection);
    let activity = Arc::new(Activity::default());
    let service = {
        let activity = activity.clone();
        service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(held.clone());
            let (handler, connection, busy) = (handler.clone(), connection.clone(), activity.begin());
            async move {
                let response = handler.handle(connection, request).await;
                Ok::<_, std::convert::Infallible>(response.map(|body| body.while_sending(busy)))
            }
        })
    };
    let builder = builder(max_streams);
    let serving = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let mut idle_check = tokio::time::interval(IDLE_TIMEOUT / 3);
    let mut closing = false;
    loop {
        tokio::select! {
            ended = &mut serving => return ended.map_err(|e| e.to_string()),
            () = shutdown.close_connections(), if !closing => {
                serving.as_mut().graceful_shutdown();
                closing = true;
            }
            _ = idle_check.tick(), if !closing => {
                if activity.idle_for() >= IDLE_TIMEOUT {
                    serving.as_mut().graceful_shutdown();
                    closing = true;
                }
            }
        }
    }
}

fn builder(max_streams: u32) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_buf_size(1024 * 1024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(max_streams)
        .max_header_list_size(HEADER_LIST)
        .max_send_buf_size(SEND_BUFFER)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(15));
    builder
}

/// Counts the requests in flight on a connection and remembers when the last one ended.
#[derive(Debug)]
struct Activity {
    in_flight: AtomicUsize,
    last_end: std::sync::Mutex<Instant>,
}

impl Default for Activity {
    fn default() -> Self {
        Self { in_flight: AtomicUsize::new(0), last_end: std::sync::Mutex::new(Instant::now()) }
    }
}

/// A request in flight; dropped when its answer has been sent.
#[derive(Debug)]
pub(super) struct Busy(Arc<Activity>);

impl Activity {
    fn begin(self: &Arc<Self>) -> Busy {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Busy(self.clone())
    }

    fn idle_for(&self) -> Duration {
        if self.in_flight.load(Ordering::Relaxed) > 0 {
            return Duration::ZERO;
        }
        self.last_end.lock().map(|at| at.elapsed()).unwrap_or_default()
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Ok(mut at) = self.0.last_end.lock() {
            *at = Instant::now();
        }
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
