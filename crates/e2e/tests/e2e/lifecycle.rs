//! The life of the process: a gentle end, a folder that is taken, what a restart keeps, the port of old.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use e2e::{ClientCertificate, PATIENCE, Server, Session, Validity, run, wait_for};

const BODY: &str = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"late"}}"#;

#[test]
fn sigterm_lets_everything_end_cleanly() {
    let mut server = Server::start(&["--shutdown-delay-duration=2s"]);
    let mut watch = server.connect().unwrap();
    watch.send("GET /api/v1/namespaces?watch=1 HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let first = watch.read_some(1 << 16, PATIENCE).unwrap();
    assert!(first.starts_with(b"HTTP/1.1 200 OK"), "{}", String::from_utf8_lossy(&first));
    let mut write = server.connect().unwrap();
    let head = format!(
        "POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        BODY.len()
    );
    write.send(head + &BODY[..20]).unwrap();

    server.begin_stop();
    // Not ready any more, and yet everything works: load balancers get their time.
    wait_for("false readyz", || server.get("/readyz").ok().filter(|answer| answer.status == 500));
    assert_eq!(server.get("/livez").unwrap().status, 200);
    assert_eq!(server.get("/api/v1/namespaces/default").unwrap().status, 200);
    wait_for("closed port", || TcpStream::connect(server.address()).err());

    // The request that was under way finishes.
    write.send(&BODY[20..]).unwrap();
    let answer = write.answer().unwrap();
    assert_eq!(answer.status, 201, "{answer:?}");
    let rest = watch.rest().unwrap();
    assert!(rest.ends_with("0\r\n\r\n"), "the watch was cut off: {rest:?}");
    let ended = server.wait();
    assert_eq!((ended.code, ended.timed_out), (Some(0), false), "{ended:?}");

    server.start_again();
    assert_eq!(server.get("/api/v1/namespaces/default/configmaps/late").unwrap().status, 200);
}

#[test]
fn a_stop_is_quick_when_nothing_is_under_way() {
    let mut server = Server::start(&[]);
    // A client that has its answer does not hold it up.
    let mut idle = server.connect().unwrap();
    idle.send("GET /version HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    assert!(idle.read_some(1 << 16, PATIENCE).unwrap().starts_with(b"HTTP/1.1 200 OK"));
    // Nor does one that never began to speak; its time for that would be 10 s.
    let _silent = TcpStream::connect(server.address()).unwrap();
    let start = Instant::now();
    let ended = server.stop();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn a_folder_has_one_server() {
    let server = Server::start(&[]);
    let second = run(&mut server.command(0), PATIENCE);
    assert_eq!((second.code, second.stdout.as_str()), (Some(1), ""), "{second:?}");
    assert!(second.stderr.contains("another process"), "{second:?}");
    assert!(second.stderr.contains(server.data().to_str().unwrap()), "{second:?}");
    assert_eq!(server.get("/readyz").unwrap().status, 200);
}

#[test]
fn a_port_has_one_server() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let mut server = Server::start(&[]);
    server.stop();
    let second = run(&mut server.command(address.port()), PATIENCE);
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(second.stderr.contains(&address.to_string()), "{second:?}");
}

#[test]
fn a_restart_keeps_everything() {
    let mut server = Server::start(&[]);
    let session = Session::admin(&server);
    session.expect("kubectl create serviceaccount robot");
    session
        .expect("kubectl create clusterrolebinding robot --clusterrole=view --serviceaccount=default:robot");
    let token = session.expect("kubectl create token robot");
    session.write("use-token", token.trim());
    session.expect("kubectl config set-credentials robot --token=\"$(cat use-token)\"");
    let state = |server: &Server| {
        let files = [
            "pki/ca.crt",
            "pki/ca.key",
            "pki/apiserver.crt",
            "pki/sa.key",
            "pki/admin.crt",
            "admin.kubeconfig",
        ]
        .map(|file| std::fs::read(server.data().join(file)).unwrap());
        let objects =
            session.expect("kubectl get namespaces,clusterroles,serviceaccounts,services -A -o yaml");
        (files, objects)
    };
    let before = state(&server);
    for gentle in [true, false] {
        if gentle {
            server.stop()
        } else {
            server.kill()
        };
        server.start_again();
        let after = state(&server);
        assert_eq!(after.0, before.0, "files");
        assert_eq!(after.1, before.1, "objects");
        assert_eq!(
            session.expect("kubectl --user=robot auth whoami -o jsonpath={.status.userInfo.username}"),
            "system:serviceaccount:default:robot"
        );
    }
}

#[test]
fn secrets_are_for_the_owner_only() {
    let server = Server::start(&[]);
    for file in
        ["pki/ca.key", "pki/apiserver.key", "pki/sa.key", "pki/admin.key", "admin.kubeconfig", "store"]
    {
        let mode = std::fs::metadata(server.data().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file}: {mode:o}");
    }
}

#[test]
fn a_serving_certificate_near_its_end_is_renewed() {
    let mut server = Server::start(&[]);
    server.stop();
    let old = ClientCertificate::issue(&server.pki(), "kube-apiserver", None, Validity::Expired);
    std::fs::write(server.pki().join("apiserver.crt"), &old.certificate).unwrap();
    std::fs::write(server.pki().join("apiserver.key"), &old.key).unwrap();
    let ca = std::fs::read(server.pki().join("ca.crt")).unwrap();
    server.start_again();
    assert_ne!(std::fs::read_to_string(server.pki().join("apiserver.crt")).unwrap(), old.certificate);
    assert_eq!(std::fs::read(server.pki().join("ca.crt")).unwrap(), ca);
    Session::admin(&server).expect("kubectl get namespaces");
}

#[test]
fn the_port_of_old_serves_whoever_comes_and_warns() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = Server::start(&["--insecure-port", &port.to_string()]);
    let session = Session::admin(&server);
    let kubectl = format!("kubectl --kubeconfig=/dev/null --server=http://127.0.0.1:{port}");
    let users = session
        .expect(&format!("{kubectl} create configmap one -o name; {kubectl} get configmap one -o name"));
    assert_eq!(users, "configmap/one\nconfigmap/one\n");
    // Admission is not skipped.
    let protected = session.run(&format!("{kubectl} delete namespace kube-system"));
    assert!(protected.stderr.contains("this namespace may not be deleted"), "{protected:?}");
    let ended = server.stop();
    assert!(ended.stderr.contains("INSECURE"), "{ended:?}");
}

#[test]
fn a_client_that_says_nothing_is_cut_off() {
    let server = Server::start(&[]);
    let mut tcp = TcpStream::connect(server.address()).unwrap();
    let mut slow = server.connect().unwrap();
    slow.send("GET /version HTTP/1.1\r\nhost:").unwrap();
    let start = Instant::now();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    // Without a handshake, and in the midst of a header.
    assert_eq!(std::io::Read::read(&mut tcp, &mut [0; 1]).unwrap_or(0), 0);
    let rest = slow.rest().unwrap();
    assert!(!rest.contains("gitVersion"), "{rest:?}");
    assert!(start.elapsed() < PATIENCE);
    assert_eq!(server.get("/readyz").unwrap().status, 200);
}
