//! Many watches as streams of one HTTP/2 connection, as the informers of one process open them.

use std::sync::Arc;

use e2e::{ClientCertificate, PATIENCE, Server, Session, config};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::support::block_on;

/// A client may end a connection on which it sees a hundred frames without content.
const WATCHES: usize = 240;

#[test]
fn watches_share_a_connection_and_say_nothing_while_nothing_happens() {
    let server = Server::start(&[]);
    let session = Session::admin(&server);
    block_on(120, async {
        let connection = connect(&server).await;
        let mut watches = Vec::new();
        for number in 0..WATCHES {
            let name = if number % 2 == 0 { "even" } else { "odd" };
            let path = format!("/api/v1/configmaps?watch=1&fieldSelector=metadata.name%3D{name}");
            watches.push(open(&server, &connection, &path).await);
        }
        session.expect("kubectl create configmap odd && kubectl create configmap even");
        for (number, watch) in watches.iter_mut().enumerate() {
            let frame = tokio::time::timeout(PATIENCE, watch.body_mut().frame()).await.expect("an event");
            let data = frame.expect("the watch goes on").unwrap().into_data().unwrap();
            let event: serde_json::Value = serde_json::from_slice(&data).unwrap();
            assert_eq!(event["type"], "ADDED", "watch {number}");
            let name = if number % 2 == 0 { "even" } else { "odd" };
            assert_eq!(event["object"]["metadata"]["name"], name, "watch {number}");
        }
        assert!(!connection.is_closed());
    });
}

async fn connect(server: &Server) -> SendRequest<Empty<Bytes>> {
    let admin = ClientCertificate::read(&server.pki(), "admin");
    let mut tls = config(&server.pki(), Some(&admin));
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let socket = TcpStream::connect(server.address()).await.unwrap();
    let name = server.address().ip().into();
    let stream = TlsConnector::from(Arc::new(tls)).connect(name, socket).await.unwrap();
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// Opens a watch; its head is there at once, though nothing has happened yet.
async fn open(server: &Server, connection: &SendRequest<Empty<Bytes>>, path: &str) -> Response<Incoming> {
    let request = Request::get(format!("{}{path}", server.url())).body(Empty::new()).unwrap();
    let mut connection = connection.clone();
    connection.ready().await.unwrap();
    let answer = tokio::time::timeout(PATIENCE, connection.send_request(request)).await.expect("a head");
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 200);
    answer
}
