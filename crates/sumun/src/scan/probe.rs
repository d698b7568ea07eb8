//! `--probe`: what the API's own endpoint answers to a request without credentials, and which versions of TLS it takes.
//!
//! Entry points: [`arg`], [`probe`].  Only the server that the kubeconfig names is asked: one GET of `/api`, and a
//! handshake a version of TLS.  Our TLS library speaks no version before 1.2, so that the first message of a handshake is
//! written here and the first answer looked at; nothing is sent after it.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use api::{Value, object};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Arg, ArgAction};
use client::tls::{Settings, Tls, Trust};
use client::{Authentication, Client, Config, Impersonation, Request, dial};
use evidence::Origin;
use posture::{Document, Kind};

use crate::common::Failure;

/// The flag's name.
pub(super) const NAME: &str = "probe";

/// How long each question may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Versions that are offered, and the minor number that stands for each in a message.
const VERSIONS: [(&str, u8); 3] = [("1.0", 1), ("1.1", 2), ("1.2", 3)];

/// Cipher suites that servers of every age know: ECDHE and RSA, with AES in GCM and CBC, ChaCha20 and 3DES.
const SUITES: [u16; 13] =
    [0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009, 0xc013, 0xc00a, 0xc014, 0x002f, 0x0035, 0x000a];

/// X25519, P-256, P-384, P-521.
const GROUPS: [u16; 4] = [0x001d, 0x0017, 0x0018, 0x0019];

/// ECDSA, RSA-PSS and RSA with SHA-256 and more, and what came before.
const SIGNATURES: [u16; 8] = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0203, 0x0201];

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// The flag.
pub(super) fn arg() -> Arg {
    Arg::new(NAME)
        .long(NAME)
        .action(ArgAction::SetTrue)
        .help_heading("Evidence")
        .help("Ask the kubeconfig's server for /api without credentials, and which versions of TLS it takes")
}

/// Asks the server of a configuration.  What it does not answer is left out.
///
/// # Errors
/// The configuration cannot be used at all.
pub(super) fn probe(config: Config) -> Result<Document, Failure> {
    let server = config.server.to_string();
    let mut found = object! { "server" => server.as_str() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if config.server.is_https() && config.proxy.is_none() {
        let mut tls = Value::object();
        for (version, minor) in VERSIONS {
            if let Some(takes) = takes(&config, minor) {
                tls.set_at(&[version], takes);
            }
        }
        found.set_at(&["tls"], tls);
        if let Some(pem) = runtime.block_on(certificate(&config)) {
            found.set_at(&["certificate"], pem);
        }
    }
    if let Some(status) = runtime.block_on(status(config))? {
        found.set_at(&["anonymousStatus"], i64::from(status));
    }
    Ok(Document { kind: Kind::Probe, value: found, origin: Origin::whole(server) })
}

/// What it answers to nobody.  The certificate does not count: nothing is shown to whoever answers.
async fn status(config: Config) -> Result<Option<u16>, Failure> {
    let nobody = Config {
        trust: Trust::Anybody,
        identity: None,
        authentication: Authentication::Nothing,
        impersonation: Impersonation::default(),
        timeout: PATIENCE,
        ..config
    };
    let client = Client::new(nobody)?;
    Ok(client.send(&Request::get("/api")).await.ok().map(|response| response.code))
}

/// The certificate that it shows, and those it shows with it, in PEM.
async fn certificate(config: &Config) -> Option<String> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let tls = Tls::new(Settings { trust: Trust::Anybody, identity: None, http2: false }).ok()?;
    let socket = dial::connect(config.server.host(), config.server.port(), &[], deadline).await.ok()?;
    let stream = dial::secure(tls.config(), name(config), socket, deadline).await.ok()?;
    let pem = |der: &[u8]| {
        let text = STANDARD.encode(der);
        let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    };
    let certificates = stream.get_ref().1.peer_certificates()?;
    Some(certificates.iter().map(|certificate| pem(certificate)).collect())
}

/// What the server must be called in its certificate.
fn name(config: &Config) -> &str {
    config.server_name.as_deref().unwrap_or(config.server.host())
}

/// True when it answers an offer of this version alone with the same, false when it refuses; `None` when nobody answers.
fn takes(config: &Config, minor: u8) -> Option<bool> {
    let addresses = (config.server.host(), config.server.port()).to_socket_addrs().ok()?;
    let mut socket = addresses.into_iter().find_map(|to| TcpStream::connect_timeout(&to, PATIENCE).ok())?;
    socket.set_read_timeout(Some(PATIENCE)).ok()?;
    socket.set_write_timeout(Some(PATIENCE)).ok()?;
    socket.write_all(&hello(minor, name(config))).ok()?;
    // The head of a record, of a message in it, and the version that the message begins with.
    let mut answer = [0; 11];
    match socket.read_exact(&mut answer) {
        Ok(()) => Some(is_hello(&answer, minor)),
        Err(why) if is_silence(why.kind()) => None,
        // A refusal is a shorter message, or none at all.
        Err(_) => Some(false),
    }
}

fn is_silence(kind: std::io::ErrorKind) -> bool {
    matches!(kind, std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

/// True for the beginning of a `ServerHello` of this version.
fn is_hello(answer: &[u8; 11], minor: u8) -> bool {
    let [kind, .., message, _, _, _, major, version] = *answer;
    kind == HANDSHAKE && message == SERVER_HELLO && (major, version) == (3, minor)
}

/// A `ClientHello` (RFC 5246 section 7.4.1.2, RFC 2246) that offers one version.
fn hello(minor: u8, name: &str) -> Vec<u8> {
    let mut body = vec![3, minor];
    body.extend(random());
    // No session.
    body.push(0);
    body.extend(with_length(&words(&SUITES)));
    // No compression.
    body.extend([1, 0]);
    body.extend(with_length(&extensions(minor, name)));
    let mut message = vec![CLIENT_HELLO, 0];
    message.extend(with_length(&body));
    // Records of a first message say TLS 1.0, whatever is offered in it.
    let mut record = vec![HANDSHAKE, 3, 1];
    record.extend(with_length(&message));
    record
}

fn extensions(minor: u8, name: &str) -> Vec<u8> {
    let mut all = Vec::new();
    let mut add = |kind: u16, content: &[u8]| {
        all.extend(kind.to_be_bytes());
        all.extend(with_length(content));
    };
    // Addresses are not sent (RFC 6066 section 3).
    if name.parse::<std::net::IpAddr>().is_err() {
        let entry = [&[0][..], &with_length(name.as_bytes())].concat();
        add(0, &with_length(&entry));
    }
    add(10, &with_length(&words(&GROUPS)));
    // Points without compression.
    add(11, &[1, 0]);
    // Before 1.2 there was no choice.
    if minor >= 3 {
        add(13, &with_length(&words(&SIGNATURES)));
    }
    all
}

fn words(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// Bytes behind their number in two bytes; everything that is sent is far shorter.
fn with_length(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], bytes].concat()
}

/// 32 bytes that differ from time to time; no key is ever made of them.
fn random() -> Vec<u8> {
    use std::hash::{BuildHasher as _, RandomState};
    (0..4u8).flat_map(|i| RandomState::new().hash_one(i).to_be_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_hello_says_how_long_it_is() {
        for (name, minor) in [("api.example.com", 1), ("10.0.0.1", 3)] {
            let hello = hello(minor, name);
            let length = |at: usize| usize::from(u16::from_be_bytes([hello[at], hello[at + 1]]));
            assert_eq!(hello.len(), 5 + length(3));
            assert_eq!((hello[0], hello[5], hello[9], hello[10]), (HANDSHAKE, CLIENT_HELLO, 3, minor));
            assert_eq!(length(7) + 4, length(3));
            // Version, random, session, suites, compression, extensions.
            let extensions = 11 + 32 + 1 + 2 + 2 * SUITES.len() + 2;
            assert_eq!(hello.len(), extensions + 2 + length(extensions));
            assert_eq!(hello.windows(name.len()).any(|w| w == name.as_bytes()), minor == 1);
        }
    }

    /// What a server that answers this is taken for.
    fn answered(answer: &'static [u8]) -> Option<bool> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut head = [0; 5];
            socket.read_exact(&mut head).unwrap();
            let mut rest = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
            socket.read_exact(&mut rest).unwrap();
            socket.write_all(answer).unwrap();
        });
        let config = Config::of_url(client::Server::parse(&url, true).unwrap());
        let takes = takes(&config, 2);
        server.join().unwrap();
        takes
    }

    #[test]
    fn a_server_takes_a_version_or_does_not() {
        assert_eq!(answered(&[22, 3, 2, 0, 80, 2, 0, 0, 76, 3, 2]), Some(true));
        // Another version, an alert, nothing.
        assert_eq!(answered(&[22, 3, 3, 0, 80, 2, 0, 0, 76, 3, 3]), Some(false));
        assert_eq!(answered(&[21, 3, 2, 0, 2, 2, 70]), Some(false));
        assert_eq!(answered(&[]), Some(false));
    }

    #[test]
    fn nobody_answers_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        drop(listener);
        let config = Config::of_url(client::Server::parse(&url, true).unwrap());
        let found = probe(config).unwrap().value;
        assert_eq!(found.at(&["tls"]), &Value::object());
        assert!(found.get("certificate").is_none() && found.get("anonymousStatus").is_none());
    }
}
