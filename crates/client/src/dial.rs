//! Connecting to others within bounded time, with Go's texts for what goes wrong: clients show and match them.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::{CertificateError, ClientConfig, InvalidMessage};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::{Error, Kind, Proxy};

/// An open connection, with TLS or without.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Bytes that the head of a proxy's answer may have.
const PROXY_HEAD: usize = 8 << 10;

/// Connects to a host, or to the first of `addresses` that answers when there are any.
///
/// # Errors
/// Go's text of what went wrong.
pub async fn connect(
    host: &str,
    port: u16,
    addresses: &[IpAddr],
    deadline: Instant,
) -> Result<TcpStream, Error> {
    let found: Vec<SocketAddr> = if addresses.is_empty() {
        lookup(host, port, deadline).await.map_err(|error| error.during("dial tcp"))?
    } else {
        addresses.iter().map(|ip| SocketAddr::new(*ip, port)).collect()
    };
    let mut first_failure = None;
    for address in found {
        match timeout_at(deadline, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => {
                let _ = socket.set_nodelay(true);
                return Ok(socket);
            }
            Ok(Err(error)) => {
                let text = format!("dial tcp {address}: {}", socket_text(&error));
                first_failure.get_or_insert(Error::new(Kind::Connect, text));
            }
            Err(_) => {
                let text = format!("dial tcp {address}: i/o timeout");
                first_failure.get_or_insert(Error::new(Kind::Timeout, text));
                break;
            }
        }
    }
    let nowhere = || Error::new(Kind::Connect, format!("dial tcp: lookup {host}: no such host"));
    Err(first_failure.unwrap_or_else(nowhere))
}

/// The addresses of a host.
///
/// # Errors
/// Go's text of what went wrong.
pub async fn lookup(host: &str, port: u16, deadline: Instant) -> Result<Vec<SocketAddr>, Error> {
    match timeout_at(deadline, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(addresses)) => Ok(addresses.collect()),
        Ok(Err(_)) => Err(Error::new(Kind::Connect, format!("lookup {host}: no such host"))),
        Err(_) => Err(Error::new(Kind::Timeout, format!("lookup {host}: i/o timeout"))),
    }
}

/// Speaks TLS on a connection with whoever should be called `name`.
///
/// # Errors
/// Go's text of what went wrong.
pub async fn secure(
    config: Arc<ClientConfig>,
    name: &str,
    socket: TcpStream,
    deadline: Instant,
) -> Result<TlsStream<TcpStream>, Error> {
    let server_name = ServerName::try_from(name.to_owned()).map_err(|_| {
        let text = "tls: failed to verify certificate: x509: certificate is not valid for any names, but wanted to match";
        Error::new(Kind::Tls, format!("{text} {name}"))
    })?;
    match timeout_at(deadline, TlsConnector::from(config).connect(server_name, socket)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(tls_failure(&error)),
        Err(_) => Err(Error::new(Kind::Timeout, "net/http: TLS handshake timeout")),
    }
}

/// Connects through a proxy (RFC 9110 section 9.3.6, `CONNECT`).
///
/// # Errors
/// What went wrong on the way to the proxy, or what it answered.
pub(crate) async fn through(
    proxy: &Proxy,
    host: &str,
    port: u16,
    deadline: Instant,
) -> Result<TcpStream, Error> {
    let mut socket =
        connect(proxy.host(), proxy.port(), &[], deadline).await.map_err(|e| e.during("proxyconnect tcp"))?;
    let asked = timeout_at(deadline, ask_proxy(&mut socket, proxy, host, port)).await;
    match asked {
        Ok(Ok(())) => Ok(socket),
        Ok(Err(error)) => Err(error.during("proxyconnect tcp")),
        Err(_) => Err(Error::new(Kind::Timeout, "proxyconnect tcp: i/o timeout")),
    }
}

async fn ask_proxy(socket: &mut TcpStream, proxy: &Proxy, host: &str, port: u16) -> Result<(), Error> {
    let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let login = proxy.authorization().map(|login| format!("Proxy-Authorization: {login}\r\n"));
    let ask =
        format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{}\r\n", login.as_deref().unwrap_or(""));
    socket.write_all(ask.as_bytes()).await.map_err(|e| io_failure(&e))?;
    let mut head = Vec::new();
    // A byte at a time: what comes after the head belongs to whoever is behind the proxy.
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= PROXY_HEAD {
            return Err(Error::new(Kind::Protocol, "the proxy's answer has no end"));
        }
        head.push(socket.read_u8().await.map_err(|e| io_failure(&e))?);
    }
    let line = String::from_utf8_lossy(&head);
    let status = line.split(' ').nth(1).unwrap_or("");
    if status == "200" {
        return Ok(());
    }
    let line = line.lines().next().unwrap_or("").split_once(' ').map_or("", |(_, rest)| rest);
    Err(Error::new(Kind::Connect, line.trim()))
}

/// A failure on an open connection.
pub(crate) fn io_failure(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::ConnectionReset => Error::new(Kind::Reset, "read: connection reset by peer"),
        io::ErrorKind::UnexpectedEof => Error::new(Kind::Protocol, "EOF"),
        io::ErrorKind::BrokenPipe => Error::new(Kind::Protocol, "write: broken pipe"),
        _ => Error::new(Kind::Protocol, error.to_string()),
    }
}

/// What Go says of a failed `connect`.
fn socket_text(error: &io::Error) -> String {
    let text = match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused",
        io::ErrorKind::HostUnreachable => "no route to host",
        io::ErrorKind::NetworkUnreachable => "network is unreachable",
        io::ErrorKind::TimedOut => "connection timed out",
        io::ErrorKind::ConnectionReset => "connection reset by peer",
        io::ErrorKind::PermissionDenied => "permission denied",
        io::ErrorKind::AddrNotAvailable => "cannot assign requested address",
        _ => return format!("connect: {error}"),
    };
    format!("connect: {text}")
}

/// What Go says of a failed handshake.
fn tls_failure(error: &io::Error) -> Error {
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return io_failure(error);
    };
    let x509 = match tls {
        rustls::Error::InvalidCertificate(why) => match why {
            // An authority that serves is one of these.
            CertificateError::UnknownIssuer | CertificateError::BadSignature | CertificateError::Other(_) => {
                "certificate signed by unknown authority".to_owned()
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => {
                "certificate has expired or is not yet valid".to_owned()
            }
            other => other.to_string(),
        },
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            return Error::new(Kind::Tls, "tls: first record does not look like a TLS handshake");
        }
        other => return Error::new(Kind::Tls, format!("tls: {other}")),
    };
    Error::new(Kind::Tls, format!("tls: failed to verify certificate: x509: {x509}"))
}
