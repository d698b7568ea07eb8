//! Programs that run inside another, or by their environment.

use super::file as file_of;
use super::*;

fn args<'a>(facts: &'a Value, name: &str) -> Vec<&'a str> {
    let mut programs = facts.array_at(&["processes"]).iter().filter(|p| p.str_at(&["name"]) == name);
    let args = programs.next().map_or(&[][..], |program| program.array_at(&["args"]));
    args.iter().filter_map(Value::as_str).collect()
}

fn missing(facts: &Value) -> Vec<&str> {
    facts.array_at(&["missing"]).iter().map(|gap| gap.str_at(&["what"])).collect()
}

fn statuses(facts: &Value, ids: &[&str]) -> Vec<&'static str> {
    let text = codec::yaml::write(facts);
    let documents = posture::Document::parse(posture::Kind::Host, "facts", text.as_bytes()).unwrap();
    let input = posture::Input { documents, ..posture::Input::default() };
    let report = posture::scan(&input, &posture::Settings::default());
    let status = |id: &str| report.outcomes.iter().find(|o| o.check.id == id).unwrap().status.name();
    ids.iter().map(|id| status(id)).collect()
}

const K3S: &[(&str, &str)] = &[
    ("/proc/1/cmdline", "/sbin/init\0"),
    ("/proc/40/cmdline", "/usr/local/bin/k3s server\0\0\0"),
    (
        "/etc/systemd/system/k3s.service",
        "[Service]\nExecStartPre=/sbin/modprobe overlay\nExecStart=/usr/local/bin/k3s \\\n    server \\\n\t'--token=hunter2' \\\n\t--kube-apiserver-arg 'audit-log-path=/var/log/k3s/audit.log' \\\n",
    ),
    (
        "/etc/rancher/k3s/config.yaml",
        "token: hunter2\nsecrets-encryption: true\nkube-apiserver-arg: [enable-admission-plugins=EventRateLimit]\nkubelet-arg: [pod-max-pids=500]\n",
    ),
    ("/etc/rancher/k3s/config.yaml.d/10.yaml", "kubelet-arg+: [v=2]\nprotect-kernel-defaults: true\n"),
];

#[test]
fn k3s_has_all_of_kubernetes_inside() {
    let directory = host(K3S);
    let facts = collect(directory.path().to_owned(), Some("n"));
    assert!(!codec::yaml::write(&facts).contains("hunter2"));
    let server = args(&facts, "kube-apiserver");
    for flag in [
        "--anonymous-auth=false",
        "--audit-log-path=/var/log/k3s/audit.log",
        "--enable-admission-plugins=EventRateLimit",
        "--encryption-provider-config=/var/lib/rancher/k3s/server/cred/encryption-config.json",
        "--etcd-servers=unix:///var/lib/rancher/k3s/server/kine.sock",
    ] {
        assert!(server.contains(&flag), "{flag}: {server:?}");
    }
    let kubelet = args(&facts, "kubelet");
    for flag in ["--pod-max-pids=500", "--v=2", "--protect-kernel-defaults=true", "--anonymous-auth=false"] {
        assert!(kubelet.contains(&flag), "{flag}: {kubelet:?}");
    }
    let ids =
        ["CPL-001", "CPL-020", "CPL-031", "CPL-051", "CPL-061", "CPL-070", "HST-050", "HST-062", "HST-066"];
    let want = ["pass", "fail", "not-applicable", "pass", "pass", "not-evaluated", "pass", "pass", "pass"];
    assert_eq!(statuses(&facts, &ids), want);
}

#[test]
fn k3s_writes_the_kubelets_configuration() {
    let mut files = K3S.to_vec();
    let directory = "/var/lib/rancher/k3s/agent/etc/kubelet.conf.d";
    let drop_in = format!("{directory}/00-k3s-defaults.conf");
    let text = "kind: KubeletConfiguration\nauthentication: {anonymous: {enabled: true}}\nauthorization: {mode: Webhook}\n";
    files.push((&drop_in, text));
    files.push((
        "/var/lib/rancher/k3s/server/db/etcd/config",
        "data-dir: /d\nclient-transport-security: {client-cert-auth: true, cert-file: /a, key-file: /b}\n",
    ));
    files.push(("/d/member/x", ""));
    let directory = host(&files);
    let facts = collect(directory.path().to_owned(), Some("n"));
    assert!(args(&facts, "kubelet").contains(&"--config-dir=/var/lib/rancher/k3s/agent/etc/kubelet.conf.d"));
    let ids = ["CPL-031", "CPL-070", "CPL-071", "HST-050", "HST-051", "HST-053"];
    let want = ["pass", "pass", "pass", "fail", "pass", "pass"];
    assert_eq!(statuses(&facts, &ids), want);
}

#[test]
fn k3s_that_cannot_be_told_is_not_judged() {
    let without_unit: Vec<_> = K3S.iter().filter(|(path, _)| !path.ends_with(".service")).copied().collect();
    let mut broken = K3S.to_vec();
    broken.push(("/etc/rancher/k3s/config.yaml.d/20.yaml", "a: [b"));
    for files in [without_unit, broken] {
        let directory = host(&files);
        let facts = collect(directory.path().to_owned(), Some("n"));
        assert!(missing(&facts).contains(&"processes"), "{:?}", missing(&facts));
        let ids = ["CPL-001", "HST-050", "HST-039", "AUD-010"];
        assert!(statuses(&facts, &ids).iter().all(|status| *status == "not-evaluated"));
    }
}

#[test]
fn microk8s_goes_by_files_of_arguments() {
    let data = "/var/snap/microk8s/77";
    let file = |name: &str| format!("{data}/args/{name}");
    let (kubelet, server) = (file("kubelet"), file("kube-apiserver"));
    let (manager, scheduler, proxy) =
        (file("kube-controller-manager"), file("kube-scheduler"), file("kube-proxy"));
    let command = format!(
        "/snap/microk8s/77/kubelite\0--kubelet-args-file={kubelet}\0--apiserver-args-file={server}\0--controller-manager-args-file={manager}\0--scheduler-args-file={scheduler}\0--proxy-args-file={proxy}\0"
    );
    let files = [
        ("/proc/1/cmdline", "/sbin/init\0"),
        ("/proc/40/cmdline", command.as_str()),
        (
            kubelet.as_str(),
            "# --anonymous-auth=true\n--anonymous-auth=false\n--client-ca-file=${SNAP_DATA}/certs/ca.crt\n",
        ),
        (
            server.as_str(),
            "--authorization-mode='AlwaysAllow'\n--profiling=false --cert-dir=$SNAP_DATA/certs\n",
        ),
        (manager.as_str(), "--use-service-account-credentials\n"),
        (scheduler.as_str(), "--profiling=false\n"),
        (proxy.as_str(), "--kubeconfig=${SNAP_DATA}/credentials/proxy.config\n"),
        (
            "/var/snap/microk8s/77/certs/ca.crt",
            "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n",
        ),
    ];
    let directory = host(&files);
    let facts = collect(directory.path().to_owned(), Some("n"));
    assert!(args(&facts, "kubelet").contains(&"--client-ca-file=/var/snap/microk8s/77/certs/ca.crt"));
    assert!(!file_of(&facts, "/var/snap/microk8s/77/certs/ca.crt").is_null());
    let ids = ["CPL-012", "CPL-025", "CPL-052", "CPL-060", "HST-050", "HST-051", "HST-053"];
    let want = ["fail", "pass", "pass", "pass", "pass", "fail", "fail"];
    assert_eq!(statuses(&facts, &ids), want);
    fs::remove_file(directory.path().join(server.trim_start_matches('/'))).unwrap();
    let facts = collect(directory.path().to_owned(), Some("n"));
    assert!(args(&facts, "kube-apiserver").is_empty() && missing(&facts).contains(&"processes"));
}

#[test]
fn etcd_goes_by_its_environment() {
    let mut files = vec![
        ("/proc/1/cmdline", "/sbin/init\0"),
        ("/proc/40/cmdline", "/usr/local/bin/etcd\0"),
        (
            "/proc/40/environ",
            "HOME=/hunter2\0ETCD_DATA_DIR=/data\0ETCD_CERT_FILE=/a.crt\0ETCD_KEY_FILE=/a.key\0ETCD_CLIENT_CERT_AUTH=true\0ETCD_INITIAL_CLUSTER_TOKEN=hunter2\0",
        ),
        ("/data/member/snap/db", ""),
        ("/a.crt", "x"),
    ];
    let directory = host(&files);
    let facts = collect(directory.path().to_owned(), Some("n"));
    assert!(!codec::yaml::write(&facts).contains("hunter2"));
    assert!(!file_of(&facts, "/a.crt").is_null() && !file_of(&facts, "/data").is_null());
    let ids = ["CPL-070", "CPL-071", "CPL-072", "HST-011"];
    assert_eq!(statuses(&facts, &ids), ["pass", "pass", "pass", "fail"]);
    files.retain(|(path, _)| !path.ends_with("environ"));
    let directory = host(&files);
    let facts = collect(directory.path().to_owned(), Some("n"));
    assert!(missing(&facts).contains(&"environment of etcd"));
    assert!(statuses(&facts, &ids[..3]).iter().all(|status| *status == "not-evaluated"));
}

#[test]
fn static_pods_with_a_launcher_name_files_too() {
    let pod = "spec: {containers: [{command: [/go-runner, --also-stdout=true, kube-apiserver, --audit-policy-file=/etc/audit.yaml]}]}\n";
    let script = "spec: {containers: [{command: [/bin/sh, -c, 'exec kube-apiserver --audit-policy-file=/etc/audit.yaml 2>&1']}]}\n";
    for pod in [pod, script] {
        let directory = host(&[
            ("/etc/kubernetes/manifests/kube-apiserver.manifest", pod),
            ("/etc/audit.yaml", "kind: Policy\n"),
        ]);
        let facts = collect(directory.path().to_owned(), Some("n"));
        assert!(!file_of(&facts, "/etc/audit.yaml").str_at(&["content"]).is_empty());
        assert_eq!(statuses(&facts, &["AUD-010"]), ["fail"]);
    }
}

#[test]
fn what_is_not_mounted_was_not_seen() {
    let command =
        "/usr/bin/kubelet\0--client-ca-file=/srv/pki/ca.crt\0--bootstrap-kubeconfig=/etc/gone.conf\0";
    let mut files = vec![
        ("/proc/1/cmdline", "/sbin/init\0"),
        ("/proc/9/cmdline", command),
        ("/proc/10/cmdline", "/usr/bin/containerd\0"),
        ("/etc/hostname", "n\n"),
    ];
    let ids = ["HST-035", "HST-037", "HST-074"];
    let directory = host(&files);
    let facts = collect(directory.path().to_owned(), Some("n"));
    assert_eq!(statuses(&facts, &ids), ["not-applicable", "not-evaluated", "not-evaluated"]);
    files.extend([("/srv/x", ""), ("/run/x", "")]);
    let directory = host(&files);
    let facts = collect(directory.path().to_owned(), Some("n"));
    assert_eq!(statuses(&facts, &ids), ["not-applicable", "not-applicable", "pass"]);
}
