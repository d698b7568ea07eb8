//! kubectl logs, exec, attach and port-forward through the server to a kubelet that speaks what real ones speak.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use e2e::{PATIENCE, Server, Session, wait_for};
use fakelet::Fakelet;

/// Both ways that kubectl streams: over WebSocket, as it does by itself, and over SPDY.
const WAYS: [&str; 2] =
    ["", "export KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false KUBECTL_PORT_FORWARD_WEBSOCKETS=false;"];

const OBJECTS: &str = "
apiVersion: v1
kind: Node
metadata: {name: 'n'}
---
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  nodeName: 'n'
  containers: [{name: c, image: i, stdin: true}]
";

struct Cluster {
    kubelet: Fakelet,
    server: Server,
    user: Session,
}

/// A server that knows one pod on a node with a kubelet, whose certificate it checks.
fn cluster() -> Cluster {
    let kubelet = Fakelet::start();
    let folder = tempfile::Builder::new().prefix("sumun-e2e-").tempdir().unwrap();
    let ca = folder.path().join("kubelet-ca.pem");
    std::fs::write(&ca, &kubelet.certificate).unwrap();
    let flag = format!("--kubelet-certificate-authority={}", ca.display());
    let server = Server::start_in(folder, &[&flag]);
    let user = Session::admin(&server);
    user.write("objects.yaml", OBJECTS);
    user.write("node.json", &node_status(kubelet.address.port()));
    let running = r#"{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}"#;
    user.write("pod.json", running);
    user.expect(
        "until kubectl get serviceaccount default; do sleep 0.1; done
         set -e
         kubectl apply -f objects.yaml
         kubectl patch node n --subresource=status --type=merge --patch-file=node.json
         kubectl patch pod p --subresource=status --type=merge --patch-file=pod.json",
    );
    Cluster { kubelet, server, user }
}

fn node_status(port: u16) -> String {
    serde_json::json!({"status": {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
    }})
    .to_string()
}

#[test]
fn logs_are_read_and_followed() {
    let Cluster { user, mut server, kubelet } = cluster();
    assert_eq!(user.expect("kubectl logs p"), "c says 1\nc says 2\nc says 3\n");
    assert_eq!(user.expect("kubectl logs p -c c --tail=1 --timestamps --since=5m"), "c says 3\n");
    let target = kubelet.asked().pop().unwrap().target;
    assert_eq!(target, "/containerLogs/default/p/c?sinceSeconds=300&tailLines=1&timestamps=true");
    let followed = user.expect("kubectl logs -f p | head -n 6");
    assert!(followed.ends_with("c says 3\nmore 4\nmore 5\nmore 6\n"), "{followed}");
    let previous = user.run("kubectl logs --previous p");
    let said = "Error from server (BadRequest): previous terminated container \"c\" in pod \"p\" not found\n";
    assert_eq!((previous.code, previous.stderr.as_str()), (Some(1), said));
    // A log that is being followed does not hold up the end of the server.
    let following = std::thread::scope(|scope| {
        let following = scope.spawn(|| user.run("kubectl logs -f p > followed"));
        wait_for("line", || {
            std::fs::read_to_string(user.folder().join("followed")).ok().filter(|t| t.contains("more 5"))
        });
        let start = Instant::now();
        assert_eq!(server.stop().code, Some(0));
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        following.join().unwrap()
    });
    assert!(!following.timed_out, "{following:?}");
}

#[test]
fn commands_run_with_their_streams_and_exit_codes() {
    let Cluster { user, kubelet, server: _running } = cluster();
    for way in WAYS {
        let run = |line: &str| user.run(&format!("{way} {line}"));
        let said = run("kubectl exec p -- echo hello there");
        assert_eq!((said.code, said.stdout.as_str()), (Some(0), "hello there\n"), "{said:?}");
        // What kubectl speaks itself is handed on with its headers, a WebSocket is translated.
        let asked = kubelet.asked().pop().unwrap();
        assert_eq!((asked.method.as_str(), asked.header("upgrade").as_str()), ("POST", "SPDY/3.1"));
        assert_eq!(asked.header("user-agent").starts_with("kubectl"), !way.is_empty(), "{asked:?}");
        let complained = run("kubectl exec p -- complain loudly");
        assert_eq!((complained.stdout.as_str(), complained.stderr.as_str()), ("", "loudly\n"));
        let failed = run("kubectl exec p -- exit 3");
        assert_eq!((failed.code, failed.stderr.as_str()), (Some(3), "command terminated with exit code 3\n"));
        let copied = run("seq 1 100000 | kubectl exec -i p -- cat | cksum; seq 1 100000 | cksum");
        let sums: Vec<&str> = copied.stdout.lines().collect();
        assert!(matches!(sums.as_slice(), [a, b] if a == b), "{copied:?}");
        let refused = run("kubectl exec p -- refuse");
        assert!(refused.stderr.contains("container is on strike"), "{refused:?}");
        let attached = run("echo typed | kubectl attach -q -i p");
        assert_eq!((attached.code, attached.stdout.as_str()), (Some(0), "attached\ntyped\n"), "{attached:?}");
    }
    let missing = user.run("kubectl exec p -c x -- echo");
    assert!(missing.stderr.contains("container x is not valid for pod p"), "{missing:?}");
}

#[test]
fn ports_are_forwarded() {
    let Cluster { user, kubelet: _listening, server: _running } = cluster();
    for (number, way) in WAYS.iter().enumerate() {
        let script = format!(
            "{way} kubectl port-forward p :80 > forward{number} 2>&1 & pid=$!
             while [ ! -e stop{number} ]; do sleep 0.05; done; kill $pid; wait $pid; true"
        );
        std::thread::scope(|scope| {
            let running = scope.spawn(|| user.run_for(&script, PATIENCE));
            let told = user.folder().join(format!("forward{number}"));
            let port = wait_for("forwarded port", || {
                let text = std::fs::read_to_string(&told).ok()?;
                let (_, rest) = text.split_once("127.0.0.1:")?;
                rest.split_once(' ')?.0.parse::<u16>().ok()
            });
            for text in ["shout", "louder"] {
                assert_eq!(say(port, text), text.to_uppercase());
            }
            user.write(&format!("stop{number}"), "");
            running.join().unwrap();
        });
    }
}

/// Says something on a port and hears the answer.
fn say(port: u16, text: &str) -> String {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(text.as_bytes()).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    let mut heard = String::new();
    socket.read_to_string(&mut heard).unwrap();
    heard
}

#[test]
fn proxies_lead_to_no_address_of_this_machine() {
    let Cluster { user, kubelet, server: _running } = cluster();
    let before = kubelet.asked().len();
    for path in ["/api/v1/nodes/n/proxy/healthz", "/api/v1/namespaces/default/pods/p:80/proxy/"] {
        let refused = user.run(&format!("kubectl get --raw {path}"));
        assert_eq!(refused.stderr, "Error from server (BadRequest): address not allowed\n", "{path}");
    }
    assert_eq!(kubelet.asked().len(), before);
}

#[test]
fn a_kubelet_that_is_not_there_or_not_trusted_is_told() {
    let Cluster { user, kubelet, server: _running } = cluster();
    // Another kubelet, whose certificate the CA of the flag did not sign.
    let stranger = Fakelet::start();
    user.write("node.json", &node_status(stranger.address.port()));
    user.expect("kubectl patch node n --subresource=status --type=merge --patch-file=node.json");
    let at = format!("https://{}", stranger.address);
    let x509 = "tls: failed to verify certificate: x509: certificate signed by unknown authority";
    let log = user.run("kubectl logs p");
    let said = format!("Error from server: Get \"{at}/containerLogs/default/p/c\": {x509}\n");
    assert_eq!(log.stderr, said);
    assert_eq!(user.expect("kubectl logs p --insecure-skip-tls-verify-backend --tail=1"), "c says 3\n");
    let exec = user.run("kubectl exec p -- echo");
    assert!(
        exec.stderr.contains(&format!("error sending request: Post \"{at}/exec/default/p/c?command=echo")),
        "{exec:?}"
    );
    drop((stranger, kubelet));
    let log = user.run("kubectl logs p");
    assert!(log.stderr.ends_with(": connect: connection refused\n"), "{log:?}");
}
