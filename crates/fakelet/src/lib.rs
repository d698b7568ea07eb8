//! A kubelet for tests: HTTPS on a free port of this machine, logs, exec, attach and port-forward over SPDY as real
//! kubelets speak it, and an echo of everything else.  Entry point: [`Fakelet::start`].

#![expect(clippy::expect_used, reason = "only tests call it: what fails here is a failed test")]

mod answers;
mod ask;
mod streams;
mod wire;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names and values of the headers.
    pub headers: Vec<(String, String)>,
    /// The certificate that the client showed, DER.
    pub certificate: Option<Vec<u8>>,
}

impl Asked {
    /// All values of a header, separated by commas.
    pub fn header(&self, name: &str) -> String {
        let values = self.headers.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str());
        values.collect::<Vec<_>>().join(",")
    }
}

/// What a kubelet remembers.
#[derive(Debug, Default)]
struct Diary {
    asked: Mutex<Vec<Asked>>,
    upgraded: AtomicUsize,
}

/// An upgraded connection, counted as long as it is open.
struct Upgraded(Arc<Diary>);

impl Upgraded {
    fn new(diary: Arc<Diary>) -> Self {
        diary.upgraded.fetch_add(1, Ordering::SeqCst);
        Self(diary)
    }
}

impl Drop for Upgraded {
    fn drop(&mut self) {
        self.0.upgraded.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A running kubelet; it ends when dropped.
#[derive(Debug)]
pub struct Fakelet {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its certificate, PEM, which is its own CA.
    pub certificate: String,
    diary: Arc<Diary>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Fakelet {
    /// Starts a kubelet that speaks TLS.
    pub fn start() -> Self {
        Self::launch(true)
    }

    /// Starts the same without TLS, as a pod would serve.
    pub fn start_plain() -> Self {
        Self::launch(false)
    }

    fn launch(with_tls: bool) -> Self {
        let identity = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]);
        let identity = identity.expect("a certificate can be made");
        let acceptor = with_tls.then(|| acceptor(&identity));
        let diary = Arc::new(Diary::default());
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let written = diary.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be made").block_on(async move {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
                tell.send(listener.local_addr().expect("a bound address")).expect("the test waits");
                tokio::select! {
                    () = serve(listener, acceptor, written) => {}
                    _ = stopped => {}
                }
            });
        });
        let address = told.recv().expect("the thread runs");
        let certificate = identity.cert.pem();
        Self { address, certificate, diary, stop: Some(stop), thread: Some(thread) }
    }

    /// The requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.diary.asked.lock().map(|asked| asked.clone()).unwrap_or_default()
    }

    /// Upgraded connections that are still open.
    pub fn upgraded(&self) -> usize {
        self.diary.upgraded.load(Ordering::SeqCst)
    }
}

impl Drop for Fakelet {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn acceptor(identity: &rcgen::CertifiedKey<rcgen::KeyPair>) -> TlsAcceptor {
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(identity.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_client_cert_verifier(Arc::new(ask::AskAnyone::new()))
        .with_single_cert(vec![identity.cert.der().clone()], key.into())
        .expect("a certificate and its key");
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(listener: TcpListener, acceptor: Option<TlsAcceptor>, diary: Arc<Diary>) {
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(connection(socket, acceptor.clone(), diary.clone()));
    }
}

async fn connection(socket: TcpStream, acceptor: Option<TlsAcceptor>, diary: Arc<Diary>) {
    match acceptor {
        None => http(socket, None, diary).await,
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(socket).await {
                let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
                let shown = shown.map(|certificate| certificate.to_vec());
                http(stream, shown, diary).await;
            }
        }
    }
}

async fn http<S>(stream: S, certificate: Option<Vec<u8>>, diary: Arc<Diary>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let headers = request.headers().iter();
        let headers =
            headers.map(|(n, v)| (n.to_string(), String::from_utf8_lossy(v.as_bytes()).into_owned()));
        let target = request.uri().to_string();
        let (method, certificate) = (request.method().to_string(), certificate.clone());
        let asked = Asked { method, target, headers: headers.collect(), certificate };
        if let Ok(mut log) = diary.asked.lock() {
            log.push(asked.clone());
        }
        let diary = diary.clone();
        async move { Ok::<_, std::convert::Infallible>(answers::answer(request, asked, diary).await) }
    });
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}
