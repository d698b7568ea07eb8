//! Service-account tokens that somebody else signs: keys that come and go, a signer that lies, one that is not there.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::{Connection, Output, Server, Session, sumun, wait_for};
use serde_json::{Value, json};

use crate::signer::{Key, Lie, Signer};

const CREATE: &str = "kubectl create token default";

/// A signer in a folder of its own, the server that it signs for, and a session of the administrator.
struct Cluster {
    signer: Signer,
    server: Server,
    session: Session,
    _folder: tempfile::TempDir,
}

impl Cluster {
    fn start(key: Key, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let signer = Signer::start(folder.path().join("signer.sock").to_str().unwrap(), key);
        let endpoint = signer.flag();
        let server = Server::start(&[&[&endpoint, "--anonymous-auth=false"], flags].concat());
        let session = Session::admin(&server);
        wait_for("account", || {
            (session.run("kubectl get serviceaccount default").code == Some(0)).then_some(())
        });
        Self { signer, server, session, _folder: folder }
    }

    fn token(&self) -> String {
        self.session.expect(CREATE).trim().to_owned()
    }

    /// The status of a request with this token.
    fn status(&self, token: &str) -> u16 {
        let headers = format!("Authorization: Bearer {token}\r\n");
        let connection = Connection::open(self.server.address(), &self.server.pki(), None);
        connection.unwrap().get("/version", &headers).unwrap().status
    }

    /// The keys that relying parties are told, as `id algorithm`.
    fn published(&self) -> Vec<String> {
        let set = self.session.expect("kubectl get --raw /openid/v1/jwks");
        let set: Value = serde_json::from_str(&set).unwrap();
        let text = |key: &Value, member: &str| key[member].as_str().unwrap().to_owned();
        let keys = set["keys"].as_array().unwrap();
        keys.iter().map(|key| format!("{} {}", text(key, "kid"), text(key, "alg"))).collect()
    }

    fn metric(&self, line: &str) -> bool {
        self.session.expect("kubectl get --raw /metrics").lines().any(|l| l == line)
    }
}

/// A part of a token.
fn part(token: &str, number: usize) -> Value {
    let text = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

#[test]
fn keys_come_and_go() {
    let mut cluster = Cluster::start(Key::es256("first"), &[]);
    let first = cluster.token();
    assert_eq!(part(&first, 0), json!({"alg": "ES256", "kid": "first", "typ": "JWT"}));
    assert_eq!((cluster.status(&first), cluster.published()), (200, vec!["first ES256".to_owned()]));
    let long = cluster.session.run(&format!("{CREATE} --duration=24h"));
    let claims = part(long.stdout.trim(), 1);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 7200, "{}", long.stderr);

    // Nobody has told the server of the second key before it signs.
    cluster.signer.with(|s| s.keys.push(Key::rs256("second")));
    let second = cluster.token();
    assert_eq!(part(&second, 0)["kid"], "second");
    assert_eq!((cluster.status(&first), cluster.status(&second)), (200, 200));
    assert_eq!(cluster.published(), ["first ES256", "second RS256"]);

    // From here on keys are asked for every second: by a token of a key that nobody knows, they are asked for now.
    cluster.signer.with(|s| {
        s.keys[0].retire();
        s.refresh_seconds = 1;
    });
    let unknown = first.replacen(
        first.split('.').next().unwrap(),
        &URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"unknown","typ":"JWT"}"#),
        1,
    );
    assert_eq!(cluster.status(&unknown), 401);
    assert_eq!(cluster.published(), ["second RS256"]);
    assert_eq!(cluster.status(&first), 200, "it is good for what it has signed");
    cluster.signer.with(|s| drop(s.keys.remove(0)));
    wait_for("end of the first key", || (cluster.status(&first) == 401).then_some(()));
    assert_eq!(cluster.status(&second), 200);

    let issuer = cluster.session.expect("kubectl get --raw /.well-known/openid-configuration");
    assert!(issuer.contains(r#""id_token_signing_alg_values_supported":["RS256"]"#), "{issuer}");
    assert!(cluster.metric("apiserver_externaljwt_sign_request_total{code=\"OK\"} 3"));
    assert!(cluster.metric("apiserver_externaljwt_fetch_keys_data_timestamp 1"));
    cluster.server.stop();
    cluster.server.start_again();
    assert_eq!((cluster.status(&first), cluster.status(&second)), (401, 200));
}

#[test]
fn a_signer_that_lies() {
    let cluster = Cluster::start(Key::rs256("k"), &[]);
    let wrong = |lie: Lie| {
        cluster.signer.with(|s| s.lie = Some(lie));
        let Output { code, stdout, stderr, .. } = cluster.session.run(CREATE);
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{lie:?}");
        let start = "error: failed to create token: Internal error occurred: failed to generate token: ";
        stderr.strip_prefix(start).unwrap_or_else(|| panic!("{stderr}")).trim_end().to_owned()
    };
    let forged = "the signature is not of the key that it names (kid: k)";
    assert_eq!(wrong(Lie::OtherKey), forged);
    assert_eq!(wrong(Lie::OtherClaims), forged);
    assert_eq!(wrong(Lie::NoSignature), "empty signature returned");
    let refusal = "while signing jwt: rpc error: code = FailedPrecondition desc = the vault is sealed";
    assert_eq!(wrong(Lie::Refusal), refusal);
    for (header, want) in [
        (r#"{"alg":"none","kid":"k","typ":"JWT"}"#, "bad signing algorithm \"none\""),
        (r#"{"alg":"RS256","kid":"k"}"#, "bad type"),
        (r#"{"alg":"RS256","typ":"JWT"}"#, "key id missing"),
        (
            r#"{"alg":"RS256","kid":"k","typ":"JWT","x5u":"https://evil.example"}"#,
            "while parsing header JSON: json: unknown field \"x5u\"",
        ),
    ] {
        assert_eq!(wrong(Lie::Header(header)), format!("while validating header: {want}"));
    }
    cluster.signer.with(|s| s.keys[0].retire());
    cluster.signer.with(|s| s.keys.push(Key::es256("other")));
    // The other key makes the server ask, and be told that the first one is to sign nothing any more.
    cluster.signer.with(|s| s.lie = None);
    assert_eq!(cluster.status(&cluster.token()), 200);
    cluster.signer.with(|s| s.keys.swap(0, 1));
    assert_eq!(
        cluster.session.run(CREATE).stderr,
        "error: failed to create token: Internal error occurred: failed to generate token: while validating header: key \
         used for signing JWT (kid: k) is excluded from OIDC discovery docs\n"
    );
    assert!(cluster.metric("apiserver_externaljwt_sign_request_total{code=\"FailedPrecondition\"} 1"));
}

#[test]
fn a_signer_that_is_not_there() {
    let mut cluster = Cluster::start(Key::es256("k"), &["--request-timeout=2s"]);
    let token = cluster.token();
    let secret = "apiVersion: v1
kind: Secret
metadata: {name: s, annotations: {kubernetes.io/service-account.name: default}}
type: kubernetes.io/service-account-token
";
    cluster.session.write("secret.yaml", secret);
    cluster.session.expect("kubectl apply -f secret.yaml");
    cluster.signer.stop();
    assert_eq!(cluster.status(&token), 200, "keys are known as they were");
    let dead = cluster.session.run(CREATE);
    let start = "error: failed to create token: Internal error occurred: failed to generate token: while signing jwt: rpc \
                 error: code = DeadlineExceeded desc = context deadline exceeded (connection error: dial unix ";
    assert!(dead.code == Some(1) && dead.stderr.starts_with(start), "{dead:?}");
    cluster.signer.start_again();
    assert_eq!(cluster.status(&cluster.token()), 200);
    let get = "kubectl get secret s -o jsonpath='{.data.ca\\.crt}'";
    wait_for("rest of the secret", || (!cluster.session.expect(get).is_empty()).then_some(()));
    assert_eq!(
        cluster.session.expect("kubectl get secret s -o jsonpath='{.data.token}'"),
        "",
        "without an end"
    );
}

/// What a server says that does not start.
fn refused(flags: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(sumun());
    command.arg("serve").arg("--data-dir").arg(folder.path());
    command.args(["--bind-address", "127.0.0.1", "--secure-port", "0"]).args(flags);
    let output = e2e::run(&mut command, e2e::PATIENCE);
    assert_eq!(output.code, Some(1), "{output:?}");
    output.stderr
}

#[test]
fn servers_that_do_not_start() {
    let signer = Signer::start(&format!("@sumun-e2e-{}", std::process::id()), Key::es256("k"));
    let flag = signer.flag();
    let said = refused(&[&flag, "--service-account-signing-key-file=sa.key"]);
    assert!(said.contains("(They are mutually exclusive)"), "{said}");
    let said = refused(&[&flag, "--service-account-max-token-expiration=3h"]);
    assert!(said.contains("service-account-signing-endpoint: 3h0m0s > 2h0m0s"), "{said}");
    signer.with(|s| s.most_seconds = 599);
    let said = refused(&[&flag]);
    assert!(said.contains("external-jwt-signer (599s) is less than acceptable (min 600s)"), "{said}");
    signer.with(|s| s.lie = Some(Lie::NoKeys));
    let said = refused(&[&flag]);
    let want = "while setting up external-jwt-signer: while initially filling key cache: while performing initial cache \
                fill: while fetching token verification keys: found no keys";
    assert!(said.contains(want), "{said}");
    let said = refused(&["--service-account-signing-endpoint=@a..b"]);
    assert!(said.contains("must be a valid abstract socket name"), "{said}");
}
