//! What kubectl sees of a server that goes away and comes back.

use std::time::Duration;

use e2e::{Server, Session, wait_for};

/// Writes what a watch prints to a file, and its exit code to another when it ends.
const WATCH: &str =
    "kubectl get configmaps -l app=x --watch --output-watch-events --no-headers >seen 2>errors
    echo $? >ended";

#[test]
fn a_watch_ends_quietly_with_the_server_and_the_next_one_goes_on() {
    let mut server = Server::start(&[]);
    let session = Session::admin(&server);
    let read = |name: &str| std::fs::read_to_string(session.folder().join(name)).unwrap_or_default();
    session.expect("kubectl create configmap one && kubectl label configmap one app=x");
    for (round, kill) in [false, true].into_iter().enumerate() {
        session.expect("rm -f seen errors ended");
        std::thread::scope(|scope| {
            let watching = scope.spawn(|| session.run_for(WATCH, 2 * e2e::PATIENCE));
            wait_for("line of the watch", || read("seen").contains("ADDED").then_some(()));
            session.expect(&format!("kubectl annotate configmap one round={round} --overwrite"));
            wait_for("event", || read("seen").contains("MODIFIED").then_some(()));
            let output = if kill { server.kill() } else { server.stop() };
            assert_eq!(output.code, (!kill).then_some(0), "{output:?}");
            assert!(!watching.join().unwrap().timed_out, "the watch does not end");
        });
        assert_eq!(read("ended").trim(), "0", "{}", read("errors"));
        assert_eq!(read("errors"), "");
        let seen = read("seen");
        let kinds: Vec<_> = seen.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
        assert_eq!(kinds, ["ADDED", "MODIFIED"], "{seen}");
        server.start_again();
    }
    let held = session.expect("kubectl get configmap one -o jsonpath='{.metadata.annotations.round}'");
    assert_eq!(held, "1");
}

#[test]
fn a_watch_goes_on_from_a_revision_of_before_the_restart() {
    let mut server = Server::start(&[]);
    let session = Session::admin(&server);
    let revision = session.expect("kubectl create configmap one -o jsonpath='{.metadata.resourceVersion}'");
    session.expect("kubectl annotate configmap one a=1");
    server.kill();
    server.start_again();
    session.expect("kubectl annotate configmap one a=2 --overwrite; kubectl delete configmap one");
    let path =
        "/api/v1/namespaces/default/configmaps?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Done";
    let limit = Duration::from_secs(60);
    let output = session.run_for(&format!("kubectl get --raw '{path}&resourceVersion={revision}'"), limit);
    let events: Vec<serde_json::Value> =
        output.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    // A server need not remember what was before it began; then it must say so and nothing else.
    if kinds == ["ERROR"] {
        assert_eq!(events[0]["object"]["code"], 410, "{output:?}");
    } else {
        assert_eq!(kinds, ["MODIFIED", "MODIFIED", "DELETED"], "{output:?}");
    }
}
