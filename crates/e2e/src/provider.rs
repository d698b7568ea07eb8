//! A small identity provider on loopback: a discovery document and keys over TLS, tokens signed with them, keys that
//! are replaced.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::PATIENCE;

/// A running provider; it ends with the test.
pub struct Provider {
    url: String,
    ca: String,
    shared: Arc<Shared>,
}

struct Shared {
    url: String,
    /// What the keys are published as, the newest last; tokens are signed with the last.
    keys: Mutex<Vec<(String, RsaKeyPair)>>,
    made: AtomicUsize,
    /// Questions for keys.
    asked: AtomicUsize,
    /// Nothing but failures is answered.
    down: AtomicBool,
}

impl Provider {
    /// Starts a provider with one key.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let address = listener.local_addr().expect("a bound port is known");
        let url = format!("https://{address}");
        let (ca, config) = tls();
        let shared = Arc::new(Shared {
            url: url.clone(),
            keys: Mutex::default(),
            made: AtomicUsize::new(0),
            asked: AtomicUsize::new(0),
            down: AtomicBool::new(false),
        });
        let provider = Self { url, ca, shared: shared.clone() };
        provider.add_key();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (shared, config) = (shared.clone(), config.clone());
                std::thread::spawn(move || shared.serve(stream, config));
            }
        });
        provider
    }

    /// Its issuer URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The CA of its certificate, PEM.
    pub fn ca(&self) -> &str {
        &self.ca
    }

    /// Writes the CA into a folder; answers the file's path.
    pub fn write_ca(&self, folder: &Path) -> String {
        let path = folder.join("provider-ca.crt");
        std::fs::write(&path, &self.ca).expect("a file can be written");
        path.to_str().expect("a path is text").to_owned()
    }

    /// Publishes one more key, which signs from now on.
    pub fn add_key(&self) {
        let number = self.shared.made.fetch_add(1, Ordering::Relaxed);
        let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("keys can be made");
        self.shared.keys.lock().expect("no panic").push((format!("key-{number}"), key));
    }

    /// Publishes the newest key alone.
    pub fn withdraw_old_keys(&self) {
        let mut keys = self.shared.keys.lock().expect("no panic");
        let old = keys.len() - 1;
        keys.drain(..old);
    }

    /// Answers nothing but failures, or works again.
    pub fn set_down(&self, down: bool) {
        self.shared.down.store(down, Ordering::Relaxed);
    }

    /// How often keys were asked for.
    pub fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::Relaxed)
    }

    /// A token with these claims besides issuer and an hour of life, signed with the newest key.
    pub fn token(&self, claims: &Value) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock is right").as_secs();
        let mut all = json!({"iss": self.url, "iat": now, "exp": now + 3600});
        let (Some(all_claims), Some(more)) = (all.as_object_mut(), claims.as_object()) else {
            panic!("claims are an object");
        };
        all_claims.extend(more.clone());
        let keys = self.shared.keys.lock().expect("no panic");
        let (id, key) = keys.last().expect("there is a key");
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({"alg": "RS256", "kid": id})), part(&all));
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .expect("a key signs");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream, config: Arc<ServerConfig>) {
        let _ = stream.set_read_timeout(Some(PATIENCE));
        let Ok(connection) = ServerConnection::new(config) else { return };
        let mut stream = StreamOwned::new(connection, stream);
        let mut head = Vec::new();
        let mut buffer = [0; 4096];
        while !head.windows(4).any(|w| w == b"\r\n\r\n") {
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => return,
                Ok(count) => head.extend(buffer.get(..count).unwrap_or_default()),
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split(' ').nth(1).unwrap_or("");
        let (status, body) = self.answer(path);
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(answer.as_bytes());
        stream.conn.send_close_notify();
        let _ = stream.flush();
    }

    fn answer(&self, path: &str) -> (&'static str, String) {
        if self.down.load(Ordering::Relaxed) {
            return ("503 Service Unavailable", "{}".to_owned());
        }
        match path {
            "/.well-known/openid-configuration" => {
                let keys = format!("{}/keys", self.url);
                ("200 OK", json!({"issuer": self.url, "jwks_uri": keys}).to_string())
            }
            "/keys" => {
                self.asked.fetch_add(1, Ordering::Relaxed);
                ("200 OK", json!({"keys": self.jwks()}).to_string())
            }
            _ => ("404 Not Found", "{}".to_owned()),
        }
    }

    fn jwks(&self) -> Vec<Value> {
        let keys = self.keys.lock().expect("no panic");
        let jwk = |(id, key): &(String, RsaKeyPair)| {
            // PKCS #1 of a key of 2048 bits: the modulus stands after nine bytes, the exponent is 65537.
            let modulus = key.public_key().as_ref().get(9..265).expect("a key of 2048 bits");
            let n = URL_SAFE_NO_PAD.encode(modulus);
            json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": id, "n": n, "e": "AQAB"})
        };
        keys.iter().map(jwk).collect()
    }
}

/// A CA, and what a server on loopback with a certificate of it needs.
fn tls() -> (String, Arc<ServerConfig>) {
    let ca_key = KeyPair::generate().expect("keys can be made");
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.distinguished_name.push(rcgen::DnType::CommonName, "provider");
    let ca_certificate = ca.self_signed(&ca_key).expect("a CA can be made");
    let issuer = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().expect("keys can be made");
    let mut parameters = CertificateParams::default();
    parameters.subject_alt_names = vec![SanType::IpAddress(std::net::Ipv4Addr::LOCALHOST.into())];
    let certificate = parameters.signed_by(&key, &issuer).expect("it can be signed");
    let der = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("a key is PEM");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], der)
        .expect("the key fits");
    (ca_certificate.pem(), Arc::new(config))
}
