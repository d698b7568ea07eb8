//! Ways to be known besides those in `credentials.rs`: front proxies, passwords, bootstrap tokens that become
//! certificates, revocation, certificates for names; and all of their files replaced under load.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use e2e::{Answer, ClientCertificate, Connection, Server, Session, Validity, wait_for};
use rcgen::{
    CertificateParams, CertificateRevocationListParams, DnType, IsCa, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, RevokedCertParams, SerialNumber,
};
use tempfile::TempDir;

const REVIEW: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

/// A CA in a folder, as `ca.crt` and `ca.key`.
fn make_ca(folder: &Path, name: &str) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().unwrap();
    std::fs::write(folder.join("ca.crt"), params.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::write(folder.join("ca.key"), key.serialize_pem()).unwrap();
}

/// Whom the server takes a client with these headers for: status, user and groups.
fn who(server: &Server, client: Option<&ClientCertificate>, headers: &str) -> (u16, String) {
    let answer = ask(server, client, headers).unwrap();
    let review: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let texts = |path: &str| review.pointer(path).and_then(|groups| groups.as_array().cloned());
    let groups: Vec<String> = texts("/status/userInfo/groups")
        .into_iter()
        .flatten()
        .filter_map(|group| group.as_str().map(str::to_owned))
        .collect();
    let name = review.pointer("/status/userInfo/username").and_then(|name| name.as_str()).unwrap_or("-");
    (answer.status, format!("{name} {}", groups.join(",")))
}

fn ask(server: &Server, client: Option<&ClientCertificate>, headers: &str) -> std::io::Result<Answer> {
    let mut connection = Connection::open(server.address(), &server.pki(), client)?;
    let body = r#"{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}"#;
    connection.send(format!(
        "POST {REVIEW} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n{headers}\r\n{body}",
        body.len()
    ))?;
    connection.answer()
}

fn path(folder: &TempDir, name: &str) -> (PathBuf, String) {
    let path = folder.path().join(name);
    let text = path.to_str().unwrap().to_owned();
    (path, text)
}

#[test]
fn a_front_proxy_speaks_for_users_and_nobody_else_does() {
    let folder = tempfile::tempdir().unwrap();
    make_ca(folder.path(), "front-ca");
    let server = Server::start(&[
        "--requestheader-client-ca-file",
        &path(&folder, "ca.crt").1,
        "--requestheader-allowed-names=front",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    ]);
    let proxy = ClientCertificate::issue(folder.path(), "front", None, Validity::Now);
    let other = ClientCertificate::issue(folder.path(), "other", None, Validity::Now);
    let late = ClientCertificate::issue(folder.path(), "front", None, Validity::Expired);
    let user = ClientCertificate::issue(&server.pki(), "jane", None, Validity::Now);
    let alice = "X-Remote-User: alice\r\nx-remote-group: dev\r\nX-REMOTE-GROUP: ops\r\n";
    let known = |text: &str| (201, text.to_owned());
    let refused = (401, "- ".to_owned());
    assert_eq!(who(&server, Some(&proxy), alice), known("alice dev,ops,system:authenticated"));
    assert_eq!(
        who(&server, Some(&proxy), ""),
        refused,
        "a proxy without a user is nobody, and a stranger as a client"
    );
    assert_eq!(who(&server, Some(&other), alice), refused);
    assert_eq!(who(&server, Some(&late), alice), refused);
    let masters = "X-Remote-User: root\r\nX-Remote-Group: system:masters\r\n";
    assert_eq!(who(&server, Some(&user), masters), known("jane system:authenticated"));
    assert_eq!(who(&server, None, masters).0, 403, "anonymous, who may not even ask who he is");
    let doubled = "X-Remote-User: alice\r\nX-Remote-User: root\r\n";
    assert_eq!(who(&server, Some(&proxy), doubled), known("alice system:authenticated"));
    assert_eq!(who(&server, Some(&proxy), "X-Remote-User: al\u{e9}ce\r\n").0, 201, "UTF-8 is a name");
    let map = Session::admin(&server).expect(
        "kubectl get configmap -n kube-system extension-apiserver-authentication -o jsonpath='{.data}'",
    );
    for text in
        ["requestheader-allowed-names", "X-Remote-User", "requestheader-client-ca-file", "client-ca-file"]
    {
        assert!(map.contains(text), "{map}");
    }
}

#[test]
fn passwords_are_hashed_and_throttled() {
    let folder = tempfile::tempdir().unwrap();
    let (file, flag) = path(&folder, "passwords");
    // `secret`, as htpasswd and argon2 write it; cheap to compute, which the server warns of.
    let bcrypt = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
    let argon2 =
        "$argon2id$v=19$m=64,t=1,p=1$c2l4dGVlbiBieXRlcyBvaw$N8ZW4UTMQw/Exb8bsiers8RI4BpMAu9qiIYF+T5vppY";
    std::fs::write(&file, format!("# users\nbob:{bcrypt}:dev\nann:{argon2}:ops,dev\n")).unwrap();
    let server = Server::start(&["--basic-auth-file", &flag, "--reload-interval=20ms"]);
    let login = |user: &str| format!("Authorization: Basic {user}\r\n");
    // bob:secret, ann:secret, bob:wrong, eve:secret
    let [bob, ann, wrong, eve] =
        ["Ym9iOnNlY3JldA==", "YW5uOnNlY3JldA==", "Ym9iOndyb25n", "ZXZlOnNlY3JldA=="].map(login);
    assert_eq!(who(&server, None, &bob), (201, "bob dev,system:authenticated".to_owned()));
    assert_eq!(who(&server, None, &ann), (201, "ann ops,dev,system:authenticated".to_owned()));
    assert_eq!(who(&server, None, &eve).0, 401);
    for _ in 0..12 {
        assert_eq!(who(&server, None, &wrong).0, 401);
    }
    assert_eq!(who(&server, None, &bob).0, 201, "who was right lately still is");
    std::fs::write(&file, format!("ann:{argon2}\n")).unwrap();
    wait_for("end of bob", || (who(&server, None, &bob).0 == 401).then_some(()));
    assert_eq!(who(&server, None, &ann), (201, "ann system:authenticated".to_owned()));
    std::fs::write(&file, "ann:plain\n").unwrap();
    let metrics = || server.get("/metrics").unwrap().body;
    let line = r#"sumun_file_reloads_total{files="--basic-auth-file",result="refused"} 1"#;
    wait_for("refusal", || metrics().contains(line).then_some(()));
    assert_eq!(who(&server, None, &ann).0, 201, "the last good file stays");
}

#[test]
fn a_file_with_plain_passwords_is_refused_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let (file, flag) = path(&folder, "passwords");
    std::fs::write(&file, "\nbob:hunter2\n").unwrap();
    let session = Session::admin(&crate::support::SHARED);
    let lines = format!(
        "sumun serve --data-dir data --bind-address 127.0.0.1 --secure-port 0 --basic-auth-file {flag}"
    );
    let output = session.run(&lines);
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("line 2: user `bob`") && !output.stderr.contains("hunter2"), "{output:?}");
}

#[test]
fn a_machine_joins_with_a_bootstrap_token() {
    let server = Server::start(&["--enable-bootstrap-token-auth"]);
    let admin = Session::admin(&server);
    admin.expect(
        "kubectl create secret generic bootstrap-token-abcdef -n kube-system --type bootstrap.kubernetes.io/token \
           --from-literal=token-id=abcdef --from-literal=token-secret=0123456789abcdef \
           --from-literal=usage-bootstrap-authentication=true \
           --from-literal=auth-extra-groups=system:bootstrappers:workers
         kubectl create clusterrolebinding join --clusterrole=system:node-bootstrapper --group=system:bootstrappers:workers
         kubectl create clusterrolebinding approve --group=system:bootstrappers:workers \
           --clusterrole=system:certificates.k8s.io:certificatesigningrequests:nodeclient",
    );
    let token = |text: &str| format!("Authorization: Bearer {text}\r\n");
    let machine =
        "system:bootstrap:abcdef system:bootstrappers,system:bootstrappers:workers,system:authenticated";
    assert_eq!(who(&server, None, &token("abcdef.0123456789abcdef")), (201, machine.to_owned()));
    assert_eq!(who(&server, None, &token("abcdef.0123456789abcdeg")).0, 401);
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "system:nodes");
    params.distinguished_name.push(DnType::CommonName, "system:node:worker");
    admin.write("request.pem", &params.serialize_request(&key).unwrap().pem().unwrap());
    let certificate = admin.expect(
        "kubectl config set-credentials machine --token=abcdef.0123456789abcdef >/dev/null
         cat <<END | kubectl --user=machine create -f - >/dev/null
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: worker}
spec:
  signerName: kubernetes.io/kube-apiserver-client-kubelet
  usages: [digital signature, client auth]
  request: $(base64 <request.pem | tr -d '\\n')
END
         kubectl wait csr worker --for=jsonpath='{.status.certificate}' --timeout=60s >/dev/null
         kubectl get csr worker -o jsonpath='{.status.certificate}' | base64 -d",
    );
    let node = ClientCertificate { certificate, key: key.serialize_pem() };
    let user = "system:node:worker system:nodes,system:authenticated";
    assert_eq!(who(&server, Some(&node), ""), (201, user.to_owned()));
    admin.expect("kubectl delete secret -n kube-system bootstrap-token-abcdef");
    wait_for("end of the token", || {
        (who(&server, None, &token("abcdef.0123456789abcdef")).0 == 401).then_some(())
    });
}

/// Asks for a certificate of `mallory` in `system:masters`.
const MALLORY: &str = "cat <<END | kubectl create -f -
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: mallory}
spec:
  signerName: kubernetes.io/kube-apiserver-client
  usages: [client auth]
  request: $(base64 <request.pem | tr -d '\\n')
END
";

/// A request for a certificate with this subject, PEM.
fn request(user: &str, group: &str) -> String {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, user);
    params.distinguished_name.push(DnType::OrganizationName, group);
    params.serialize_request(&KeyPair::generate().unwrap()).unwrap().pem().unwrap()
}

#[test]
fn an_approved_request_of_an_owner_of_the_cluster_fails() {
    let server = Server::start(&["--disable-admission-plugins=CertificateSubjectRestriction"]);
    let admin = Session::admin(&server);
    admin.write("request.pem", &request("mallory", "system:masters"));
    admin.expect(MALLORY);
    let failed = admin.expect(
        "kubectl certificate approve mallory >/dev/null
         kubectl wait csr mallory --for=condition=Failed --timeout=60s >/dev/null
         kubectl get csr mallory -o jsonpath='{.status.certificate}{.status.conditions[?(@.type==\"Failed\")].message}'",
    );
    assert_eq!(
        failed,
        "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed"
    );
}

#[test]
fn who_approves_and_signs_may_do_so_for_the_signer() {
    let server = Server::start(&[]);
    let admin = Session::admin(&server);
    admin.write("request.pem", &request("mallory", "system:masters"));
    let forbidden = "is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed";
    let refused = admin.run(MALLORY);
    assert!(refused.code == Some(1) && refused.stderr.contains(forbidden), "{refused:?}");
    admin.write("request.pem", &request("jane", "team"));
    admin.expect(
        &MALLORY
            .replace("mallory", "jane")
            .replace("kubernetes.io/kube-apiserver-client", "example.com/sign"),
    );
    let right = |verb: &str| {
        admin.expect(&format!(
            "kubectl apply -f - <<END
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: {verb}}}
rules:
- {{apiGroups: [certificates.k8s.io], resources: [signers], verbs: [{verb}], resourceNames: ['example.com/*']}}
- apiGroups: [certificates.k8s.io]
  resources: [certificatesigningrequests, certificatesigningrequests/approval, certificatesigningrequests/status]
  verbs: [get, update, patch]
END
kubectl create clusterrolebinding {verb} --clusterrole={verb} --user=bob"
        ));
    };
    let refusal = |verb: &str| {
        format!(
            "Error from server (Forbidden): certificatesigningrequests.certificates.k8s.io \"jane\" is forbidden: user not \
             permitted to {verb} requests with signerName \"example.com/sign\"\n"
        )
    };
    let (approve, sign) = (
        "kubectl --as=bob certificate approve jane",
        "kubectl --as=bob patch csr jane --subresource=status --type=json \
         -p '[{\"op\":\"add\",\"path\":\"/status/conditions/-\",\"value\":{\"type\":\"Failed\",\"status\":\"True\"}}]'",
    );
    right("sign");
    assert_eq!(admin.run(approve).stderr, refusal("approve"));
    admin.expect("kubectl delete clusterrolebinding sign");
    right("approve");
    admin.expect(approve);
    assert_eq!(admin.run(sign).stderr, refusal("sign"));
    admin.expect("kubectl create clusterrolebinding sign --clusterrole=sign --user=bob");
    admin.expect(sign);
}

/// A revocation list of the server's CA with these serial numbers, PEM.
fn revocations(pki: &Path, serials: &[u64]) -> String {
    let read = |name| std::fs::read_to_string(pki.join(name)).unwrap();
    let issuer =
        Issuer::from_ca_cert_pem(&read("ca.crt"), KeyPair::from_pem(&read("ca.key")).unwrap()).unwrap();
    let now = time::OffsetDateTime::now_utc();
    let revoked = serials.iter().map(|serial| RevokedCertParams {
        serial_number: SerialNumber::from(*serial),
        revocation_time: now,
        reason_code: None,
        invalidity_date: None,
    });
    let params = CertificateRevocationListParams {
        this_update: now - Duration::from_secs(60),
        next_update: now + Duration::from_secs(3600),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(&issuer).unwrap().pem().unwrap()
}

/// A client certificate of the server's CA with a serial number.
fn numbered(pki: &Path, user: &str, serial: u64) -> ClientCertificate {
    let read = |name| std::fs::read_to_string(pki.join(name)).unwrap();
    let issuer =
        Issuer::from_ca_cert_pem(&read("ca.crt"), KeyPair::from_pem(&read("ca.key")).unwrap()).unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, user);
    params.serial_number = Some(SerialNumber::from(serial));
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap().pem();
    ClientCertificate { certificate, key: key.serialize_pem() }
}

#[test]
fn revoked_certificates_count_no_more_also_on_open_connections() {
    let data = tempfile::Builder::new().prefix("sumun-e2e-").tempdir().unwrap();
    // The CA is made by a first start, so that there is a list for the second one.
    let list = data.path().join("revoked.pem");
    let flag = list.to_str().unwrap().to_owned();
    let mut first = Server::start_in(data, &[]);
    std::fs::write(&list, revocations(&first.pki(), &[1])).unwrap();
    first.stop();
    let server = first.with_flags(&["--client-crl-file", &flag, "--reload-interval=20ms"]);
    let jane = numbered(&server.pki(), "jane", 7);
    assert_eq!(who(&server, Some(&jane), "").0, 201);
    assert_eq!(who(&server, Some(&numbered(&server.pki(), "old", 1)), "").0, 401);
    let mut open = Connection::open(server.address(), &server.pki(), Some(&jane)).unwrap();
    assert_eq!(open.ask("/api", "").unwrap().status, 200);
    std::fs::write(&list, revocations(&server.pki(), &[1, 7])).unwrap();
    wait_for("refusal on the open connection", || {
        (open.ask("/api", "").unwrap().status == 401).then_some(())
    });
    assert_eq!(who(&server, Some(&jane), "").0, 401);
}

/// Requests on 64 connections, new ones and such that stay, while everything that can be read again is replaced.
#[test]
fn files_are_replaced_under_load() {
    const ROUNDS: usize = 100;
    const BUSY: usize = 64;
    let folder = tempfile::tempdir().unwrap();
    let ((ca, ca_flag), (tokens, tokens_flag)) = (path(&folder, "clients.crt"), path(&folder, "tokens.csv"));
    let ((cert, cert_flag), (key, key_flag)) = (path(&folder, "tls.crt"), path(&folder, "tls.key"));
    make_ca(folder.path(), "clients");
    let mut first = Server::start(&[]);
    first.stop();
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    // The administrator is of the generated CA, which is trusted besides.
    let both = read(&folder.path().join("ca.crt")) + &read(&first.pki().join("ca.crt"));
    let serving = [serving(&first.pki()), serving(&first.pki())];
    replace(&ca, &both);
    replace(&tokens, "steady,steady,1\n");
    replace(&cert, &serving[0].0);
    replace(&key, &serving[0].1);
    let server = first.with_flags(&[
        "--client-ca-file",
        &ca_flag,
        "--token-auth-file",
        &tokens_flag,
        "--tls-cert-file",
        &cert_flag,
        "--tls-private-key-file",
        &key_flag,
        "--reload-interval=5ms",
        "--max-requests-inflight=0",
    ]);
    let jane = ClientCertificate::issue(folder.path(), "jane", None, Validity::Now);
    let (done, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let _stop = Stop(&done);
        for number in 0..BUSY {
            // One half shows a certificate, the other a token.
            let client = (number % 2 == 0).then_some(&jane);
            let (server, done, asked) = (&server, &done, &asked);
            scope.spawn(move || busy(server, client, done, asked));
        }
        for round in 1..=ROUNDS {
            let (certificate, private) = &serving[round % 2];
            replace(&key, private);
            replace(&cert, certificate);
            replace(&ca, &format!("# {round}\n{both}"));
            replace(&tokens, &format!("steady,steady,1\nround-{round},other,2\n"));
            wait_for("use of new files", || {
                let flags = ["--tls-cert-file", "--client-ca-file", "--token-auth-file"];
                let metrics = server.get("/metrics").unwrap().body;
                flags.iter().all(|flag| taken(&metrics, flag) >= round).then_some(())
            });
            let header = format!("Authorization: Bearer round-{round}\r\n");
            let open = Connection::open(server.address(), &server.pki(), None).unwrap();
            assert_eq!(open.get("/api", &header).unwrap().status, 200, "round {round}");
        }
    });
    assert!(asked.load(Ordering::Relaxed) > BUSY);
}

/// Ends the busy ones also when something fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Asks again and again, twenty times on a connection, and is never refused.
fn busy(server: &Server, client: Option<&ClientCertificate>, done: &AtomicBool, asked: &AtomicUsize) {
    let header = if client.is_some() { "" } else { "authorization: Bearer steady\r\n" };
    while !done.load(Ordering::Relaxed) {
        let mut open = Connection::open(server.address(), &server.pki(), client).unwrap();
        for _ in 0..20 {
            let answer = open.ask("/api", header).unwrap();
            assert_eq!(answer.status, 200, "{answer:?}");
            asked.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// How often new content of a flag's files was taken, as the metrics tell.
fn taken(metrics: &str, flag: &str) -> usize {
    let line = format!("sumun_file_reloads_total{{files=\"{flag}\",result=\"used\"}} ");
    metrics.lines().find_map(|l| l.strip_prefix(&line)).unwrap().parse().unwrap()
}

/// Puts a file in the place of another one in one step.
fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(&new, path).unwrap();
}

/// A serving certificate of the CA in a folder, with its key, PEM.
fn serving(pki: &Path) -> (String, String) {
    let read = |name| std::fs::read_to_string(pki.join(name)).unwrap();
    let issuer =
        Issuer::from_ca_cert_pem(&read("ca.crt"), KeyPair::from_pem(&read("ca.key")).unwrap()).unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, &issuer).unwrap().pem(), key.serialize_pem())
}
