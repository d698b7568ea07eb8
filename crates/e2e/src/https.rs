//! HTTP/1.1 over TLS, one byte after the other where a test wants it so: what no client library lets one do.
//! A [`Connection`] sends a request in pieces and reads the whole answer.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::{ClientCertificate, PATIENCE};

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Status line and headers as they came.
    pub head: String,
    /// The body, without the framing of chunks.
    pub body: String,
}

/// One TLS connection to a server.
pub struct Connection {
    stream: StreamOwned<ClientConnection, TcpStream>,
}

impl Connection {
    /// Connects; trusts `ca.crt` of the folder `pki` and shows `client` when there is one.
    pub fn open(
        address: SocketAddr,
        pki: &Path,
        client: Option<&ClientCertificate>,
    ) -> std::io::Result<Self> {
        let tcp = TcpStream::connect_timeout(&address, PATIENCE)?;
        tcp.set_read_timeout(Some(PATIENCE))?;
        tcp.set_write_timeout(Some(PATIENCE))?;
        tcp.set_nodelay(true)?;
        let name = ServerName::IpAddress(address.ip().into());
        let tls =
            ClientConnection::new(Arc::new(config(pki, client)), name).map_err(std::io::Error::other)?;
        Ok(Self { stream: StreamOwned::new(tls, tcp) })
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.stream.write_all(bytes.as_ref())?;
        self.stream.flush()
    }

    /// Sends a request without a body that ends the connection, and reads the answer.
    pub fn get(mut self, path: &str, headers: &str) -> std::io::Result<Answer> {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n"))?;
        self.answer()
    }

    /// Reads all that comes until the server closes; fails when nothing comes for [`PATIENCE`].
    pub fn rest(mut self) -> std::io::Result<String> {
        self.stream.sock.set_read_timeout(Some(PATIENCE))?;
        let mut bytes = Vec::new();
        match self.stream.read_to_end(&mut bytes) {
            // Some servers close without the closing alert of TLS.
            Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => return Err(error),
            _ => {}
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Reads the last answer of a connection.
    pub fn answer(self) -> std::io::Result<Answer> {
        let text = self.rest()?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or_else(|| truncated(&text))?;
        let status =
            head.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(|| truncated(&text))?;
        let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
        let body = if chunked { unchunk(body) } else { Some(body.to_owned()) };
        Ok(Answer { status, head: head.to_owned(), body: body.ok_or_else(|| truncated(&text))? })
    }

    /// Sends a request without a body on a connection that stays, and reads the answer, which must tell its length.
    pub fn ask(&mut self, path: &str, headers: &str) -> std::io::Result<Answer> {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n"))?;
        let mut text = String::new();
        loop {
            let more = self.read_some(65_536, PATIENCE)?;
            text.push_str(&String::from_utf8_lossy(&more));
            let ended = more.is_empty();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let lower = head.to_ascii_lowercase();
                let length = lower.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse().ok());
                let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
                if body.len() >= length.unwrap_or(usize::MAX) {
                    let status = status.ok_or_else(|| truncated(&text))?;
                    return Ok(Answer { status, head: head.to_owned(), body: body.to_owned() });
                }
            }
            if ended {
                return Err(truncated(&text));
            }
        }
    }

    /// Reads what is there, up to `limit` bytes, waiting at most `patience` for it; empty when the server closed.
    pub fn read_some(&mut self, limit: usize, patience: Duration) -> std::io::Result<Vec<u8>> {
        self.stream.sock.set_read_timeout(Some(patience))?;
        let mut bytes = vec![0; limit];
        let count = self.stream.read(&mut bytes)?;
        bytes.truncate(count);
        Ok(bytes)
    }
}

fn truncated(text: &str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::UnexpectedEof, format!("the answer ends early: {text:?}"))
}

/// Joins the chunks of a body; none when the last one is missing.
fn unchunk(mut text: &str) -> Option<String> {
    let mut body = String::new();
    loop {
        let (size, rest) = text.split_once("\r\n")?;
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.push_str(rest.get(..size)?);
        text = rest.get(size..)?.strip_prefix("\r\n")?;
    }
}

/// TLS of a client that trusts `ca.crt` of the folder `pki` and shows `client` when there is one.
pub fn config(pki: &Path, client: Option<&ClientCertificate>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(pki.join("ca.crt")).expect("ca.crt is a certificate");
    roots.add(ca).expect("ca.crt is a CA");
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS")
        .with_root_certificates(roots);
    let Some(client) = client else { return builder.with_no_client_auth() };
    let certificate = CertificateDer::from_pem_slice(client.certificate.as_bytes()).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(client.key.as_bytes()).expect("a key");
    builder.with_client_auth_cert(vec![certificate], key).expect("the key belongs to the certificate")
}
