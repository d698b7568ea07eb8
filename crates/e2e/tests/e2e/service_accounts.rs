//! Service accounts from outside: what pods get, tokens that are asked for, tokens in secrets, and how soon each of
//! them ends with what it depends on.

use e2e::{Connection, Server, Session, wait_for};

use crate::support::SHARED;

/// The status of a request with this token.
fn status(server: &Server, token: &str) -> u16 {
    let headers = format!("Authorization: Bearer {token}\r\n");
    Connection::open(server.address(), &server.pki(), None).unwrap().get("/version", &headers).unwrap().status
}

/// A session of the administrator in a namespace of its own, with nobody let in without credentials.
fn session(name: &str) -> Session {
    let session = Session::admin(&SHARED);
    session.expect(&format!(
        "kubectl create namespace {name} && kubectl config set-context --current --namespace={name}"
    ));
    session
}

#[test]
fn pods_get_an_account_with_a_token() {
    let session = session("account-pods");
    session.expect("kubectl run web --image=example.com/web");
    let shown = session.expect(
        "kubectl get pod web -o jsonpath='{.spec.serviceAccountName} {.spec.containers[0].volumeMounts[0].mountPath} \
         {.spec.volumes[0].projected.sources[*].serviceAccountToken.expirationSeconds} {.spec.volumes[0].name}'",
    );
    let (shown, volume) = shown.rsplit_once(' ').unwrap();
    assert_eq!(shown, "default /var/run/secrets/kubernetes.io/serviceaccount 3607");
    assert!(volume.strip_prefix("kube-api-access-").is_some_and(|random| random.len() == 5), "{volume}");
    let refused =
        session.run("kubectl run x --image=x --overrides='{\"spec\":{\"serviceAccountName\":\"robot\"}}'");
    assert_eq!(
        refused.stderr,
        "Error from server (Forbidden): pods \"x\" is forbidden: error looking up service account account-pods/robot: \
         serviceaccount \"robot\" not found\n"
    );
    let off = Server::start(&["--disable-admission-plugins=ServiceAccount"]);
    let bare = Session::admin(&off)
        .expect("kubectl run web --image=x; kubectl get pod web -o jsonpath='{.spec.volumes}'");
    assert_eq!(bare, "pod/web created\n");
}

#[test]
fn a_token_ends_with_its_pod_and_its_account() {
    let server = Server::start(&["--anonymous-auth=false"]);
    let session = Session::admin(&server);
    session.expect("kubectl create serviceaccount robot");
    session.expect("kubectl run web --image=x --overrides='{\"spec\":{\"serviceAccountName\":\"robot\"}}'");
    let token = |more: &str| session.expect(&format!("kubectl create token robot {more}")).trim().to_owned();
    let (plain, bound) = (token(""), token("--bound-object-kind Pod --bound-object-name web"));
    let foreign = token("--audience elsewhere");
    for _ in 0..2 {
        assert_eq!(
            (status(&server, &plain), status(&server, &bound), status(&server, &foreign)),
            (200, 200, 401)
        );
    }
    session.expect("kubectl label pod web a=b");
    assert_eq!(status(&server, &bound), 200);
    // Both were answered from memory; neither outlives what it stands on for a moment.
    session.expect("kubectl delete pod web --force");
    assert_eq!((status(&server, &plain), status(&server, &bound)), (200, 401));
    session.expect("kubectl delete serviceaccount robot");
    assert_eq!(status(&server, &plain), 401);
    session.expect("kubectl create serviceaccount robot");
    assert_eq!(status(&server, &plain), 401, "another account of the same name");
    assert_eq!(status(&server, &format!("{plain}x")), 401);
}

#[test]
fn secrets_hold_tokens_for_as_long_as_they_are_there() {
    let server = Server::start(&["--anonymous-auth=false"]);
    let session = Session::admin(&server);
    let secret = "apiVersion: v1
kind: Secret
metadata: {name: NAME, annotations: {kubernetes.io/service-account.name: robot}}
type: kubernetes.io/service-account-token
";
    session.expect("kubectl create serviceaccount robot");
    let token = |name: &str| {
        session.write("secret.yaml", &secret.replace("NAME", name));
        session.expect("kubectl apply -f secret.yaml");
        let get = format!("kubectl get secret {name} -o jsonpath='{{.data.token}}' | base64 -d");
        wait_for("token in the secret", || Some(session.expect(&get)).filter(|token| !token.is_empty()))
    };
    let (first, second) = (token("first"), token("second"));
    assert_eq!((status(&server, &first), status(&server, &second)), (200, 200));
    let label = "kubectl get secret first -o go-template='{{index .metadata.labels \"kubernetes.io/legacy-token-last-used\"}}'";
    wait_for("noted use", || Some(session.expect(label)).filter(|day| day.len() == "2006-01-02".len()));
    session.expect("kubectl label secret first kubernetes.io/legacy-token-invalid-since=2026-01-01");
    assert_eq!((status(&server, &first), status(&server, &second)), (401, 200));
    session.expect("kubectl delete secret first");
    assert_eq!((status(&server, &first), status(&server, &second)), (401, 200));
    session.expect("kubectl delete serviceaccount robot");
    assert_eq!(status(&server, &second), 401);
    wait_for("end of the secret", || {
        (session.run("kubectl get secret second").code == Some(1)).then_some(())
    });
    let since = "kubectl -n kube-system get configmap kube-apiserver-legacy-service-account-token-tracking -o jsonpath='{.data.since}'";
    wait_for("day since when uses are noted", || Some(session.expect(since)).filter(|day| day.len() == 10));
    let metrics = session.expect("kubectl get --raw /metrics | grep legacy_manual");
    assert!(!metrics.contains("uses_total 0"), "{metrics}");
}

#[test]
fn relying_parties_are_told_where_the_keys_are() {
    let uri = "https://keys.example.com/jwks.json";
    let server = Server::start(&[
        "--service-account-issuer=https://issuer.example.com",
        "--service-account-jwks-uri",
        uri,
    ]);
    let told = Session::admin(&server).expect("kubectl get --raw /.well-known/openid-configuration");
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (told["issuer"].as_str(), told["jwks_uri"].as_str()),
        (Some("https://issuer.example.com"), Some(uri))
    );
}

#[test]
fn a_token_is_explained_without_being_shown() {
    let session = session("account-tokens");
    session.expect("kubectl create serviceaccount robot && kubectl create token robot > token.txt");
    let token = std::fs::read_to_string(session.folder().join("token.txt")).unwrap();
    session.write("sa.key", &std::fs::read_to_string(SHARED.pki().join("sa.key")).unwrap());
    let told = session.expect("sumun token inspect token.txt --key sa.key -o json");
    let secret = token.trim().rsplit('.').next().unwrap();
    assert!(!told.contains(secret));
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["token"]["user"], "system:serviceaccount:account-tokens:robot");
    assert_eq!((told["good"].as_bool(), told["token"]["signedBy"].is_string()), (Some(true), true));
    let live = session.expect("sumun token inspect --live --kubeconfig kubeconfig < token.txt");
    assert!(live.contains("it is system:serviceaccount:account-tokens:robot"), "{live}");
    let wrong = session.run("sumun token inspect token.txt --audience elsewhere");
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stdout.contains("REFUSED") && !wrong.stdout.contains(secret), "{}", wrong.stdout);
    // A review may be answered as 10 s ago: this token has not been reviewed before.
    session.expect("kubectl create token robot > other.txt && kubectl delete serviceaccount robot");
    let gone = session.run("sumun token inspect other.txt --live --kubeconfig kubeconfig");
    assert_eq!(gone.code, Some(1), "{}", gone.stdout);
    assert_eq!(session.run("sumun token inspect none.txt").code, Some(2));
}
