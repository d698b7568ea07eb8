//! A webhook for tests: HTTPS on a free port of this machine that answers reviews as a test wants it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

/// What a webhook does with a review.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Answers it with this status.
    Status(Value),
    /// Answers with these bytes and this status code.
    Bytes(u16, Vec<u8>),
    /// Answers much later.
    Late,
    /// Closes the connection.
    Hang,
}

type Answer = dyn Fn(&Value) -> Reply + Send + Sync;

/// A running webhook; it ends when dropped.
pub struct Hook {
    address: SocketAddr,
    certificate: String,
    asked: Arc<Mutex<Vec<Value>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Hook {
    /// Starts one that answers by `answer`.
    pub fn start(answer: impl Fn(&Value) -> Reply + Send + Sync + 'static) -> Self {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = PrivateKeyDer::from_pem_slice(signing_key.serialize_pem().as_bytes()).unwrap();
        let mut tls = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let asked = Arc::<Mutex<Vec<Value>>>::default();
        let (diary, answer): (_, Arc<Answer>) = (asked.clone(), Arc::new(answer));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let serving = serve(listener, TlsAcceptor::from(Arc::new(tls)), diary, answer);
                tokio::select! {
                    () = serving => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, certificate: cert.pem(), asked, stop: Some(stop), thread: Some(thread) }
    }

    /// Writes a kubeconfig that leads here, and the certificate beside it.
    pub fn kubeconfig(&self, dir: &Path, name: &str) -> PathBuf {
        let path = dir.join(format!("{name}.kubeconfig"));
        std::fs::write(dir.join(format!("{name}.crt")), &self.certificate).unwrap();
        let text = format!(
            "{{current-context: c, contexts: [{{name: c, context: {{cluster: c, user: u}}}}], \
             clusters: [{{name: c, cluster: {{server: 'https://{}/review', certificate-authority: {name}.crt}}}}], \
             users: [{{name: u, user: {{token: of-the-server}}}}]}}",
            self.address
        );
        std::fs::write(&path, text).unwrap();
        path
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }

    /// Closes its port.
    pub fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn serve(
    listener: std::net::TcpListener,
    tls: TlsAcceptor,
    diary: Arc<Mutex<Vec<Value>>>,
    answer: Arc<Answer>,
) {
    let listener = TcpListener::from_std(listener).unwrap();
    while let Ok((socket, _)) = listener.accept().await {
        let (tls, diary, answer) = (tls.clone(), diary.clone(), answer.clone());
        tokio::spawn(async move {
            let Ok(stream) = tls.accept(socket).await else { return };
            let service = service_fn(move |request| reply(request, diary.clone(), answer.clone()));
            let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn reply(
    request: Request<Incoming>,
    diary: Arc<Mutex<Vec<Value>>>,
    answer: Arc<Answer>,
) -> Result<Response<Full<Bytes>>, String> {
    let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let authorization = request.headers().get("authorization").map(|v| v.to_str().unwrap().to_owned());
    let body = request.into_body().collect().await.map_err(|e| e.to_string())?.to_bytes();
    let mut review: Value = serde_json::from_slice(&body).unwrap();
    diary.lock().unwrap().push(json!({"target": target, "authorization": authorization, "review": review}));
    let respond = |code: u16, bytes: Vec<u8>| {
        let builder = Response::builder().status(code).header("content-type", "application/json");
        Ok(builder.body(Full::new(Bytes::from(bytes))).unwrap())
    };
    match answer(&review) {
        Reply::Status(status) => {
            review["status"] = status;
            respond(200, review.to_string().into_bytes())
        }
        Reply::Bytes(code, bytes) => respond(code, bytes),
        Reply::Late => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            respond(200, Vec::new())
        }
        Reply::Hang => Err("enough".to_owned()),
    }
}
