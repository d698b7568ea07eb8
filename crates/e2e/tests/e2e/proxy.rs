//! A network that fails: connections to a server go through a [`Proxy`], which cuts them after a random number of
//! bytes, in the middle of whatever they carry, or all at once.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

use crate::support::Random;

/// Forwards bytes to one address; dropping it ends all connections.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    target: SocketAddr,
    random: Mutex<Random>,
    /// Whether new connections get a limit of bytes.
    rough: AtomicBool,
    cut: broadcast::Sender<()>,
    /// How many connections it has cut.
    cuts: AtomicUsize,
}

impl Proxy {
    /// Starts to listen on a free port, for a server at `target` that need not be there all the time.
    pub async fn start(target: SocketAddr, random: Random) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (cut, _) = broadcast::channel(1);
        let shared = Arc::new(Shared {
            target,
            random: Mutex::new(random),
            rough: AtomicBool::new(true),
            cut,
            cuts: AtomicUsize::new(0),
        });
        let accepting = tokio::spawn(Arc::clone(&shared).accept(listener));
        Self { address, shared, accepting }
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts all connections that there are.
    pub fn cut(&self) {
        let _ = self.shared.cut.send(());
    }

    /// Whether connections that begin from now on are cut after a number of bytes; those that go on stay as they
    /// are.
    pub fn set_rough(&self, rough: bool) {
        self.shared.rough.store(rough, Ordering::Relaxed);
    }

    /// How many connections it has cut.
    pub fn cuts(&self) -> usize {
        self.shared.cuts.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

impl Shared {
    async fn accept(self: Arc<Self>, listener: TcpListener) {
        while let Ok((client, _)) = listener.accept().await {
            let limit = self.limit();
            let cut = self.cut.subscribe();
            tokio::spawn(Arc::clone(&self).forward(client, limit, cut));
        }
    }

    /// Bytes from the server that a new connection carries: enough for a handshake and a small answer, or all.
    fn limit(&self) -> u64 {
        let mut random = self.random.lock().unwrap();
        let limited = self.rough.load(Ordering::Relaxed) && random.below(3) != 0;
        if limited { 4_000 + random.below(60_000) } else { u64::MAX }
    }

    async fn forward(self: Arc<Self>, mut client: TcpStream, limit: u64, mut cut: broadcast::Receiver<()>) {
        let Ok(mut server) = TcpStream::connect(self.target).await else { return };
        let (mut from_client, mut to_client) = client.split();
        let (from_server, mut to_server) = server.split();
        let mut from_server = from_server.take(limit);
        let was_cut = tokio::select! {
            _ = copy(&mut from_client, &mut to_server) => false,
            _ = copy(&mut from_server, &mut to_client) => from_server.limit() == 0,
            _ = cut.recv() => true,
        };
        self.cuts.fetch_add(usize::from(was_cut), Ordering::Relaxed);
    }
}
