//! A server, a kubelet for tests, and clients of all kinds between which this module stands.

mod support;

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::BodyExt as _;
use spdy::Frame;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;

use support::Cluster;

const POD: &str = "/api/v1/namespaces/default/pods/p";
const V5: (&str, &str) = ("sec-websocket-protocol", "v5.channel.k8s.io");

#[tokio::test]
async fn logs_come_from_the_kubelet() {
    let cluster = Cluster::start(&[]).await;
    let log = cluster.get(&format!("{POD}/log")).await;
    assert_eq!((log.status, log.body.as_str()), (200, "c says 1\nc says 2\nc says 3\n"));
    assert_eq!(log.header("content-type"), "text/plain");
    let tail = cluster.get(&format!("{POD}/log?tailLines=1&timestamps=true&container=c")).await;
    assert_eq!(tail.body, "c says 3\n");
    let target = cluster.kubelet.asked().pop().unwrap().target;
    assert_eq!(target, "/containerLogs/default/p/c?tailLines=1&timestamps=true");
    let previous = cluster.get(&format!("{POD}/log?previous=true")).await;
    assert_eq!((previous.status, previous.reason()), (400, "BadRequest".to_owned()));
    assert_eq!(previous.message(), "previous terminated container \"c\" in pod \"p\" not found");
    let invalid = cluster.get(&format!("{POD}/log?limitBytes=0")).await;
    assert_eq!((invalid.status, invalid.reason()), (422, "Invalid".to_owned()));
}

#[tokio::test]
async fn a_followed_log_ends_with_its_reader_and_with_the_server() {
    let mut cluster = Cluster::start(&[]).await;
    let path = format!("{POD}/log?follow=true");
    let mut response = cluster.open("GET", &path, &[]).await;
    let mut seen = String::new();
    while !seen.contains("more 5") {
        let frame = response.body_mut().frame().await.unwrap().unwrap();
        seen.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
    cluster.stop();
    let rest = tokio::time::timeout(Duration::from_secs(5), async {
        while let Some(Ok(_)) = response.body_mut().frame().await {}
    });
    rest.await.expect("a stop ends the log");
}

#[tokio::test]
async fn a_log_can_be_read_as_messages() {
    let cluster = Cluster::start(&[]).await;
    let path = format!("{POD}/log");
    let mut socket =
        cluster.websocket(&path, &[("sec-websocket-protocol", "base64.binary.k8s.io")]).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::Text("".into()));
    let text = socket.next().await.unwrap().unwrap();
    assert_eq!(text, Message::Text("YyBzYXlzIDEKYyBzYXlzIDIKYyBzYXlzIDMK".into()));
    let refused = cluster.websocket(&path, &[("sec-websocket-protocol", "other")]).await.unwrap_err();
    assert_eq!(refused, 403);
}

#[tokio::test]
async fn a_watch_can_be_read_as_messages() {
    let mut cluster = Cluster::start(&[]).await;
    let pods = "/api/v1/namespaces/default/pods";
    let listed = cluster.get(pods).await;
    let parsed = codec::json::parse(listed.body.as_bytes()).unwrap().value;
    let items = parsed.array_at(&["items"]).len();
    assert!(items > 0, "{}", listed.body);
    let mut socket = cluster.websocket(&format!("{pods}?watch=1"), &[]).await.unwrap();
    for _ in 0..items {
        let Some(Ok(Message::Text(event))) = socket.next().await else { panic!("no event") };
        let event = codec::json::parse(event.as_bytes()).unwrap().value;
        assert_eq!((event.str_at(&["type"]), event.str_at(&["object", "kind"])), ("ADDED", "Pod"));
    }
    assert_eq!(cluster.websocket("/api/v1/nothing?watch=1", &[]).await.unwrap_err(), 404);
    cluster.stop();
    assert!(!matches!(socket.next().await, Some(Ok(Message::Text(_)))), "nothing comes any more");
}

/// What a client hears of a command: stdout, stderr, and the status.
async fn hear(socket: &mut support::ClientSocket) -> (String, String, String) {
    let mut heard = [const { String::new() }; 4];
    while let Some(Ok(message)) = socket.next().await {
        match message {
            Message::Binary(bytes) => {
                let channel = usize::from(bytes[0]);
                heard[channel].push_str(std::str::from_utf8(&bytes[1..]).unwrap());
            }
            // client-go takes an end without a code for an error.
            Message::Close(frame) => assert_eq!(u16::from(frame.unwrap().code), 1000),
            other => panic!("{other:?}"),
        }
    }
    let [_, stdout, stderr, status] = heard;
    (stdout, stderr, status)
}

#[tokio::test]
async fn exec_over_websocket_is_translated() {
    let cluster = Cluster::start(&[]).await;
    let success = r#"{"metadata":{},"status":"Success"}"#;
    let run = |query: &'static str| {
        let cluster = &cluster;
        async move {
            let path = format!("{POD}/exec?{query}");
            let mut socket = cluster.websocket(&path, &[V5]).await.unwrap();
            hear(&mut socket).await
        }
    };
    let (out, err, status) = run("stdout=1&stderr=1&command=echo&command=hello").await;
    assert_eq!((out.as_str(), err.as_str(), status.as_str()), ("hello\n", "", success));
    let (out, err, _) = run("stdout=1&stderr=1&command=complain&command=no").await;
    assert_eq!((out.as_str(), err.as_str()), ("", "no\n"));
    let (_, _, status) = run("stdout=1&command=exit&command=3").await;
    assert!(status.contains(r#""reason":"ExitCode","message":"3""#), "{status}");
    let (_, _, status) = run("stdout=1&command=refuse").await;
    assert!(status.contains("Internal error occurred: unable to upgrade connection: container is on strike"));
    let (_, _, status) = run("stdout=1&command=vanish").await;
    assert!(status.contains("error reading from error stream: unexpected EOF"), "{status}");
}

#[tokio::test]
async fn exec_carries_input_until_its_end() {
    let cluster = Cluster::start(&[]).await;
    let path = format!("{POD}/exec?stdin=1&stdout=1&command=cat");
    let mut socket = cluster.websocket(&path, &[V5]).await.unwrap();
    let long = vec![b'x'; 300_000];
    for piece in long.chunks(100_000) {
        socket.send(Message::Binary([&[0], piece].concat().into())).await.unwrap();
    }
    socket.send(Message::Binary(Bytes::from_static(&[255, 0]))).await.unwrap();
    // What comes behind the end of the input is dropped.
    socket.send(Message::Binary(Bytes::from_static(b"\0late"))).await.unwrap();
    let (out, _, status) = hear(&mut socket).await;
    assert_eq!((out.len(), status.contains("Success")), (long.len(), true));
    let asked = cluster.kubelet.asked().pop().unwrap();
    assert_eq!(
        (asked.method.as_str(), asked.target.as_str()),
        ("POST", "/exec/default/p/c?command=cat&input=1&output=1")
    );
    assert!(asked.header("x-stream-protocol-version").starts_with("v5.channel.k8s.io,v4.channel.k8s.io"));
}

#[tokio::test]
async fn a_command_that_reads_nothing_can_still_write() {
    let cluster = Cluster::start(&[]).await;
    let path = format!("{POD}/exec?stdin=1&stdout=1&command=deaf&command=4000");
    let socket = cluster.websocket(&path, &[V5]).await.unwrap();
    let (mut to_server, mut from_server) = socket.split();
    let typing = tokio::spawn(async move {
        let piece = Bytes::from([&[0], [b'y'; 60_000].as_slice()].concat());
        while to_server.send(Message::Binary(piece.clone())).await.is_ok() {}
    });
    let (mut out, mut status) = (0, Bytes::new());
    while let Some(Ok(Message::Binary(bytes))) = from_server.next().await {
        if bytes[0] == 1 { out += bytes.len() - 1 } else { status = bytes.slice(1..) }
    }
    assert_eq!(out, 4000 * 1024);
    assert_eq!(status, r#"{"metadata":{},"status":"Success"}"#);
    typing.abort();
}

#[tokio::test]
async fn a_kubelet_sees_when_the_client_leaves() {
    let cluster = Cluster::start(&[]).await;
    let path = format!("{POD}/exec?stdin=1&stdout=1&command=cat");
    let mut socket = cluster.websocket(&path, &[V5]).await.unwrap();
    socket.send(Message::Binary(Bytes::from_static(b"\0x"))).await.unwrap();
    while socket.next().await.unwrap().unwrap() != Message::Binary(Bytes::from_static(b"\x01x")) {}
    assert_eq!(cluster.kubelet.upgraded(), 1);
    drop(socket);
    let closed = async {
        while cluster.kubelet.upgraded() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), closed).await.expect("the kubelet's end is closed");
}

#[tokio::test]
async fn replaced_certificates_are_read_again() {
    let cluster = Cluster::start(&[]).await;
    let path = format!("{POD}/log");
    assert_eq!(cluster.get(&path).await.status, 200);
    cluster.trust(&cluster.pod.certificate);
    let refused = cluster.get(&path).await.message();
    assert!(refused.ends_with("x509: certificate signed by unknown authority"), "{refused}");
    // What cannot be read changes nothing.
    cluster.trust("nonsense");
    assert_eq!(cluster.get(&path).await.message(), refused);
    cluster.trust(&cluster.kubelet.certificate);
    assert_eq!(cluster.get(&path).await.status, 200);
    let any = cluster.get(&format!("{path}?insecureSkipTLSVerifyBackend=true")).await;
    assert_eq!(any.status, 200);
}

#[tokio::test]
async fn a_stop_of_the_server_ends_streams() {
    let mut cluster = Cluster::start(&[]).await;
    let mut exec = cluster.websocket(&format!("{POD}/attach?stdin=1&stdout=1"), &[V5]).await.unwrap();
    let offer = [("sec-websocket-protocol", "SPDY/3.1+portforward.k8s.io")];
    let mut tunnel = cluster.websocket(&format!("{POD}/portforward"), &offer).await.unwrap();
    let headers = [("connection", "Upgrade"), ("upgrade", "echo")];
    let (_, raw) = cluster.upgrade("GET", &format!("{POD}/proxy/raw"), &headers).await;
    cluster.stop();
    let ended = async {
        while let Some(Ok(_)) = exec.next().await {}
        while let Some(Ok(_)) = tunnel.next().await {}
        let _ = raw.unwrap().read_to_end(&mut Vec::new()).await;
    };
    tokio::time::timeout(Duration::from_secs(5), ended).await.expect("a stop ends streams");
}

#[tokio::test]
async fn a_kubelet_is_shown_our_certificate_and_a_pod_is_not() {
    let cluster = Cluster::start(&[]).await;
    cluster.get(&format!("{POD}/log")).await;
    assert_eq!(cluster.kubelet.asked().pop().unwrap().certificate, Some(cluster.certificate.clone()));
    let port = cluster.kubelet.address.port();
    let proxied = cluster.get(&format!("/api/v1/namespaces/default/pods/https:p:{port}/proxy/x")).await;
    assert_eq!(proxied.status, 200, "{}", proxied.body);
    assert_eq!(cluster.kubelet.asked().pop().unwrap().certificate, None);
}

#[tokio::test]
async fn the_size_of_a_terminal_reaches_the_command() {
    let cluster = Cluster::start(&[]).await;
    let path = format!("{POD}/exec?stdin=1&stdout=1&tty=1&command=size");
    let mut socket = cluster.websocket(&path, &[V5]).await.unwrap();
    socket.send(Message::Binary(Bytes::from_static(b"\x04{\"Width\":80,\"Height\":24}"))).await.unwrap();
    assert_eq!(hear(&mut socket).await.0, "{\"Width\":80,\"Height\":24}\n");
}

#[tokio::test]
async fn exec_over_spdy_and_old_websockets_is_handed_on() {
    let cluster = Cluster::start(&[]).await;
    let path = format!("{POD}/exec?stdout=1&command=echo&command=hi");
    let headers = [
        ("connection", "Upgrade"),
        ("upgrade", "SPDY/3.1"),
        ("x-stream-protocol-version", "v4.channel.k8s.io"),
        ("authorization", "Bearer secret"),
    ];
    let (head, stream) = cluster.upgrade("POST", &path, &headers).await;
    assert_eq!((head.status, head.header("x-stream-protocol-version").as_str()), (101, "v4.channel.k8s.io"));
    let mut wire = support::SpdyClient::new(stream.unwrap());
    wire.open(&[(1, "error"), (3, "stdout")]).await;
    assert_eq!(wire.read_until_fin(3).await, "hi\n");
    let asked = cluster.kubelet.asked().pop().unwrap();
    assert_eq!(
        (asked.header("authorization").as_str(), asked.header("x-forwarded-for").as_str()),
        ("", "127.0.0.1")
    );
    // A WebSocket without the end of streams goes to the kubelet, which may refuse it.
    let old = cluster.websocket(&path, &[("sec-websocket-protocol", "v4.channel.k8s.io")]).await;
    assert_eq!(old.unwrap_err(), 400);
    assert_eq!(cluster.kubelet.asked().pop().unwrap().header("upgrade"), "websocket");
}

#[tokio::test]
async fn a_kubelet_that_takes_websockets_gets_them() {
    let cluster = Cluster::start(&["ExtendWebSocketsToKubelet"]).await;
    let path = format!("{POD}/exec?stdout=1&command=echo");
    assert_eq!(cluster.websocket(&path, &[V5]).await.unwrap_err(), 400);
    let asked = cluster.kubelet.asked().pop().unwrap();
    assert_eq!((asked.method.as_str(), asked.header("sec-websocket-protocol").as_str()), ("GET", V5.1));
}

#[tokio::test]
async fn ports_are_forwarded_through_a_tunnel() {
    let cluster = Cluster::start(&[]).await;
    let path = format!("{POD}/portforward?ports=80");
    let offer = [("sec-websocket-protocol", "SPDY/3.1+portforward.k8s.io")];
    let mut socket = cluster.websocket(&path, &offer).await.unwrap();
    assert_eq!(cluster.kubelet.asked().pop().unwrap().target, "/portForward/default/p?port=80");
    let mut client = support::frames(&[(1, "error"), (3, "data")]);
    Frame::Data { stream: 3, fin: true, bytes: Bytes::from_static(b"shout") }.write(&mut client);
    socket.send(Message::Binary(client.freeze())).await.unwrap();
    let mut told = support::Told::default();
    while !told.ended.contains(&3) {
        let Message::Binary(bytes) = socket.next().await.unwrap().unwrap() else { continue };
        told.take(&bytes);
    }
    assert_eq!(told.data[&3], "SHOUT");
}

#[tokio::test]
async fn proxies_hand_requests_on() {
    let cluster = Cluster::start(&[]).await;
    let (host, port) = (cluster.pod.address.ip(), cluster.pod.address.port());
    for base in [
        format!("/api/v1/nodes/n:{port}/proxy"),
        format!("/api/v1/nodes/http:n:{port}/proxy"),
        format!("{POD}/proxy"),
        format!("/api/v1/namespaces/default/pods/http:p:{port}/proxy"),
    ] {
        let path = format!("{base}/a%20b/c?x=%2F&y");
        let headers = [("authorization", "Bearer secret"), ("cookie", "a=b"), ("accept", "text/html")];
        let answer = cluster.ask("PUT", &path, &headers, "body").await;
        assert_eq!(
            (answer.status, answer.header("x-fakelet").as_str()),
            (200, "here"),
            "{base}: {}",
            answer.body
        );
        let told = |path: &[&str]| answer.json().str_at(path).to_owned();
        assert_eq!((told(&["method"]), told(&["body"])), ("PUT".into(), "body".into()));
        assert_eq!(told(&["target"]), "/a%20b/c?x=%2F&y");
        assert_eq!(told(&["headers", "x-forwarded-uri"]), format!("{base}/a%20b/c"));
        assert_eq!(
            (told(&["headers", "authorization"]), told(&["headers", "cookie"])),
            (String::new(), "a=b".into())
        );
        assert_eq!(answer.header("access-control-allow-origin"), "");
        let redirect = cluster.get(&format!("{base}/redirect")).await;
        assert_eq!((redirect.status, redirect.header("location")), (302, format!("{base}/there?x=1")));
        let page = cluster.get(&format!("{base}/page")).await;
        assert_eq!(page.body, format!("<a href=\"{base}/there\">there</a>"));
        let slash = cluster.get(&format!("{base}?q")).await;
        assert_eq!((slash.status, slash.header("location")), (301, format!("{base}/?q")));
    }
    let kubelet = cluster.get("/api/v1/nodes/n/proxy/pods/").await;
    assert_eq!(kubelet.json().str_at(&["target"]), "/pods/");
    assert_eq!(cluster.kubelet.asked().pop().unwrap().header("host"), cluster.host());
    assert_eq!(host.to_string(), "127.0.0.1");
}

#[tokio::test]
async fn proxies_hand_upgrades_on() {
    let cluster = Cluster::start(&[]).await;
    let headers = [("connection", "Upgrade"), ("upgrade", "echo")];
    let (head, stream) = cluster.upgrade("GET", &format!("{POD}/proxy/raw"), &headers).await;
    assert_eq!((head.status, head.header("upgrade").as_str()), (101, "echo"));
    let mut stream = stream.unwrap();
    stream.write_all(b"ping").await.unwrap();
    let mut back = [0; 4];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"ping");
}

#[tokio::test]
async fn what_cannot_be_reached_is_told_with_upstreams_texts() {
    let cluster = Cluster::start(&[]).await;
    cluster.break_kubelet().await;
    let refused = "dial tcp 127.0.0.1:1: connect: connection refused";
    let log = cluster.get(&format!("{POD}/log")).await;
    let expected = format!("Get \"https://127.0.0.1:1/containerLogs/default/p/c\": {refused}");
    assert_eq!((log.status, log.reason(), log.message()), (500, String::new(), expected));
    let headers = [("connection", "Upgrade"), ("upgrade", "SPDY/3.1")];
    let (exec, _) = cluster.upgrade("POST", &format!("{POD}/exec?command=x"), &headers).await;
    assert_eq!((exec.status, exec.message()), (500, format!("error dialing backend: {refused}")));
    let mut socket = cluster.websocket(&format!("{POD}/exec?stdout=1&command=x"), &[V5]).await.unwrap();
    let (_, _, status) = hear(&mut socket).await;
    let sending =
        "error sending request: Post \\\"https://127.0.0.1:1/exec/default/p/c?command=x\\u0026output=1\\\": ";
    assert!(status.contains(sending) && status.contains(refused), "{status}");
    let node = cluster.get("/api/v1/nodes/n/proxy/healthz").await;
    let expected = format!("error trying to reach service: {refused}");
    assert_eq!((node.status, node.reason(), node.message()), (503, "ServiceUnavailable".into(), expected));
}

#[tokio::test]
async fn what_makes_no_sense_is_told_with_upstreams_texts() {
    let cluster = Cluster::start(&[]).await;
    let cases = [
        ("GET", format!("{POD}/exec?command=x"), 400, "Upgrade request required"),
        ("POST", format!("{POD}/attach?dryRun=All"), 400, "dryRun is not supported"),
        ("GET", format!("{POD}/exec?container=x"), 400, "container x is not valid for pod p"),
        (
            "GET",
            format!("{POD}/portforward?ports=x"),
            400,
            "cannot convert to []int32: strconv.ParseUint: parsing \"x\": invalid syntax",
        ),
        ("GET", "/api/v1/nodes/ftp:n:1/proxy/".to_owned(), 400, "invalid node request \"ftp:n:1\""),
        ("GET", "/api/v1/nodes/x/proxy/".to_owned(), 404, "nodes \"x\" not found"),
        ("GET", "/api/v1/namespaces/default/pods/x/proxy/".to_owned(), 404, "pods \"x\" not found"),
        ("GET", "/api/v1/namespaces/default/services/x/proxy/".to_owned(), 404, "services \"x\" not found"),
        (
            "GET",
            "/api/v1/namespaces/default/services/s:81/proxy/".to_owned(),
            503,
            "no service port 81 found for service \"s\"",
        ),
        (
            "GET",
            "/api/v1/namespaces/default/services/s:b/proxy/".to_owned(),
            503,
            "no endpoints available for service \"s:b\"",
        ),
        // An address that is none of the pod's.
        (
            "GET",
            "/api/v1/namespaces/default/services/s:80/proxy/".to_owned(),
            503,
            "no endpoints available for service \"s:80\"",
        ),
        (
            "PATCH",
            format!("{POD}/exec"),
            405,
            "the server does not allow this method on the requested resource",
        ),
    ];
    for (method, path, status, message) in cases {
        let answer = cluster.ask(method, &path, &[], "").await;
        assert_eq!((answer.status, answer.message().as_str()), (status, message), "{path}");
    }
    let head = cluster.ask("HEAD", &format!("{POD}/proxy/x"), &[], "").await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}
