//! From a socket to a request: TLS by rustls, HTTP/1.1 and HTTP/2 by hyper, and the clocks that cut off whoever
//! stalls.  Entry point: [`Listener::serve`].

mod body;
mod connection;
mod gzip;
mod stall;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use body::Body;
pub(crate) use body::Chunks;
pub(crate) use connection::Held;
pub use connection::{ClientCertificate, Connection};
pub use tls::Tls;
pub(crate) use tls::{Policy, Trust, pem_text};

use crate::shutdown::Shutdown;

/// A TLS handshake must be over in this time.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Request headers must be there in this time.
const HEADER_TIMEOUT: Duration = Duration::from_secs(32);
/// A connection without a request is closed after this time (kube-apiserver's IdleTimeout).
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// A peer that takes none of our bytes for this time is cut off.
const WRITE_STALL_TIMEOUT: Duration = Duration::from_secs(60);
/// Connections at once; beyond that new ones wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 20_000;

/// What answers the requests of a connection.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request.  Never fails: a failure is an answer too.
    fn handle(
        self: Arc<Self>,
        connection: Arc<Connection>,
        request: hyper::Request<hyper::body::Incoming>,
    ) -> impl Future<Output = hyper::Response<Body>> + Send;
}

/// A bound socket and how to speak on it.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    /// `None` speaks plain HTTP: only for the insecure port on loopback.
    tls: Option<Tls>,
    max_streams: u32,
}

impl Listener {
    /// Binds a socket; port 0 takes a free one.
    ///
    /// # Errors
    /// What the system says, such as "address in use".
    pub async fn bind(address: SocketAddr, tls: Option<Tls>, max_streams: u32) -> std::io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        Ok(Self { socket, tls, max_streams })
    }

    /// The address it is bound to.
    ///
    /// # Errors
    /// What the system says.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves connections until `shutdown` says stop; then no new ones are taken, and it returns when the last
    /// request has been answered or the drain time is over.
    pub async fn serve<H: Handler>(self, handler: Arc<H>, shutdown: Shutdown) {
        let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut tasks = tokio::task::JoinSet::new();
        loop {
            let Ok(permit) = slots.clone().acquire_owned().await else { break };
            tokio::select! {
                () = shutdown.stop_accepting() => break,
                accepted = self.socket.accept() => match accepted {
                    Ok((socket, peer)) => {
                        let served = self.connection(socket, peer, handler.clone(), shutdown.clone(), permit);
                        tasks.spawn(served);
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
            }
            while tasks.try_join_next().is_some() {}
        }
        drop(self.socket);
        let drained = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(shutdown.drain_time(), drained).await.is_err() {
            tracing::warn!(
                connections = tasks.len(),
                "connections still open after the drain time, closing them"
            );
        }
    }

    fn connection<H: Handler>(
        &self,
        socket: tokio::net::TcpStream,
        peer: SocketAddr,
        handler: Arc<H>,
        shutdown: Shutdown,
        permit: OwnedSemaphorePermit,
    ) -> impl Future<Output = ()> + Send + 'static {
        let tls = self.tls.clone();
        let max_streams = self.max_streams;
        async move {
            let _ = socket.set_nodelay(true);
            let held = Held::new(peer, permit);
            if let Err(why) = connection::serve(socket, held, tls, max_streams, handler, shutdown).await {
                tracing::debug!(%peer, %why, "connection ended");
            }
        }
    }
}
