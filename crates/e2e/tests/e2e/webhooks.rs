//! Services that are asked who somebody is and what they may do: good ones, slow ones, lying ones, dead ones; and the
//! file that says which there are, replaced under load.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use e2e::{Answer, Connection, Server, Session, wait_for};
use serde_json::{Value, json};

use crate::hook::{Hook, Reply};

/// Asks for a path with a token.
fn get(server: &Server, token: &str, path: &str, more: &str) -> Answer {
    let headers = format!("Authorization: Bearer {token}\r\n{more}");
    Connection::open(server.address(), &server.pki(), None).unwrap().get(path, &headers).unwrap()
}

/// A file of tokens for jane and bob.
fn tokens(dir: &Path) -> String {
    let path = dir.join("tokens.csv");
    std::fs::write(&path, "jane-token,jane,1,team\nbob-token,bob,2,team\n").unwrap();
    format!("--token-auth-file={}", path.display())
}

#[test]
fn a_token_that_a_webhook_knows() {
    let hook = Hook::start(|review| match review["spec"]["token"].as_str() {
        Some("opaque") => Reply::Status(json!({
            "authenticated": true,
            "user": {"username": "remote", "uid": "7", "groups": ["far"], "extra": {"from": ["hook"]}},
        })),
        Some("elsewhere") => Reply::Status(json!({
            "authenticated": true, "user": {"username": "remote"}, "audiences": ["https://other"],
        })),
        Some("broken") => Reply::Bytes(200, b"{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}".to_vec()),
        _ => Reply::Status(json!({"authenticated": false})),
    });
    let dir = tempfile::tempdir().unwrap();
    let kubeconfig = hook.kubeconfig(dir.path(), "authn");
    let flag = format!("--authentication-token-webhook-config-file={}", kubeconfig.display());
    let server = Server::start(&[&flag, "--authentication-token-webhook-version=v1"]);
    let session = Session::admin(&server);
    let whoami = |token: &str| {
        session.run(&format!(
            "kubectl config set-credentials t --token={token} >/dev/null; kubectl --user=t auth whoami -o jsonpath='{{.status.userInfo}}'"
        ))
    };
    let user: Value = serde_json::from_str(&whoami("opaque").stdout).unwrap();
    let expected = json!({
        "username": "remote", "uid": "7", "groups": ["far", "system:authenticated"], "extra": {"from": ["hook"]},
    });
    assert_eq!(user, expected);
    for token in ["unknown", "elsewhere", "broken"] {
        assert_eq!(
            whoami(token).stderr,
            "error: You must be logged in to the server (Unauthorized)\n",
            "{token}"
        );
    }
    let before = hook.asked().len();
    assert_eq!(whoami("opaque").code, Some(0));
    assert_eq!(whoami("unknown").code, Some(1));
    assert_eq!(hook.asked().len(), before, "answers are remembered");
    let asked = &hook.asked()[0];
    assert_eq!(asked["target"], "/review?timeout=30s");
    assert_eq!(asked["authorization"], "Bearer of-the-server");
    assert_eq!(asked["review"]["apiVersion"], "authentication.k8s.io/v1");
    assert_eq!(asked["review"]["spec"]["audiences"], json!(["https://kubernetes.default.svc"]));
    let review = session.expect(
        "echo '{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenReview\",\"spec\":{\"token\":\"elsewhere\",\"audiences\":[\"https://other\"]}}' \
         | kubectl create -f - -o jsonpath='{.status.user.username} {.status.audiences}'",
    );
    assert_eq!(review, "remote [\"https://other\"]");
}

/// The entry of a webhook in a configuration file.
fn entry(name: &str, kubeconfig: &Path, policy: &str, more: &str) -> String {
    format!(
        "- type: Webhook\n  name: {name}\n  webhook:\n    timeout: 500ms\n    subjectAccessReviewVersion: v1\n    \
         failurePolicy: {policy}\n    cacheAuthorizedRequests: false\n    cacheUnauthorizedRequests: false\n    \
         connectionInfo: {{type: KubeConfigFile, kubeConfigFile: {}}}\n{more}",
        kubeconfig.display()
    )
}

const HEAD: &str = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\nauthorizers:\n";
const RBAC: &str = "- {type: RBAC, name: rbac}\n";

/// Decides by the path that is asked for.
fn by_path(review: &Value) -> Reply {
    let status = |allowed: bool, denied: bool| {
        Reply::Status(json!({"allowed": allowed, "denied": denied, "reason": "so it is"}))
    };
    match review["spec"]["nonResourceAttributes"]["path"].as_str().unwrap_or("") {
        "/allowed" | "/healthz" => status(true, false),
        "/denied" | "/version" => status(false, true),
        "/both" => status(true, true),
        "/late" => Reply::Late,
        "/hangs" => Reply::Hang,
        "/huge" => Reply::Bytes(200, vec![b' '; 10 << 20]),
        "/garbage" => Reply::Bytes(200, b"<html>".to_vec()),
        "/other" => Reply::Bytes(200, br#"{"kind":"Status","apiVersion":"v1","status":"Success"}"#.to_vec()),
        "/moved" => Reply::Bytes(302, Vec::new()),
        "/refused" => Reply::Bytes(403, b"{}".to_vec()),
        _ => status(false, false),
    }
}

#[test]
fn webhooks_decide_and_failures_follow_the_policy() {
    let dir = tempfile::tempdir().unwrap();
    let (deny, open) = (Hook::start(by_path), Hook::start(by_path));
    let start = |hook: &Hook, policy: &str| {
        let kubeconfig = hook.kubeconfig(dir.path(), policy);
        let conditions = "    matchConditionSubjectAccessReviewVersion: v1\n    matchConditions:\n    - expression: request.user != 'bob'\n";
        let config = dir.path().join(format!("{policy}.yaml"));
        std::fs::write(&config, format!("{HEAD}{}{RBAC}", entry("hook", &kubeconfig, policy, conditions)))
            .unwrap();
        Server::start(&[&tokens(dir.path()), &format!("--authorization-config={}", config.display())])
    };
    let (closed_server, open_server) = (start(&deny, "Deny"), start(&open, "NoOpinion"));
    // What the webhook allows passes, even to a path that nobody serves; what it denies RBAC cannot allow.
    for server in [&closed_server, &open_server] {
        assert_eq!(get(server, "jane-token", "/allowed", "").status, 404);
        let denied = get(server, "jane-token", "/version", "");
        assert_eq!(denied.status, 403);
        assert!(denied.body.contains("cannot get path \\\"/version\\\": so it is"), "{denied:?}");
        assert_eq!(get(server, "bob-token", "/version", "").status, 200, "it is not asked about bob");
        assert_eq!(get(server, "jane-token", "/livez", "").status, 200, "no opinion: RBAC allows");
        assert_eq!(get(server, "jane-token", "/api/v1/secrets", "").status, 403);
    }
    let both = get(&closed_server, "jane-token", "/both", "");
    assert_eq!(
        (both.status, both.body.as_str()),
        (
            500,
            "Internal Server Error: \"/both\": webhook subject access review returned both allow and deny response\n"
        )
    );
    for (path, expected) in [
        ("/late", "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"),
        ("/hangs", "EOF"),
        ("/huge", "the answer is larger than 3145728 bytes"),
        ("/garbage", "json parse error"),
        ("/other", "instead of \"SubjectAccessReview\""),
        ("/moved", "the server responded with the status code 302"),
        ("/refused", "unknown"),
    ] {
        for server in [&closed_server, &open_server] {
            let answer = get(server, "jane-token", path, "");
            assert_eq!(answer.status, 500, "{path} {answer:?}");
            assert!(answer.body.starts_with(&format!("Internal Server Error: \"{path}\": ")), "{answer:?}");
            assert!(answer.body.contains(expected) || path == "/hangs", "{answer:?}");
        }
    }
    let metrics = open_server.get("/metrics").unwrap().body;
    assert!(
        metrics.contains(
            "apiserver_authorization_webhook_evaluations_total{name=\"hook\",result=\"timeout\"} 1"
        )
    );
    assert!(metrics.contains(
        "apiserver_authorization_match_condition_exclusions_total{name=\"hook\",type=\"Webhook\"} 1"
    ));
}

#[test]
fn a_dead_webhook_leaves_what_others_allow() {
    let dir = tempfile::tempdir().unwrap();
    let mut hook = Hook::start(by_path);
    let kubeconfig = hook.kubeconfig(dir.path(), "hook");
    let config = dir.path().join("config.yaml");
    std::fs::write(&config, format!("{HEAD}{}{RBAC}", entry("hook", &kubeconfig, "NoOpinion", ""))).unwrap();
    let server =
        Server::start(&[&tokens(dir.path()), &format!("--authorization-config={}", config.display())]);
    assert_eq!(get(&server, "jane-token", "/version", "").status, 403);
    hook.stop();
    assert_eq!(get(&server, "jane-token", "/version", "").status, 200, "RBAC allows");
    let failed = get(&server, "jane-token", "/api/v1/secrets", "");
    assert_eq!(failed.status, 500, "{failed:?}");
    assert!(failed.body.contains("connect: connection refused"), "{failed:?}");
    assert!(
        Session::admin(&server).expect("kubectl get namespaces").contains("kube-system"),
        "system:masters"
    );
}

#[test]
fn everybody_who_asks_waits_for_webhooks() {
    let hook = Hook::start(|review| {
        let spec = &review["spec"];
        let (user, resource) = (spec["user"].as_str(), &spec["resourceAttributes"]);
        let verb = resource["verb"].as_str().unwrap_or("");
        let allowed = match user {
            Some("jane") => ["impersonate", "escalate", "bind", "create", "list", "get"].contains(&verb),
            Some("bob") => {
                verb == "list" && resource["fieldSelector"]["requirements"][0]["values"][0] == "n1"
            }
            _ => false,
        };
        Reply::Status(json!({"allowed": allowed, "reason": format!("{verb} says the hook")}))
    });
    let dir = tempfile::tempdir().unwrap();
    let kubeconfig = hook.kubeconfig(dir.path(), "authz");
    let server = Server::start(&[
        &tokens(dir.path()),
        "--authorization-mode=RBAC,Webhook",
        "--authorization-webhook-version=v1",
        &format!("--authorization-webhook-config-file={}", kubeconfig.display()),
    ]);
    let session = Session::admin(&server);
    session.expect("kubectl config set-credentials jane --token=jane-token");
    session.expect("kubectl config set-credentials bob --token=bob-token");
    assert_eq!(session.expect("kubectl --user=jane auth can-i list pods"), "yes\n");
    assert_eq!(
        session.run("kubectl --user=jane auth can-i delete pods").stdout,
        "no - delete says the hook\n"
    );
    assert_eq!(
        session.expect("kubectl --user=jane --as=bob auth whoami -o jsonpath='{.status.userInfo.username}'"),
        "bob"
    );
    let refused = session.run("kubectl --user=bob --as=jane get pods");
    assert!(refused.stderr.contains("says the hook"), "{refused:?}");
    // jane holds nothing by RBAC; the webhook lets her escalate and bind.
    session.expect("kubectl --user=jane create clusterrole wide --verb=delete --resource=pods");
    session.expect("kubectl --user=jane create clusterrolebinding wide --clusterrole=wide --user=eve");
    assert_eq!(session.run("kubectl --user=bob get pods").code, Some(1));
    session.expect("kubectl --user=bob get pods --field-selector=spec.nodeName=n1");
    let listed = session.run("kubectl --user=jane auth can-i --list");
    assert!(
        listed
            .stderr
            .contains("the list may be incomplete: webhook authorizer does not support user rule resolution"),
        "{listed:?}"
    );
}

#[test]
fn the_configuration_is_replaced_under_load() {
    const SWAPS: usize = 60;
    const BUSY: usize = 16;
    let dir = tempfile::tempdir().unwrap();
    let hook = Hook::start(by_path);
    let kubeconfig = hook.kubeconfig(dir.path(), "hook");
    let config = dir.path().join("config.yaml");
    let write = |text: &str| {
        std::fs::write(dir.path().join("next"), text).unwrap();
        std::fs::rename(dir.path().join("next"), &config).unwrap();
    };
    let first = format!("{HEAD}{RBAC}");
    let second = format!("{HEAD}{}{RBAC}", entry("hook", &kubeconfig, "NoOpinion", ""));
    let third = format!("{HEAD}{RBAC}{}", entry("other", &kubeconfig, "Deny", ""));
    write(&first);
    let flags = [&tokens(dir.path()), &format!("--authorization-config={}", config.display())];
    let server = Arc::new(Server::start(&[flags[0], flags[1], "--reload-interval=5ms"]));
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let busy: Vec<_> = (0..BUSY)
        .map(|_| {
            let (server, stop, done) = (server.clone(), stop.clone(), done.clone());
            std::thread::spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    // RBAC allows it to everybody, the webhook has no opinion, whichever is asked first.
                    let answer = get(&server, "jane-token", "/livez", "");
                    assert_eq!(answer.status, 200, "{answer:?}");
                    done.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    let reloads = |status: &str| {
        let metric = format!(
            "apiserver_authorization_config_controller_automatic_reloads_total{{status=\"{status}\"}} "
        );
        let metrics = server.get("/metrics").unwrap().body;
        metrics.lines().find_map(|line| line.strip_prefix(&metric)).map_or(0, |n| n.parse::<usize>().unwrap())
    };
    let (mut good, mut bad) = (0, 0);
    for swap in 0..SWAPS {
        match swap % 4 {
            0 => write(&second),
            1 => write(&third),
            2 => write(&format!("{first}{swap}: [")),
            _ => write(&first),
        }
        let (status, wanted) = if swap % 4 == 2 {
            bad += 1;
            ("failure", bad)
        } else {
            good += 1;
            ("success", good)
        };
        wait_for("reload", || (reloads(status) == wanted).then_some(()));
        // What is in force: only the webhook allows this path.
        let expected = if swap % 4 == 3 { 403 } else { 404 };
        assert_eq!(get(&server, "jane-token", "/allowed", "").status, expected, "swap {swap}");
    }
    stop.store(true, Ordering::SeqCst);
    busy.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(done.load(Ordering::SeqCst) > BUSY);
}
