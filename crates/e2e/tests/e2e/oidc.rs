//! Users of an identity provider: its tokens, its keys, its configuration, all of which change while others are busy.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use e2e::{Provider, Server, Session, sumun, wait_for};
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::config::AuthInfo;
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::support::{block_on, config};

const UNAUTHORIZED: &str = "error: You must be logged in to the server (Unauthorized)\n";

/// A terminal that shows tokens.
struct Terminal(Session);

impl Terminal {
    fn of(server: &Server) -> Self {
        Self(Session::admin(server))
    }

    /// Who one is with a token, as JSON; what kubectl says when one is nobody.
    fn whoami(&self, token: &str) -> Result<Value, String> {
        let output = self.0.run(&format!(
            "kubectl config set-credentials t --token={token} >/dev/null
             kubectl --user=t auth whoami -o jsonpath='{{.status.userInfo}}'"
        ));
        serde_json::from_str(&output.stdout).map_err(|_| output.stderr)
    }
}

#[test]
fn an_issuer_of_flags() {
    let provider = Provider::start();
    let folder = tempfile::tempdir().unwrap();
    let ca = provider.write_ca(folder.path());
    let server = Server::start(&[
        &format!("--oidc-issuer-url={}", provider.url()),
        "--oidc-client-id=kube",
        &format!("--oidc-ca-file={ca}"),
        "--oidc-username-claim=email",
        "--oidc-groups-claim=roles",
        "--oidc-groups-prefix=oidc:",
        "--oidc-required-claim=hd=acme.io",
    ]);
    let terminal = Terminal::of(&server);
    let good = json!({"aud": "kube", "sub": "1", "email": "jane@acme.io", "roles": ["dev"], "hd": "acme.io"});
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        provider.token(&claims)
    };
    let first = provider.token(&good);
    let who = wait_for("known issuer", || terminal.whoami(&first).ok());
    assert_eq!(who, json!({"username": "jane@acme.io", "groups": ["oidc:dev", "system:authenticated"]}));
    for bad in [
        with("aud", json!("other")),
        with("iss", json!("https://evil.example")),
        with("exp", json!(1)),
        with("email_verified", json!(false)),
        with("hd", json!("evil.example")),
        format!("{}x", &first[..first.len() - 1]),
    ] {
        assert_eq!(terminal.whoami(&bad).unwrap_err(), UNAUTHORIZED);
    }

    // A plug-in that fetches tokens, as kubelogin does.
    terminal.0.write(
        "plugin",
        &format!(
            "#!/bin/sh\necho '{}'\n",
            json!({
                "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                "status": {"token": first},
            })
        ),
    );
    let who = terminal.0.expect(
        "chmod +x plugin; mkdir plugins; mv plugin plugins
         kubectl config set-credentials e --exec-command=$PWD/plugins/plugin --exec-api-version=client.authentication.k8s.io/v1 \
             --exec-interactive-mode=Never >/dev/null
         kubectl --user=e auth whoami -o jsonpath='{.status.userInfo.username}'",
    );
    assert_eq!(who, "jane@acme.io");

    // The provider changes its keys: new tokens are good at once, old ones end with their key, remembered or not.
    provider.add_key();
    let second = provider.token(&good);
    assert!(terminal.whoami(&second).is_ok() && terminal.whoami(&first).is_ok());
    let asked = provider.asked();
    for _ in 0..3 {
        assert!(terminal.whoami(&second).is_ok());
    }
    assert_eq!(provider.asked(), asked, "known keys are not asked for");
    provider.withdraw_old_keys();
    provider.add_key();
    let third = provider.token(&good);
    assert!(terminal.whoami(&third).is_ok());
    assert_eq!(terminal.whoami(&first).unwrap_err(), UNAUTHORIZED);
    assert!(terminal.whoami(&second).is_ok());
    provider.set_down(true);
    assert!(terminal.whoami(&third).is_ok(), "known keys are good while the provider is away");
    let shown = server.get("/metrics").unwrap().body;
    let latency = "apiserver_authentication_jwt_authenticator_latency_seconds_count{";
    assert!(shown.lines().any(|l| l.starts_with(latency) && l.contains("result=\"failure\"")), "{shown}");
}

/// An AuthenticationConfiguration in which users are named with a prefix.
fn configuration(provider: &Provider, prefix: &str, more: &str) -> String {
    let ca = provider.ca().replace('\n', "\n        ");
    format!(
        "apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
anonymous:
  enabled: true
  conditions:
  - path: /livez
  - path: /readyz
jwt:
- issuer:
    url: {}
    audiences: [kube, cluster]
    audienceMatchPolicy: MatchAny
    certificateAuthority: |
        {ca}
  claimValidationRules:
  - expression: claims.exp - claims.iat <= 86400.0
    message: tokens must not live longer than a day
  claimMappings:
    username:
      expression: '\"{prefix}\" + claims.sub'
    groups:
      expression: claims.?roles.orValue([])
    uid:
      claim: sub
    extra:
    - key: acme.io/team
      valueExpression: claims.acme__dot__io__slash__team
  userValidationRules:
  - expression: \"!user.username.startsWith('system:')\"
    message: system users are not of this issuer
{more}",
        provider.url()
    )
}

#[test]
fn an_issuer_of_a_file() {
    let provider = Provider::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authentication.yaml");
    std::fs::write(&file, configuration(&provider, "", "")).unwrap();
    let flag = format!("--authentication-config={}", file.display());
    let server = Server::start(&[&flag, "--reload-interval=20ms"]);
    let terminal = Terminal::of(&server);
    let claims =
        json!({"aud": ["x", "cluster"], "sub": "jane", "roles": "dev", "acme.io/team": "blue", "jti": "7"});
    let token = provider.token(&claims);
    let who = wait_for("known issuer", || terminal.whoami(&token).ok());
    let expected = json!({
        "username": "jane", "uid": "jane", "groups": ["dev", "system:authenticated"],
        "extra": {"acme.io/team": ["blue"], "authentication.kubernetes.io/credential-id": ["JTI=7"]},
    });
    assert_eq!(who, expected);
    for (name, value) in [
        ("sub", json!("system:admin")),
        ("exp", json!(4_000_000_000_u64)),
        ("acme.io/team", json!(7)),
        ("sub", json!(["jane"])),
    ] {
        let mut claims = claims.clone();
        claims[name] = value;
        assert_eq!(terminal.whoami(&provider.token(&claims)).unwrap_err(), UNAUTHORIZED, "{name}");
    }
    let anonymously = |path: &str| server.get_anonymously(path).unwrap().status;
    assert_eq!((anonymously("/livez"), anonymously("/version")), (200, 401));

    // Files that are no good change nothing, and say so.
    let metric = |line: &str| {
        let shown = server.get("/metrics").unwrap().body;
        let name = "apiserver_authentication_config_controller_automatic_reloads_total";
        shown.lines().any(|l| l.starts_with(name) && l.ends_with(line))
    };
    std::fs::write(&file, configuration(&provider, "", "nope: 1")).unwrap();
    wait_for("refused file", || metric("status=\"failure\"} 1").then_some(()));
    assert!(terminal.whoami(&token).is_ok());
    std::fs::write(&file, configuration(&provider, "", "").replace("/livez", "/version")).unwrap();
    wait_for("refused anonymous requests", || metric("status=\"failure\"} 2").then_some(()));
    assert_eq!(anonymously("/version"), 401);
    std::fs::write(&file, configuration(&provider, "acme:", "")).unwrap();
    let name = |token: &str| terminal.whoami(token).unwrap()["username"].as_str().unwrap().to_owned();
    wait_for("new configuration", || (name(&token) == "acme:jane").then_some(()));
    assert!(metric("status=\"success\"} 1"));
}

#[test]
fn a_file_that_is_wrong_at_the_start() {
    let provider = Provider::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authentication.yaml");
    let start = |content: &str, flags: &[&str]| {
        std::fs::write(&file, content).unwrap();
        let mut command = std::process::Command::new(sumun());
        command.arg("serve").arg("--data-dir").arg(folder.path().join("data"));
        command.args(["--bind-address=127.0.0.1", "--secure-port=0"]);
        command.arg(format!("--authentication-config={}", file.display())).args(flags);
        let output = e2e::run(&mut command, e2e::PATIENCE);
        assert!(!output.timed_out && output.code != Some(0), "{output:?}");
        output.stderr
    };
    let good = configuration(&provider, "", "");
    let bad = good
        .replace("https://127", "http://127")
        .replace("\"!user.username.startsWith('system:')\"", "user.name == ''");
    let stderr = start(&bad, &[]);
    for text in [
        "jwt[0].issuer.url: Invalid value: ",
        "URL scheme must be https",
        "jwt[0].userValidationRules[0].expression: Invalid value: ",
        "undefined field 'name'",
    ] {
        assert!(stderr.contains(text), "no {text:?} in {stderr}");
    }
    let stderr = start(&good, &["--anonymous-auth=true"]);
    assert!(
        stderr.contains("--anonymous-auth flag cannot be set when anonymous field is configured"),
        "{stderr}"
    );
    let stderr = start(&good, &["--oidc-issuer-url=https://i"]);
    assert!(
        stderr.contains("authentication-config file and oidc-* flags are mutually exclusive"),
        "{stderr}"
    );
}

const CONNECTIONS: usize = 64;
const SWAPS: usize = 100;

/// While the file is swapped, a user of the issuer stays one, on every connection.
#[test]
fn a_file_that_changes_under_load() {
    let provider = Provider::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authentication.yaml");
    let swap = |i: usize| {
        let next = folder.path().join("next");
        std::fs::write(&next, configuration(&provider, &format!("v{i}:"), "")).unwrap();
        std::fs::rename(&next, &file).unwrap();
    };
    swap(0);
    let flag = format!("--authentication-config={}", file.display());
    let server = Server::start(&[&flag, "--reload-interval=10ms"]);
    let token = provider.token(&json!({"aud": "kube", "sub": "jane", "acme.io/team": "blue"}));
    let terminal = Terminal::of(&server);
    wait_for("known issuer", || terminal.whoami(&token).ok());
    let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    block_on(300, async {
        let mut config = config(&server).await;
        config.auth_info = AuthInfo { token: Some(token.clone().into()), ..AuthInfo::default() };
        let mut busy = tokio::task::JoinSet::new();
        for _ in 0..CONNECTIONS {
            let reviews: Api<SelfSubjectReview> = Api::all(Client::try_from(config.clone()).unwrap());
            let (stop, count) = (stop.clone(), count.clone());
            busy.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let review = reviews.create(&Default::default(), &SelfSubjectReview::default()).await;
                    let user = review.expect("the user stays known").status.unwrap().user_info.unwrap();
                    let name = user.username.unwrap();
                    assert!(name.starts_with('v') && name.ends_with(":jane"), "{name}");
                    count.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
            });
        }
        let reviews: Api<SelfSubjectReview> = Api::all(Client::try_from(config).unwrap());
        for i in 1..=SWAPS {
            swap(i);
            let wanted = format!("v{i}:jane");
            loop {
                let review =
                    reviews.create(&Default::default(), &SelfSubjectReview::default()).await.unwrap();
                if review.status.unwrap().user_info.unwrap().username.unwrap() == wanted {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        }
        stop.store(true, Ordering::Relaxed);
        while let Some(result) = busy.join_next().await {
            result.unwrap();
        }
    });
    assert!(count.load(Ordering::Relaxed) >= CONNECTIONS, "nobody was busy");
}
