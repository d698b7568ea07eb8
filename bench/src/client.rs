//! Requests over TLS, HTTP/1.1 or HTTP/2.

use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::credential::Credential;

/// Namespace of all that is made.
pub(crate) const NAMESPACE: &str = "bench";

/// One HTTP/1.1 connection.
pub(crate) type Sender = http1::SendRequest<Full<Bytes>>;
/// One HTTP/2 connection; clones share it.
pub(crate) type Sender2 = http2::SendRequest<Full<Bytes>>;

/// Speaks to one server.
#[derive(Clone)]
pub(crate) struct Client {
    address: String,
    authorization: Option<String>,
    config: Arc<ClientConfig>,
}

impl Client {
    /// A client of `IP:port`; the server's certificate is not checked.
    ///
    /// # Errors
    /// TLS that cannot be set up.
    pub(crate) fn new(address: &str, token: &str) -> Result<Self, String> {
        Self::with(address, &Credential::Token(token.to_owned()))
    }

    /// A client that shows a credential.
    ///
    /// # Errors
    /// Files that cannot be read, and TLS that cannot be set up.
    pub(crate) fn with(address: &str, credential: &Credential) -> Result<Self, String> {
        let (authorization, config) = (credential.header(), credential.tls()?);
        Ok(Self { address: address.to_owned(), authorization, config })
    }

    /// True when `/readyz` answers 200.
    pub(crate) async fn is_ready(&self) -> bool {
        let Ok(mut sender) = self.connect().await else { return false };
        matches!(self.send(&mut sender, Method::GET, "/readyz", Bytes::new()).await, Ok((StatusCode::OK, _)))
    }

    /// Makes an object that may be there already.
    ///
    /// # Errors
    /// An answer that is neither success nor "exists".
    pub(crate) async fn make(&self, collection: &str, body: String) -> Result<(), String> {
        let mut sender = self.connect().await?;
        let (status, _) = self.send(&mut sender, Method::POST, collection, body.into()).await?;
        match status {
            StatusCode::CREATED | StatusCode::CONFLICT => Ok(()),
            _ => Err(format!("POST {collection}: {status}")),
        }
    }

    /// A new connection that speaks HTTP/1.1.
    ///
    /// # Errors
    /// A server that cannot be reached.
    pub(crate) async fn connect(&self) -> Result<Sender, String> {
        let stream = self.secure(self.socket(None).await?, None).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(text)?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// As [`Client::connect`], with a receive buffer in the kernel of `bytes`, so that a reader who stops reading
    /// stops the server soon.
    pub(crate) async fn connect_slow(&self, bytes: u32) -> Result<Sender, String> {
        let stream = self.secure(self.socket(Some(bytes)).await?, None).await?;
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(16 * 1024)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(text)?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// A new connection that speaks HTTP/2.
    pub(crate) async fn connect2(&self) -> Result<Sender2, String> {
        let stream = self.secure(self.socket(None).await?, Some(b"h2")).await?;
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.map_err(text)?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// Sends a request; reads the whole answer.
    pub(crate) async fn send(
        &self,
        sender: &mut Sender,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), String> {
        let request = self.request(method, path, "application/json", body)?;
        sender.ready().await.map_err(text)?;
        let answer = sender.send_request(request).await.map_err(text)?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await.map_err(text)?.to_bytes()))
    }

    /// Asks for something in a media type (further headers may follow it on lines of their own); answers as soon as
    /// the head is there.
    pub(crate) async fn open(
        &self,
        sender: &mut Sender,
        path: &str,
        accept: &str,
    ) -> Result<Response<Incoming>, String> {
        let request = self.request(Method::GET, path, accept, Bytes::new())?;
        sender.ready().await.map_err(text)?;
        good(sender.send_request(request).await.map_err(text)?)
    }

    /// As [`Client::open`], as one stream of an HTTP/2 connection.
    pub(crate) async fn open2(
        &self,
        sender: &mut Sender2,
        path: &str,
        accept: &str,
    ) -> Result<Response<Incoming>, String> {
        let mut request = self.request(Method::GET, path, accept, Bytes::new())?;
        request.headers_mut().remove("host");
        *request.uri_mut() = format!("https://{}{path}", self.address).parse().map_err(text)?;
        sender.ready().await.map_err(text)?;
        good(sender.send_request(request).await.map_err(text)?)
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        accept: &str,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, String> {
        let content =
            if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
        let (accept, encoding) = accept.split_once('\n').unwrap_or((accept, "identity"));
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.address)
            .header("accept", accept)
            .header("accept-encoding", encoding)
            .header("content-type", content)
            .header("user-agent", "sumun-bench/1");
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        request.body(Full::new(body)).map_err(text)
    }

    async fn socket(&self, receive_buffer: Option<u32>) -> Result<TcpStream, String> {
        let address: SocketAddr = self.address.parse().map_err(text)?;
        let socket =
            if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.map_err(text)?;
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes).map_err(text)?;
        }
        socket.set_nodelay(true).map_err(text)?;
        socket.connect(address).await.map_err(text)
    }

    async fn secure(
        &self,
        socket: TcpStream,
        protocol: Option<&[u8]>,
    ) -> Result<TlsStream<TcpStream>, String> {
        let mut config = Arc::clone(&self.config);
        if let Some(protocol) = protocol {
            Arc::make_mut(&mut config).alpn_protocols = vec![protocol.to_vec()];
        }
        let name = ServerName::try_from("localhost").map_err(text)?;
        TlsConnector::from(config).connect(name, socket).await.map_err(text)
    }
}

/// An error's text.
pub(crate) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn good(answer: Response<Incoming>) -> Result<Response<Incoming>, String> {
    if answer.status() == StatusCode::OK { Ok(answer) } else { Err(format!("answer {}", answer.status())) }
}
