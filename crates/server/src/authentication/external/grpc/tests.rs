use std::convert::Infallible;

use http_body_util::combinators::BoxBody;
use hyper::Response;
use hyper::service::service_fn;
use tokio::net::UnixListener;

use super::*;

type Body = BoxBody<Bytes, Infallible>;

/// A message with its prefix.
fn framed(compressed: u8, message: &[u8]) -> Vec<u8> {
    [&[compressed][..], &u32::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

fn response(body: Vec<u8>, trailers: &[(&'static str, &'static str)]) -> Response<Body> {
    let trailers: HeaderMap =
        trailers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let body = Full::new(Bytes::from(body));
    let body = if trailers.is_empty() {
        body.boxed()
    } else {
        body.with_trailers(std::future::ready(Some(Ok(trailers)))).boxed()
    };
    Response::builder().header(CONTENT_TYPE, "application/grpc+proto").body(body).unwrap()
}

/// What the server of these tests does, by method.
async fn reply(request: hyper::Request<Incoming>) -> Result<Response<Body>, String> {
    let method = request.uri().path().to_owned();
    assert_eq!(request.headers()[TE], "trailers");
    assert!(request.headers()["grpc-timeout"].to_str().unwrap().ends_with('m'));
    let body = request.into_body().collect().await.map_err(|e| e.to_string())?.to_bytes();
    let ok = [("grpc-status", "0")];
    Ok(match method.as_str() {
        "/echo" => response(body.to_vec(), &ok),
        "/status" => response(Vec::new(), &[("grpc-status", "9"), ("grpc-message", "not%20now %zz%")]),
        "/strange" => response(Vec::new(), &[("grpc-status", "99")]),
        "/headers" => {
            let mut response = response(Vec::new(), &[]);
            response.headers_mut().insert("grpc-status", "7".parse().unwrap());
            response
        }
        "/none" => response(framed(0, b"a"), &[]),
        "/compressed" => response(framed(1, b"a"), &ok),
        "/two" => response([framed(0, b"a"), framed(0, b"b")].concat(), &ok),
        "/short" => response(framed(0, b"abc")[..6].to_vec(), &ok),
        "/empty" => response(Vec::new(), &ok),
        "/large" => response(framed(0, &vec![0; LARGEST + 1]), &ok),
        "/announced" => response(vec![0, 255, 0, 0, 0], &ok),
        "/html" => {
            let mut response = response(b"<html>".to_vec(), &[]);
            response.headers_mut().insert(CONTENT_TYPE, "text/html".parse().unwrap());
            response
        }
        "/down" => {
            let mut response = response(Vec::new(), &[]);
            *response.status_mut() = hyper::StatusCode::SERVICE_UNAVAILABLE;
            response
        }
        "/reset" => return Err("enough".to_owned()),
        _ => std::future::pending().await,
    })
}

/// Serves as many connections as given.
async fn serve(listener: UnixListener, connections: usize) {
    for _ in 0..connections {
        let (socket, _) = listener.accept().await.unwrap();
        let serving = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(socket), service_fn(reply));
        tokio::spawn(serving);
    }
}

fn soon(millis: u64) -> Instant {
    Instant::now() + Duration::from_millis(millis)
}

/// Far enough away that no test waits for it.
fn far() -> Instant {
    soon(60_000)
}

#[tokio::test]
async fn answers_of_all_sorts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(serve(listener, 2));
    let channel = Channel::new(path.to_str().unwrap());
    for message in [&b"hello"[..], b"", &vec![7; LARGEST]] {
        assert_eq!(channel.call("/echo", message, far()).await.unwrap(), message);
    }
    for (method, want) in [
        ("/status", "rpc error: code = FailedPrecondition desc = not now %zz%"),
        ("/strange", "rpc error: code = Unknown desc = malformed grpc-status: \"99\""),
        ("/headers", "rpc error: code = PermissionDenied desc = "),
        ("/none", "rpc error: code = Internal desc = server closed the stream without sending trailers"),
        (
            "/compressed",
            "rpc error: code = Internal desc = grpc: compressed flag set with identity or empty encoding",
        ),
        ("/two", "rpc error: code = Internal desc = the answer is not one whole message"),
        ("/short", "rpc error: code = Internal desc = the answer is not one whole message"),
        ("/empty", "rpc error: code = Internal desc = the answer is not one whole message"),
        (
            "/large",
            "rpc error: code = ResourceExhausted desc = grpc: received message larger than max (4194305 vs. 4194304)",
        ),
        (
            "/announced",
            "rpc error: code = ResourceExhausted desc = grpc: received message larger than max (4278190080 vs. 4194304)",
        ),
        (
            "/html",
            "rpc error: code = Unknown desc = transport: received unexpected content-type \"text/html\"",
        ),
        (
            "/down",
            "rpc error: code = Unavailable desc = unexpected HTTP status code received from server: 503 Service Unavailable",
        ),
    ] {
        assert_eq!(channel.call(method, b"", far()).await.unwrap_err().to_string(), want, "{method}");
    }
    assert_eq!(channel.call("/reset", b"", far()).await.unwrap_err().code(), "Unavailable");
    let late = channel.call("/never", b"", soon(20)).await.unwrap_err();
    assert_eq!(late.to_string(), "rpc error: code = DeadlineExceeded desc = context deadline exceeded");
    assert_eq!(channel.call("/echo", b"again", far()).await.unwrap(), "again");
}

#[tokio::test]
async fn calls_wait_until_somebody_listens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let channel = Channel::new(path.to_str().unwrap());
    let nobody = channel.call("/echo", b"", soon(30)).await.unwrap_err().to_string();
    let start =
        "rpc error: code = DeadlineExceeded desc = context deadline exceeded (connection error: dial unix ";
    assert!(nobody.starts_with(start), "{nobody}");
    let call = channel.call("/echo", b"x", far());
    let listen = async {
        tokio::task::yield_now().await;
        tokio::spawn(serve(UnixListener::bind(&path).unwrap(), 1));
    };
    assert_eq!(tokio::join!(call, listen).0.unwrap(), "x");
}
