//! A server with a node, a pod and a service, and plain clients of it.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use api::Value;
use bytes::{Bytes, BytesMut};
use fakelet::Fakelet;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use spdy::{Compressor, Decoder, Frame};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::oneshot;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::Server;
use crate::config::Config;

pub(super) type ClientSocket = WebSocketStream<TokioIo<Upgraded>>;

/// A server with what it needs around it.
pub(super) struct Cluster {
    address: SocketAddr,
    pub(super) kubelet: Fakelet,
    pub(super) pod: Fakelet,
    /// What the server shows to kubelets, DER.
    pub(super) certificate: Vec<u8>,
    stop: Option<oneshot::Sender<()>>,
    folder: tempfile::TempDir,
}

/// An answer that was read.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    headers: hyper::HeaderMap,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    pub(super) fn json(&self) -> Value {
        codec::json::parse(self.body.as_bytes()).map(|p| p.value).unwrap_or(Value::Null)
    }

    pub(super) fn message(&self) -> String {
        self.json().str_at(&["message"]).to_owned()
    }

    pub(super) fn reason(&self) -> String {
        self.json().str_at(&["reason"]).to_owned()
    }
}

impl Cluster {
    /// A server that knows a node `n` with these features, a pod `p` on it and a service `s` before it.
    pub(super) async fn start(features: &[&str]) -> Self {
        let (kubelet, pod) = (Fakelet::start(), Fakelet::start_plain());
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("kubelet-ca.pem");
        std::fs::write(&ca, &kubelet.certificate).unwrap();
        let shown = rcgen::generate_simple_self_signed(vec!["server".to_owned()]).unwrap();
        let (cert, key) = (folder.path().join("client.crt"), folder.path().join("client.key"));
        std::fs::write(&cert, shown.cert.pem()).unwrap();
        std::fs::write(&key, shown.signing_key.serialize_pem()).unwrap();
        let certificate = shown.cert.der().to_vec();
        let config = Config {
            kubelet_client_certificate: Some(cert),
            kubelet_client_key: Some(key),
            data_dir: folder.path().join("data"),
            bind_address: [127, 0, 0, 1].into(),
            secure_port: 0,
            insecure_port: Some(0),
            kubelet_certificate_authority: Some(ca),
            ..Config::default()
        };
        let server = Server::start(config).await.unwrap();
        let address = server.ready().insecure_address.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(server.run_until(async move {
            let _ = stopped.await;
        }));
        let cluster = Self { address, kubelet, pod, certificate, stop: Some(stop), folder };
        cluster.fill(features).await;
        cluster
    }

    async fn fill(&self, features: &[&str]) {
        let (kubelet, pod) = (self.kubelet.address.port(), self.pod.address.port());
        self.create("/api/v1/nodes", r#"{"kind":"Node","apiVersion":"v1","metadata":{"name":"n"}}"#).await;
        self.set_node(kubelet, features).await;
        let pods = "/api/v1/namespaces/default/pods";
        self.create(pods, &format!(r#"{{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"p"}},"spec":{{"nodeName":"n","containers":[{{"name":"c","image":"i","ports":[{{"containerPort":{pod}}}]}}]}}}}"#)).await;
        let status = r#"{"status":{"podIP":"127.0.0.1","podIPs":[{"ip":"127.0.0.1"}]}}"#;
        self.merge(&format!("{pods}/p/status"), status).await;
        self.create(
            "/api/v1/namespaces/default/services",
            r#"{"kind":"Service","apiVersion":"v1","metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}}"#,
        )
        .await;
        let endpoints = r#"{"kind":"Endpoints","apiVersion":"v1","metadata":{"name":"s"},"subsets":[{"addresses":[{"ip":"10.1.2.3","targetRef":{"kind":"Pod","namespace":"default","name":"p"}}],"ports":[{"port":80}]}]}"#;
        self.create("/api/v1/namespaces/default/endpoints", endpoints).await;
    }

    async fn set_node(&self, port: u16, features: &[&str]) {
        let features: Vec<String> = features.iter().map(|f| format!("{f:?}")).collect();
        let features = features.join(",");
        let status = format!(
            r#"{{"status":{{"addresses":[{{"type":"InternalIP","address":"127.0.0.1"}}],"daemonEndpoints":{{"kubeletEndpoint":{{"Port":{port}}}}},"declaredFeatures":[{features}]}}}}"#
        );
        self.merge("/api/v1/nodes/n/status", &status).await;
    }

    /// Sends the server to a port where nobody listens.
    pub(super) async fn break_kubelet(&self) {
        self.set_node(1, &[]).await;
    }

    /// `host:port` that clients ask.
    pub(super) fn host(&self) -> String {
        self.address.to_string()
    }

    /// Lets the server stop; does not wait.
    pub(super) fn stop(&mut self) {
        drop(self.stop.take());
    }

    /// Replaces the CA of kubelets.
    pub(super) fn trust(&self, certificate: &str) {
        std::fs::write(self.folder.path().join("kubelet-ca.pem"), certificate).unwrap();
    }

    async fn create(&self, path: &str, object: &str) {
        let answer = self.ask("POST", path, &[("content-type", "application/json")], object).await;
        assert_eq!(answer.status, 201, "{path}: {}", answer.body);
    }

    async fn merge(&self, path: &str, patch: &str) {
        let kind = [("content-type", "application/merge-patch+json")];
        let answer = self.ask("PATCH", path, &kind, patch).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "").await
    }

    pub(super) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        read(self.send(method, path, headers, body).await).await
    }

    /// An answer whose body is still to be read.
    pub(super) async fn open(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Response<Incoming> {
        self.send(method, path, headers, "").await
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response<Incoming> {
        let socket = tokio::net::TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.unwrap();
        tokio::spawn(connection.with_upgrades());
        let mut request = Request::builder().method(method).uri(path).header("host", self.host());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        sender.send_request(request).await.unwrap()
    }

    /// Asks for another protocol; the stream is there when the answer is 101.
    pub(super) async fn upgrade(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (Answer, Option<TokioIo<Upgraded>>) {
        let mut response = self.send(method, path, headers, "").await;
        if response.status() != 101 {
            return (read(response).await, None);
        }
        let stream = hyper::upgrade::on(&mut response).await.unwrap();
        let head = Answer { status: 101, body: String::new(), headers: response.headers().clone() };
        (head, Some(TokioIo::new(stream)))
    }

    /// A WebSocket, else the status of the refusal.
    pub(super) async fn websocket(&self, path: &str, more: &[(&str, &str)]) -> Result<ClientSocket, u16> {
        let mut headers = vec![
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        headers.extend_from_slice(more);
        let (answer, stream) = self.upgrade("GET", path, &headers).await;
        let Some(stream) = stream else { return Err(answer.status) };
        assert_eq!(answer.header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        Ok(WebSocketStream::from_raw_socket(stream, Role::Client, None).await)
    }
}

async fn read(response: Response<Incoming>) -> Answer {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    Answer { status: parts.status.as_u16(), body, headers: parts.headers }
}

/// The frames that open streams.
pub(super) fn frames(streams: &[(u32, &str)]) -> BytesMut {
    let mut packer = Compressor::default();
    let mut out = BytesMut::new();
    for (stream, kind) in streams {
        let block = packer.pack(&[("streamtype", kind), ("port", "80")]).unwrap().into();
        Frame::SynStream { stream: *stream, fin: false, block }.write(&mut out);
    }
    out
}

/// What the other side of SPDY says, by stream.
#[derive(Default)]
pub(super) struct Told {
    decoder: Decoder,
    input: BytesMut,
    pub(super) data: HashMap<u32, String>,
    pub(super) ended: HashSet<u32>,
}

impl Told {
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
        while let Some(frame) = self.decoder.decode(&mut self.input).unwrap() {
            if let Frame::Data { stream, fin, bytes } = frame {
                self.data.entry(stream).or_default().push_str(std::str::from_utf8(&bytes).unwrap());
                if fin {
                    self.ended.insert(stream);
                }
            }
        }
    }
}

/// A client that speaks SPDY itself.
pub(super) struct SpdyClient(TokioIo<Upgraded>);

impl SpdyClient {
    pub(super) fn new(stream: TokioIo<Upgraded>) -> Self {
        Self(stream)
    }

    pub(super) async fn open(&mut self, streams: &[(u32, &str)]) {
        self.0.write_all(&frames(streams)).await.unwrap();
    }

    pub(super) async fn read_until_fin(&mut self, stream: u32) -> String {
        let mut told = Told::default();
        while !told.ended.contains(&stream) {
            let mut bytes = BytesMut::new();
            assert!(self.0.read_buf(&mut bytes).await.unwrap() > 0, "the stream breaks off");
            told.take(&bytes);
        }
        told.data.remove(&stream).unwrap_or_default()
    }
}
