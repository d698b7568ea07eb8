//! Users whom clouds vouch for: a cloud on loopback that checks signatures as the real ones do, kubectl with the exec
//! plug-in, and the ConfigMaps that say who is who.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use e2e::{Connection, Server, Session, wait_for};

const ACCESS: &str = "ACCESSKEYACCESSKEYAC";
const SECRET: &str = "SECRETKEYSECRETKEYSECRETKEYSECRETKEYSECR";
const CLUSTER: &str = "1f3c0000-0000-4000-8000-000000000000";
const ROLE: &str = "arn:aws:sts::123456789012:assumed-role/dev/jane@example.com";

/// Naver Cloud's user API and STS on one port.
struct Cloud {
    address: SocketAddr,
    questions: Arc<AtomicUsize>,
    /// Connections are cut without an answer.
    down: Arc<AtomicBool>,
    /// The id of the sub account that has the key.
    id: Arc<Mutex<&'static str>>,
}

impl Cloud {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let cloud = Self {
            address: listener.local_addr().unwrap(),
            questions: Arc::default(),
            down: Arc::default(),
            id: Arc::new(Mutex::new("77")),
        };
        let (questions, down, id) = (cloud.questions.clone(), cloud.down.clone(), cloud.id.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if down.load(Ordering::Relaxed) {
                    continue;
                }
                let (questions, down, id) = (questions.clone(), down.clone(), id.clone());
                std::thread::spawn(move || serve(stream, &questions, &down, &id));
            }
        });
        cloud
    }

    fn questions(&self) -> usize {
        self.questions.load(Ordering::Relaxed)
    }
}

fn serve(stream: TcpStream, questions: &AtomicUsize, down: &AtomicBool, id: &Mutex<&str>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_owned();
            if line.is_empty() {
                break;
            }
            head.push(line);
        }
        questions.fetch_add(1, Ordering::Relaxed);
        if down.load(Ordering::Relaxed) {
            return None;
        }
        let (status, body) = answer(&head, id).unwrap_or((403, "{}".to_owned()));
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .ok()?;
    }
}

/// The answer to a question that is signed as it must be.
fn answer(head: &[String], id: &Mutex<&str>) -> Option<(u16, String)> {
    let header = |name: &str| {
        let of = |line: &String| {
            line.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.to_owned())
        };
        head.iter().find_map(of)
    };
    let path = head.first()?.strip_prefix("GET ")?.strip_suffix(" HTTP/1.1")?;
    if path.starts_with("/iam/") {
        let (time, key) = (header("x-ncp-apigw-timestamp")?, header("x-ncp-iam-access-key")?);
        let secret = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        let signed = hmac::sign(&secret, format!("GET {path}\n{time}\n{key}").as_bytes());
        let good = key == ACCESS && header("x-ncp-apigw-signature-v2")? == STANDARD.encode(signed);
        let id = *id.lock().ok()?;
        return good.then(|| (200, format!(r#"{{"subAccountIdNo":"{id}","loginId":"x"}}"#)));
    }
    let good = path.starts_with("/?Action=GetCallerIdentity&")
        && header("host")? == "sts.ap-northeast-2.amazonaws.com"
        && header("x-k8s-aws-id")? == "prod";
    let told = format!(
        r#"{{"GetCallerIdentityResponse":{{"GetCallerIdentityResult":{{"Account":"123456789012","Arn":"{ROLE}","UserId":"AROA:jane@example.com"}}}}}}"#
    );
    good.then_some((200, told))
}

/// A server that knows the cloud, and its administrator.
fn start(cloud: &Cloud) -> (Server, Session) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("iam.yaml");
    let endpoint = format!("http://{}", cloud.address);
    let text = format!(
        "apiVersion: authn.sumun.io/v1alpha1
kind: IAMConfiguration
providers:
- name: ncp
  naverCloud: {{clusterUUID: {CLUSTER}, region: KR}}
  endpoint: {endpoint}
  timeout: 2s
  owners: [{{id: '1', username: the-owner}}]
- name: aws
  aws: {{clusterID: prod, regions: [ap-northeast-2]}}
  endpoint: {endpoint}
"
    );
    std::fs::write(&config, &text).unwrap();
    let server = Server::start(&["--anonymous-auth=false", "--iam-config", config.to_str().unwrap()]);
    let session = Session::admin(&server);
    session.write("iam.yaml", &text);
    session.expect(&format!(
        "sumun kubeconfig ncp --cluster-uuid {CLUSTER} --kubeconfig kubeconfig > ncp.kubeconfig"
    ));
    (server, session)
}

/// What kubectl says with the exec plug-in.
fn kubectl(session: &Session, secret: &str, line: &str) -> e2e::Output {
    session.run(&format!(
        "export NCLOUD_ACCESS_KEY_ID={ACCESS} NCLOUD_SECRET_ACCESS_KEY={secret}; kubectl --kubeconfig ncp.kubeconfig {line}"
    ))
}

const WHO: &str = "auth whoami -o jsonpath='{.status.userInfo.username} {.status.userInfo.groups}'";

#[test]
fn kubectl_logs_in_with_naver_cloud() {
    let cloud = Cloud::start();
    let (_server, session) = start(&cloud);
    let nobody = kubectl(&session, SECRET, WHO);
    assert_eq!(nobody.code, Some(1), "no rule names it yet: {nobody:?}");
    let map = |user: &str| {
        session.write(
            "map.yaml",
            &format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: ncp-auth, namespace: kube-system}}\ndata:\n  mapSubAccounts: |\n    - subAccountIdNo: 77\n      username: {user}\n      groups:\n        - devs\n"
            ),
        );
        session.expect("kubectl apply -f map.yaml");
    };
    map("bob");
    let who = |want: &str| {
        wait_for("rules that are known", || {
            (kubectl(&session, SECRET, WHO).stdout == format!("{want} [\"devs\",\"system:authenticated\"]"))
                .then_some(())
        });
    };
    who("bob");
    map("carol");
    who("carol");
    // Somebody without the secret key, and the owner of the cluster, whom no ConfigMap names.
    assert_eq!(kubectl(&session, "wrong", WHO).code, Some(1));
    *cloud.id.lock().unwrap() = "1";
    let owner = kubectl(&session, SECRET, WHO).stdout;
    assert_eq!(owner, "the-owner [\"system:masters\",\"system:authenticated\"]");
    let shown = session.expect("sumun token mappings --iam-config iam.yaml --kubeconfig kubeconfig");
    let owner = shown.lines().find(|line| line.contains("the-owner")).unwrap();
    assert!(
        owner.contains("owner (configuration)") && owner.ends_with("ADMINISTRATOR OF EVERYTHING"),
        "{shown}"
    );
    assert!(shown.contains("carol"), "{shown}");
    // A cloud that is gone lets nobody in, and not for ever nobody.
    cloud.down.store(true, Ordering::Relaxed);
    assert_eq!(kubectl(&session, SECRET, WHO).code, Some(1));
    let metrics = session.expect("kubectl get --raw /metrics | grep sumun_iam");
    assert!(metrics.contains("sumun_iam_rules{provider=\"ncp\"} 2"), "{metrics}");
}

#[test]
fn one_token_is_asked_about_once() {
    let cloud = Cloud::start();
    let (server, session) = start(&cloud);
    *cloud.id.lock().unwrap() = "1";
    let make = format!(
        "NCLOUD_ACCESS_KEY={ACCESS} NCLOUD_SECRET_KEY={SECRET} sumun token ncp --clusterUuid {CLUSTER} --region KR -o token > token.txt"
    );
    session.expect(&make);
    let token = std::fs::read_to_string(session.folder().join("token.txt")).unwrap();
    let status = |token: &str| {
        let headers = format!("Authorization: Bearer {}\r\n", token.trim());
        Connection::open(server.address(), &server.pki(), None)
            .unwrap()
            .get("/version", &headers)
            .unwrap()
            .status
    };
    for _ in 0..5 {
        assert_eq!(status(&token), 200);
    }
    assert_eq!(cloud.questions(), 1);
    let told = session.expect("sumun token inspect token.txt");
    assert!(told.contains("Naver Cloud IAM token") && told.contains(ACCESS), "{told}");
    assert!(!told.contains(&token[20..60]), "{told}");
    let live = session.expect("sumun token inspect token.txt --live --kubeconfig kubeconfig");
    assert!(live.contains("it is the-owner"), "{live}");
    // A token for another cluster is asked nobody about.
    let asked = cloud.questions();
    session.expect(&make.replace(CLUSTER, "2f3c"));
    let other = std::fs::read_to_string(session.folder().join("token.txt")).unwrap();
    assert_eq!((status(&other), cloud.questions()), (401, asked));
    let refused = session.run("sumun token inspect token.txt --live --kubeconfig kubeconfig");
    assert_eq!(refused.code, Some(1));
    assert!(refused.stdout.contains("another cluster or region"), "{}", refused.stdout);
}

#[test]
fn presigned_urls_of_aws_are_tokens() {
    let cloud = Cloud::start();
    let (server, session) = start(&cloud);
    let now = session.expect("date -u +%Y%m%dT%H%M%SZ");
    let url = format!(
        "https://sts.ap-northeast-2.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAX%2F1&X-Amz-Date={}&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=abc",
        now.trim()
    );
    let token = |url: &str| format!("k8s-aws-v1.{}", URL_SAFE_NO_PAD.encode(url));
    session.write(
        "map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: aws-auth, namespace: kube-system}\ndata:\n  mapRoles: |\n    - rolearn: arn:aws:iam::123456789012:role/Dev\n      username: dev:{{SessionName}}\n      groups: [devs]\n",
    );
    session.expect("kubectl apply -f map.yaml");
    let whoami = |token: &str| {
        session.run(&format!(
            "kubectl config set-credentials t --token={token} >/dev/null; kubectl --user=t {WHO}"
        ))
    };
    let want = "dev:jane-example.com [\"devs\",\"system:authenticated\"]";
    wait_for("rules that are known", || (whoami(&token(&url)).stdout == want).then_some(()));
    let asked = cloud.questions();
    for bad in
        [url.replace("sts.ap-northeast-2", "sts.evil"), url.replace("GetCallerIdentity", "DeleteEverything")]
    {
        let headers = format!("Authorization: Bearer {}\r\n", token(&bad));
        let answer = Connection::open(server.address(), &server.pki(), None)
            .unwrap()
            .get("/version", &headers)
            .unwrap();
        assert_eq!(answer.status, 401, "{bad}");
    }
    assert_eq!(cloud.questions(), asked, "nobody is asked about a URL that is not allowed");
}
