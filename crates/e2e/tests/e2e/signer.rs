//! A small signer of service-account tokens (gRPC, `ExternalJWTSigner` v1) with real keys, on a Unix socket: it rotates,
//! lies and dies as a test wants it.

use std::convert::Infallible;
use std::os::unix::net::UnixListener as StdListener;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::UnixListener;
use tokio::sync::oneshot;

/// A key of a signer.
pub struct Key {
    id: &'static str,
    pair: Pair,
    unpublished: bool,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
}

/// How a signer lies.
#[derive(Clone, Copy, Debug)]
pub enum Lie {
    /// Signs with a key that it never told of, under the name of the one that it should have used.
    OtherKey,
    /// Signs something else.
    OtherClaims,
    /// Names this header.
    Header(&'static str),
    /// Leaves the signature out.
    NoSignature,
    /// Answers with a failure.
    Refusal,
    /// Tells no keys.
    NoKeys,
}

/// What a signer is like at the moment.
pub struct State {
    /// Keys, the newest last; tokens are signed with the last.
    pub keys: Vec<Key>,
    /// How it lies, if it does.
    pub lie: Option<Lie>,
    /// The longest life of a token, in seconds.
    pub most_seconds: u64,
    /// In how many seconds keys should be asked for again.
    pub refresh_seconds: u64,
    /// How often keys were asked for.
    pub asked: usize,
}

/// A running signer; it ends when dropped.
pub struct Signer {
    endpoint: String,
    state: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Key {
    /// A new key for ES256.
    pub fn es256(id: &'static str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self { id, pair: Pair::Ecdsa(pair), unpublished: false }
    }

    /// A new key for RS256.
    pub fn rs256(id: &'static str) -> Self {
        Self { id, pair: Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()), unpublished: false }
    }

    /// Keeps it for what it has signed.
    pub fn retire(&mut self) {
        self.unpublished = true;
    }

    fn der(&self) -> Vec<u8> {
        let der: PublicKeyX509Der = match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_der().unwrap(),
            Pair::Ecdsa(pair) => pair.public_key().as_der().unwrap(),
        };
        der.as_ref().to_vec()
    }

    fn header(&self) -> String {
        let algorithm = if matches!(self.pair, Pair::Rsa(_)) { "RS256" } else { "ES256" };
        format!(r#"{{"alg":"{algorithm}","kid":"{}","typ":"JWT"}}"#, self.id)
    }

    /// The signature of a header and claims, base64url.
    pub fn sign(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(header));
        URL_SAFE_NO_PAD.encode(match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
                    .unwrap();
                signature
            }
            Pair::Ecdsa(pair) => {
                pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec()
            }
        })
    }
}

impl Signer {
    /// Starts one with a key on a path, or on the abstract socket whose name follows an `@`.
    pub fn start(endpoint: &str, key: Key) -> Self {
        let state = State { keys: vec![key], lie: None, most_seconds: 7200, refresh_seconds: 3600, asked: 0 };
        let mut signer = Self {
            endpoint: endpoint.to_owned(),
            state: Arc::new(Mutex::new(state)),
            stop: None,
            thread: None,
        };
        signer.start_again();
        signer
    }

    /// The value of the flag that leads here.
    pub fn flag(&self) -> String {
        format!("--service-account-signing-endpoint={}", self.endpoint)
    }

    /// Looks at it, or changes it.
    pub fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.state.lock().unwrap())
    }

    /// Closes its socket and all connections.
    pub fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// Listens again.
    pub fn start_again(&mut self) {
        let listener = match self.endpoint.strip_prefix('@') {
            Some(name) => {
                use std::os::linux::net::SocketAddrExt as _;
                let address = std::os::unix::net::SocketAddr::from_abstract_name(name).unwrap();
                StdListener::bind_addr(&address).unwrap()
            }
            None => {
                let _ = std::fs::remove_file(&self.endpoint);
                StdListener::bind(&self.endpoint).unwrap()
            }
        };
        listener.set_nonblocking(true).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let state = self.state.clone();
        self.stop = Some(stop);
        self.thread = Some(std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    () = serve(UnixListener::from_std(listener).unwrap(), state) => {}
                    _ = stopped => {}
                }
            });
        }));
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn serve(listener: UnixListener, state: Arc<Mutex<State>>) {
    while let Ok((socket, _)) = listener.accept().await {
        let state = state.clone();
        let service = service_fn(move |request| reply(request, state.clone()));
        let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        tokio::spawn(builder.serve_connection(TokioIo::new(socket), service));
    }
}

async fn reply(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
) -> Result<Response<BoxBody<Bytes, Infallible>>, hyper::Error> {
    let method = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let answer = state.lock().unwrap().answer(&method, &body[5..]);
    let mut trailers = HeaderMap::new();
    let code = if answer.is_ok() { "0" } else { "9" };
    trailers.insert("grpc-status", code.parse().unwrap());
    let body = match answer {
        Ok(message) => [&[0][..], &u32::try_from(message.len()).unwrap().to_be_bytes(), &message].concat(),
        Err(why) => {
            trailers.insert("grpc-message", why.parse().unwrap());
            Vec::new()
        }
    };
    let body = Full::new(Bytes::from(body)).with_trailers(std::future::ready(Some(Ok(trailers))));
    Ok(Response::builder().header("content-type", "application/grpc").body(body.boxed()).unwrap())
}

impl State {
    fn answer(&mut self, method: &str, message: &[u8]) -> Result<Vec<u8>, &'static str> {
        match method {
            "/v1.ExternalJWTSigner/Metadata" => Ok([&[0x08][..], &varint(self.most_seconds)].concat()),
            "/v1.ExternalJWTSigner/FetchKeys" => {
                self.asked += 1;
                Ok(self.keys())
            }
            "/v1.ExternalJWTSigner/Sign" => self.sign(message),
            _ => Err("no such method"),
        }
    }

    fn keys(&self) -> Vec<u8> {
        let keys: &[Key] = if matches!(self.lie, Some(Lie::NoKeys)) { &[] } else { &self.keys };
        let key = |key: &Key| {
            let excluded = [0x18, u8::from(key.unpublished)];
            field(1, &[field(1, key.id.as_bytes()), field(2, &key.der()), excluded.to_vec()].concat())
        };
        let mut out: Vec<u8> = keys.iter().flat_map(key).collect();
        out.extend(field(2, &[0x08, 1]));
        out.push(0x18);
        out.extend(varint(self.refresh_seconds));
        out
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, &'static str> {
        let key = self.keys.last().unwrap();
        // Claims are longer than 127 bytes and shorter than 16 KiB: two bytes of length.
        let claims = std::str::from_utf8(&message[3..]).unwrap();
        let mut header = key.header();
        let signature = match self.lie {
            Some(Lie::OtherKey) => Key::es256(key.id).sign(&header, claims),
            Some(Lie::OtherClaims) => key.sign(&header, &URL_SAFE_NO_PAD.encode(r#"{"sub":"system:admin"}"#)),
            Some(Lie::Header(other)) => {
                header = other.to_owned();
                key.sign(&header, claims)
            }
            Some(Lie::NoSignature) => String::new(),
            Some(Lie::Refusal) => return Err("the vault is sealed"),
            Some(Lie::NoKeys) | None => key.sign(&header, claims),
        };
        let header = URL_SAFE_NO_PAD.encode(header);
        Ok([field(1, header.as_bytes()), field(2, signature.as_bytes())].concat())
    }
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2][..], &varint(bytes.len() as u64), bytes].concat()
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while number > 127 {
        out.push(number as u8 | 128);
        number >>= 7;
    }
    out.push(number as u8);
    out
}
