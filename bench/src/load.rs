//! Requests over TLS and HTTP/1.1, each task on a connection of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const NAMESPACE: &str = "bench";
const COLLECTION: &str = "/api/v1/namespaces/bench/configmaps";

/// What a load does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Reads one object of about 1 KiB.
    Get,
    /// Makes objects of about 1 KiB.
    Create,
}

impl Kind {
    /// Its name in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Create => "create",
        }
    }
}

/// What a load came to.
pub(crate) struct Report {
    /// Answers a second.
    pub rate: f64,
    /// Median, in milliseconds.
    pub p50: f64,
    /// 99th percentile, in milliseconds.
    pub p99: f64,
}

/// Speaks to one server.
#[derive(Clone)]
pub(crate) struct Client {
    address: String,
    token: String,
    tls: TlsConnector,
}

type Sender = SendRequest<Full<Bytes>>;

impl Client {
    /// A client of `host:port`; the server's certificate is not checked.
    ///
    /// # Errors
    /// TLS that cannot be set up.
    pub(crate) fn new(address: &str, token: &str) -> Result<Self, String> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyServer))
            .with_no_client_auth();
        Ok(Self {
            address: address.to_owned(),
            token: token.to_owned(),
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// True when `/readyz` answers 200.
    pub(crate) async fn is_ready(&self) -> bool {
        let Ok(mut sender) = self.connect().await else { return false };
        matches!(self.send(&mut sender, Method::GET, "/readyz", Bytes::new()).await, Ok((StatusCode::OK, _)))
    }

    /// Makes the namespace and the object that loads use.
    ///
    /// # Errors
    /// An answer that is neither success nor "exists".
    pub(crate) async fn prepare(&self) -> Result<(), String> {
        let mut sender = self.connect().await?;
        let namespace = format!(
            "{{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{{\"name\":\"{NAMESPACE}\"}}}}"
        );
        for (path, body) in [("/api/v1/namespaces", namespace), (COLLECTION, object("one"))] {
            let (status, _) = self.send(&mut sender, Method::POST, path, body.into()).await?;
            if status != StatusCode::CREATED && status != StatusCode::CONFLICT {
                return Err(format!("POST {path}: {status}"));
            }
        }
        Ok(())
    }

    /// Runs a load for a while.
    ///
    /// # Errors
    /// The first request that fails.
    pub(crate) async fn run(&self, kind: Kind, tasks: usize, length: Duration) -> Result<Report, String> {
        let number = Arc::new(AtomicU64::new(0));
        let prefix = format!("{}-{tasks}-{}", kind.name().to_ascii_lowercase(), std::process::id());
        let end = Instant::now() + length;
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..tasks {
            let (client, number, prefix) = (self.clone(), number.clone(), prefix.clone());
            running.spawn(async move { client.task(kind, &prefix, &number, end).await });
        }
        let mut times = Vec::new();
        while let Some(done) = running.join_next().await {
            times.extend(done.map_err(|e| e.to_string())??);
        }
        times.sort_unstable();
        let at = |share: f64| {
            let index = (times.len() as f64 * share) as usize;
            times.get(index.min(times.len().saturating_sub(1))).map_or(0.0, |t| t.as_secs_f64() * 1000.0)
        };
        Ok(Report { rate: times.len() as f64 / length.as_secs_f64(), p50: at(0.5), p99: at(0.99) })
    }

    async fn task(
        &self,
        kind: Kind,
        prefix: &str,
        number: &AtomicU64,
        end: Instant,
    ) -> Result<Vec<Duration>, String> {
        let mut sender = self.connect().await?;
        let mut times = Vec::new();
        while Instant::now() < end {
            let (method, path, body, wanted) = match kind {
                Kind::Get => (Method::GET, format!("{COLLECTION}/one"), Bytes::new(), StatusCode::OK),
                Kind::Create => {
                    let name = format!("{prefix}-{}", number.fetch_add(1, Ordering::Relaxed));
                    (Method::POST, COLLECTION.to_owned(), object(&name).into(), StatusCode::CREATED)
                }
            };
            let began = Instant::now();
            let (status, _) = self.send(&mut sender, method, &path, body).await?;
            if status != wanted {
                return Err(format!("{path}: {status}"));
            }
            times.push(began.elapsed());
        }
        Ok(times)
    }

    async fn connect(&self) -> Result<Sender, String> {
        let socket = TcpStream::connect(&self.address).await.map_err(|e| e.to_string())?;
        socket.set_nodelay(true).map_err(|e| e.to_string())?;
        let name = ServerName::try_from("localhost").map_err(|e| e.to_string())?;
        let stream = self.tls.connect(name, socket).await.map_err(|e| e.to_string())?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn send(
        &self,
        sender: &mut Sender,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(StatusCode, usize), String> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.address)
            .header("content-type", "application/json")
            .header("user-agent", "sumun-bench/1");
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        let request = request.body(Full::new(body)).map_err(|e| e.to_string())?;
        sender.ready().await.map_err(|e| e.to_string())?;
        let answer = sender.send_request(request).await.map_err(|e| e.to_string())?;
        let status = answer.status();
        let body = answer.into_body().collect().await.map_err(|e| e.to_string())?.to_bytes();
        Ok((status, body.len()))
    }
}

/// A config map of about 1 KiB.
fn object(name: &str) -> String {
    let data = "x".repeat(700);
    format!(
        "{{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{{\"name\":\"{name}\",\"labels\":{{\"app\":\"bench\"}}}},\
         \"data\":{{\"k\":\"{data}\"}}}}"
    )
}

/// Trusts any server: this program measures, it keeps no secrets.
#[derive(Debug)]
struct AnyServer;

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            signed,
            &aws_lc_rs::default_provider().signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            signed,
            &aws_lc_rs::default_provider().signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
