//! The client against servers on loopback: with and without TLS, HTTP/1.1 and HTTP/2, slow, cut, huge.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::tls::Trust;
use crate::{Pem, Server};

/// A server that counts its connections.
struct Loopback {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    authority: Pem,
}

impl Loopback {
    async fn start(alpn: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        // A self-signed authority that serves, as `openssl req -x509` makes them.
        let mut params = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap(),
            )
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|p| p.as_bytes().to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let count = connections.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(socket).await else { return };
                    let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
                });
            }
        });
        Self { address, connections, authority: Pem::bytes("ca", certificate.pem().into_bytes()) }
    }

    fn config(&self) -> Config {
        let server = Server::https("127.0.0.1", self.address.port());
        Config { trust: Trust::Authorities(self.authority.clone()), ..Config::of_url(server) }
    }

    fn client(&self) -> Client {
        Client::new(self.config()).unwrap()
    }
}

async fn answer(request: hyper::Request<Incoming>) -> Result<hyper::Response<Full<Bytes>>, String> {
    let header =
        |name: &str| request.headers().get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    let reply = |code: u16, body: String| {
        Ok(hyper::Response::builder().status(code).body(Full::new(Bytes::from(body))).unwrap())
    };
    match request.uri().path() {
        "/slow" => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            reply(200, String::new())
        }
        "/huge" => reply(200, "x".repeat(1 << 20)),
        "/cut" => Err("enough".to_owned()),
        "/away" => Ok(hyper::Response::builder()
            .status(302)
            .header("location", "https://127.0.0.1:1/")
            .body(Full::default())
            .unwrap()),
        path => reply(
            200,
            format!(
                r#"{{"path":"{path}","query":"{}","who":"{}","as":"{}","version":"{:?}"}}"#,
                request.uri().query().unwrap_or(""),
                header("authorization"),
                header("impersonate-extra-a%2Fb"),
                request.version(),
            ),
        ),
    }
}

#[tokio::test]
async fn connections_are_used_again() {
    for (alpn, version) in [(&["http/1.1"][..], "HTTP/1.1"), (&["h2", "http/1.1"], "HTTP/2.0")] {
        let server = Loopback::start(alpn).await;
        let client = server.client();
        for _ in 0..5 {
            let answer = client.call(&Request::get("/a").query("b=c")).await.unwrap();
            assert_eq!((answer.str_at(&["path"]), answer.str_at(&["query"])), ("/a", "b=c"));
            assert_eq!(answer.str_at(&["version"]), version);
        }
        assert_eq!(server.connections.load(Ordering::SeqCst), 1, "{version}");
    }
}

#[tokio::test]
async fn who_asks_is_shown_and_not_told() {
    let server = Loopback::start(&["h2"]).await;
    let mut config = server.config();
    config.authentication = crate::Authentication::Token(api::Secret::new("s3cret"));
    config.impersonation.user = "jane".to_owned();
    config.impersonation.extra.insert("a/b".to_owned(), vec!["x".to_owned()]);
    let client = Client::new(config).unwrap();
    let answer = client.call(&Request::get("/")).await.unwrap();
    assert_eq!((answer.str_at(&["who"]), answer.str_at(&["as"])), ("Bearer s3cret", "x"));
    assert!(!format!("{client:?} {:?}", client.config()).contains("s3cret"));
}

#[tokio::test]
async fn time_and_size_are_bounded_and_redirects_not_followed() {
    for alpn in ["http/1.1", "h2"] {
        let server = Loopback::start(&[alpn]).await;
        let client = server.client();
        let slow = Request { timeout: Some(Duration::from_millis(50)), ..Request::get("/slow") };
        let error = client.call(&slow).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout);
        assert!(error.to_string().starts_with("Get \"https://127.0.0.1:"), "{error}");
        let huge = Request { largest: 1000, ..Request::get("/huge") };
        assert_eq!(client.send(&huge).await.unwrap_err().kind(), Kind::TooLarge);
        assert_eq!(client.send(&Request::get("/away")).await.unwrap().code, 302);
        assert!(client.send(&Request::get("/cut")).await.is_err());
        assert_eq!(client.call(&Request::get("/")).await.unwrap().str_at(&["path"]), "/");
    }
}

#[tokio::test]
async fn strangers_are_refused() {
    let server = Loopback::start(&["h2"]).await;
    let other = Loopback::start(&["h2"]).await;
    let mut config = server.config();
    config.trust = Trust::Authorities(other.authority.clone());
    let error = Client::new(config.clone()).unwrap().call(&Request::get("/")).await.unwrap_err();
    assert!(error.to_string().ends_with("x509: certificate signed by unknown authority"), "{error}");
    config.trust = Trust::Authorities(server.authority.clone());
    config.server_name = Some("example.com".to_owned());
    let error = Client::new(config.clone()).unwrap().call(&Request::get("/")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Tls, "{error}");
    config.trust = Trust::Anybody;
    assert!(Client::new(config).unwrap().call(&Request::get("/")).await.is_ok());
}

#[tokio::test]
async fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let client = Client::new(Config::of_url(Server::https("127.0.0.1", port))).unwrap();
    let error = client.call(&Request::post("/a", &Value::object())).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "Post \"https://127.0.0.1:{port}/a\": dial tcp 127.0.0.1:{port}: connect: connection refused"
        )
    );
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_replaced() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        // Every connection answers once, promises to stay open, and closes.
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut read = [0; 1024];
            let _ = socket.read(&mut read).await;
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        }
    });
    let client =
        Client::new(Config::of_url(Server::parse(&format!("http://{address}"), false).unwrap())).unwrap();
    for _ in 0..20 {
        client.call(&Request::get("/")).await.unwrap();
        // Lets the other side close.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A proxy that connects whoever logs in, and counts.
async fn proxy(count: Arc<AtomicUsize>) -> SocketAddr {
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let mut socket = BufReader::new(socket);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                socket.read_line(&mut head).await.unwrap();
            }
            if !head.contains("Proxy-Authorization: Basic bWU6cHc=\r\n") {
                socket.write_all(b"HTTP/1.1 407 Who are you\r\n\r\n").await.unwrap();
                continue;
            }
            count.fetch_add(1, Ordering::SeqCst);
            let target = head.split(' ').nth(1).unwrap().to_owned();
            tokio::spawn(async move {
                let mut onward = tokio::net::TcpStream::connect(target).await.unwrap();
                socket.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut socket, &mut onward).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn through_a_proxy() {
    let server = Loopback::start(&["h2"]).await;
    let count = Arc::new(AtomicUsize::new(0));
    let proxy = proxy(count.clone()).await;
    let with = |url: String| {
        let proxy = Some(crate::Proxy::parse(&url).unwrap());
        Client::new(Config { proxy, ..server.config() }).unwrap()
    };
    let client = with(format!("http://me:pw@{proxy}"));
    assert_eq!(client.call(&Request::get("/a")).await.unwrap().str_at(&["path"]), "/a");
    assert_eq!(count.load(Ordering::SeqCst), 1);
    let error = with(format!("http://me:wrong@{proxy}")).call(&Request::get("/a")).await.unwrap_err();
    assert!(error.to_string().ends_with("proxyconnect tcp: 407 Who are you"), "{error}");
    assert!(!error.to_string().contains("wrong"));
}
