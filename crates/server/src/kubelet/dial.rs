//! Connecting to others within bounded time, with Go's texts for what goes wrong: clients show and match them.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{CertificateError, InvalidMessage};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::Backends;
use super::url::Location;

/// An open connection, with TLS or without.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

impl Backends {
    /// Connects to where a location is.
    ///
    /// # Errors
    /// Go's text of what went wrong.
    pub(super) async fn dial(&self, to: &Location) -> Result<Box<dyn Wire>, String> {
        let deadline = Instant::now() + self.dial_timeout.max(Duration::from_secs(1));
        let socket = connect(to, deadline).await?;
        let _ = socket.set_nodelay(true);
        if !to.https {
            return Ok(Box::new(socket));
        }
        let name = ServerName::try_from(to.host.clone()).map_err(|_| {
            format!("tls: failed to verify certificate: x509: certificate is not valid for any names, but wanted to match {}", to.host)
        })?;
        let connector = TlsConnector::from(self.tls.config(to.trust));
        match timeout_at(deadline, connector.connect(name, socket)).await {
            Ok(Ok(stream)) => Ok(Box::new(stream)),
            Ok(Err(error)) => Err(tls_text(&error)),
            Err(_) => Err("net/http: TLS handshake timeout".to_owned()),
        }
    }

    /// The addresses of a host that may be proxied to: none of them is this machine's or this link's.  Who connects
    /// must connect to these: what a name leads to can change (CVE-2020-8562).
    ///
    /// # Errors
    /// 400 texts: a name that leads nowhere, an address that is not allowed.
    pub(crate) async fn proxyable(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        let found = lookup(host, 0, Instant::now() + self.dial_timeout).await?;
        let addresses: Vec<IpAddr> = found.iter().map(SocketAddr::ip).collect();
        if addresses.is_empty() {
            return Err("no addresses for hostname".to_owned());
        }
        let allowed = |ip: &IpAddr| self.local_addresses || super::url::is_global(*ip);
        if addresses.iter().all(allowed) { Ok(addresses) } else { Err("address not allowed".to_owned()) }
    }
}

async fn connect(to: &Location, deadline: Instant) -> Result<TcpStream, String> {
    let address = to.address();
    let port = address.rsplit(':').next().and_then(|port| port.parse().ok());
    let Some(port) = port else {
        return Err(format!("dial tcp: lookup tcp/{}: unknown port", to.port));
    };
    let found: Vec<SocketAddr> = if to.addresses.is_empty() {
        lookup(&to.host, port, deadline).await.map_err(|why| format!("dial tcp: {why}"))?
    } else {
        to.addresses.iter().map(|ip| SocketAddr::new(*ip, port)).collect()
    };
    let mut first_failure = None;
    for address in found {
        match timeout_at(deadline, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => return Ok(socket),
            Ok(Err(error)) => {
                let text = format!("dial tcp {address}: {}", socket_text(&error));
                first_failure.get_or_insert(text);
            }
            Err(_) => {
                first_failure.get_or_insert(format!("dial tcp {address}: i/o timeout"));
                break;
            }
        }
    }
    Err(first_failure.unwrap_or_else(|| format!("dial tcp: lookup {}: no such host", to.host)))
}

async fn lookup(host: &str, port: u16, deadline: Instant) -> Result<Vec<SocketAddr>, String> {
    match timeout_at(deadline, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(addresses)) => Ok(addresses.collect()),
        Ok(Err(_)) => Err(format!("lookup {host}: no such host")),
        Err(_) => Err(format!("lookup {host}: i/o timeout")),
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
fn tls_text(error: &io::Error) -> String {
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return if error.kind() == io::ErrorKind::UnexpectedEof {
            "EOF".to_owned()
        } else {
            error.to_string()
        };
    };
    let x509 = match tls {
        rustls::Error::InvalidCertificate(why) => match why {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
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
            return "tls: first record does not look like a TLS handshake".to_owned();
        }
        other => return format!("tls: {other}"),
    };
    format!("tls: failed to verify certificate: x509: {x509}")
}
