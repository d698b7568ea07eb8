use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

mod inside;

/// A host made for a test: paths and texts.
fn host(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = directory.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

fn file<'a>(facts: &'a Value, path: &str) -> &'a Value {
    let mut files = facts.array_at(&["files"]).iter();
    files.find(|file| file.str_at(&["path"]) == path).unwrap_or(&Value::Null)
}

const FILES: &[(&str, &str)] = &[
    ("/etc/passwd", "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n"),
    ("/usr/lib/os-release", "ID=ubuntu\nVERSION_ID=\"24.04\"\nPRETTY_NAME=\"Ubuntu 24.04 LTS\"\n"),
    ("/proc/1/cmdline", "/sbin/init\0"),
    ("/proc/1/status", "Name:\tinit\nSeccomp:\t0\n"),
    (
        "/proc/7/cmdline",
        "/usr/bin/kubelet\0--config=/var/lib/kubelet/config.yaml\0--bootstrap-token=hunter2\0--config-dir\0/etc/kubelet.d\0--kubeconfig=/etc/kubernetes/admin.conf\0",
    ),
    ("/proc/8/cmdline", "/usr/sbin/chronyd\0-n\0"),
    ("/proc/9/cmdline", ""),
    ("/proc/sys/kernel/hostname", "node-1\n"),
    ("/proc/sys/vm/overcommit_memory", "1\n"),
    ("/sys/kernel/security/lsm", "capability,apparmor\n"),
    ("/sys/module/apparmor/parameters/enabled", "Y\n"),
    ("/var/lib/kubelet/config.yaml", "kind: KubeletConfiguration\nstaticPodPath: /pods\n"),
    ("/etc/kubelet.d/10.conf", "readOnlyPort: 0\n"),
    ("/etc/kubelet.d/pki/key.pem", "-----BEGIN EC PRIVATE KEY-----\nhunter2\n"),
    (
        "/pods/kube-apiserver.yaml",
        "spec: {containers: [{command: [kube-apiserver, --audit-policy-file=/etc/audit.yaml, --encryption-provider-config, /etc/enc.yaml, --tls-private-key-file=/etc/k.key]}]}\n",
    ),
    ("/etc/audit.yaml", "kind: Policy\nrules: [{level: Metadata}]\n"),
    ("/etc/enc.yaml", "resources: [{providers: [{secretbox: {keys: [{name: a, secret: hunter2}]}}]}]\n"),
    ("/etc/k.key", "-----BEGIN EC PRIVATE KEY-----\nhunter2\n"),
    (
        "/etc/kubernetes/admin.conf",
        "users: [{name: a, user: {client-certificate-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBCi0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K, client-key-data: hunter2, token: hunter2}}]\n",
    ),
    ("/etc/kubernetes/pki/ca.key", "hunter2"),
    ("/etc/containerd/config.toml", "[grpc]\ntcp_address = \"\"\npassword = \"hunter2\"\n"),
    ("/lib/systemd/system/kubelet.service", "[Service]\nEnvironment=TOKEN=hunter2\n"),
    ("/etc/systemd/system/kubelet.service.d/10.conf", "[Service]\n"),
];

#[test]
fn a_host_is_told_without_credentials() {
    let directory = host(FILES);
    let admin = directory.path().join("etc/kubernetes/admin.conf");
    fs::set_permissions(admin, fs::Permissions::from_mode(0o640)).unwrap();
    let facts = collect(directory.path().to_owned(), None);
    let text = codec::yaml::write(&facts);
    assert!(!text.contains("hunter2"), "{text}");
    assert_eq!(facts.str_at(&["metadata", "name"]), "node-1");
    assert_eq!(facts.str_at(&["os", "versionId"]), "24.04");
    assert_eq!(file(&facts, "/etc/kubernetes/admin.conf").str_at(&["mode"]), "0640");
    for path in [
        "/var/lib/kubelet/config.yaml",
        "/etc/kubelet.d/10.conf",
        "/pods/kube-apiserver.yaml",
        "/etc/audit.yaml",
        "/etc/enc.yaml",
    ] {
        assert!(!file(&facts, path).str_at(&["content"]).is_empty(), "{path}: {text}");
    }
    for path in [
        "/etc/k.key",
        "/etc/kubernetes/pki/ca.key",
        "/etc/kubernetes/admin.conf",
        "/lib/systemd/system/kubelet.service",
        "/etc/systemd/system/kubelet.service.d/10.conf",
    ] {
        assert!(!file(&facts, path).is_null() && file(&facts, path).at(&["content"]).is_null(), "{path}");
    }
    let kinds = file(&facts, "/etc/kubernetes/admin.conf").array_at(&["credentials"]);
    assert_eq!(kinds, [Value::from("certificate"), Value::from("token")]);
    let paths: Vec<_> = facts.array_at(&["files"]).iter().map(|file| file.str_at(&["path"])).collect();
    assert!(paths.is_sorted(), "{paths:?}");
    assert_eq!(facts.array_at(&["certificates"])[0].str_at(&["path"]), "/etc/kubernetes/admin.conf");
    assert_eq!(facts.at(&["sysctls", "vm.overcommit_memory"]).as_i64(), Some(1));
    assert_eq!(facts.at(&["appArmor"]).as_bool(), Some(true));
    assert_eq!(facts.str_at(&["seLinux"]), "disabled");
    assert_eq!(facts.at(&["timeSync", "services"]).as_array().map(<[_]>::len), Some(1));
    assert_eq!(facts.array_at(&["units"])[0].array_at(&["dropIns"]).len(), 1);
    let missing: Vec<_> = facts.array_at(&["missing"]).iter().map(|gap| gap.str_at(&["what"])).collect();
    assert!(missing.contains(&"updates") && missing.contains(&"blockDevices"), "{missing:?}");
}

#[test]
fn links_stay_within_the_root() {
    let directory = host(&[("/real/kubernetes/admin.conf", "a: b"), ("/etc/group", "root:x:0:\n")]);
    let at = directory.path();
    symlink("/real/kubernetes", at.join("etc/kubernetes")).unwrap();
    symlink("../../../../../../etc/passwd", at.join("real/kubernetes/out.conf")).unwrap();
    symlink("loop", at.join("real/kubernetes/loop")).unwrap();
    let facts = collect(at.to_owned(), Some("n"));
    let admin = file(&facts, "/etc/kubernetes/admin.conf");
    assert_eq!(admin.str_at(&["target"]), "/real/kubernetes/admin.conf");
    // There is no such file below the root, whatever lies beside it.
    assert!(file(&facts, "/etc/kubernetes/out.conf").is_null());
    assert!(file(&facts, "/etc/kubernetes/loop").is_null());
}

#[test]
fn devices_are_told_as_a_tree() {
    let directory = host(&[
        ("/sys/block/sda/dev", "8:0\n"),
        ("/sys/block/sda/sda1/dev", "8:1\n"),
        ("/sys/block/sda/sda1/partition", "1\n"),
        ("/sys/block/sda/sda1/holders/dm-0", ""),
        ("/sys/block/dm-0/dev", "253:0\n"),
        ("/sys/block/dm-0/dm/uuid", "CRYPT-LUKS2-x\n"),
        ("/sys/block/dm-0/dm/name", "vault\n"),
        ("/sys/block/dm-0/slaves/sda1", ""),
        ("/proc/1/mountinfo", "22 1 253:0 / /var/lib/etcd rw - ext4 /dev/mapper/vault rw\n"),
        ("/proc/1/cmdline", "init\0"),
    ]);
    let facts = collect(directory.path().to_owned(), None);
    let disk = &facts.at(&["blockDevices"]).array_at(&["blockdevices"])[0];
    let crypt = &disk.array_at(&["children"])[0].array_at(&["children"])[0];
    assert_eq!(
        (disk.str_at(&["type"]), crypt.str_at(&["type"]), crypt.str_at(&["name"])),
        ("disk", "crypt", "vault")
    );
    assert_eq!(crypt.array_at(&["mountpoints"])[0].as_str(), Some("/var/lib/etcd"));
}

#[test]
fn what_is_collected_is_judged() {
    let directory = host(FILES);
    let chmod = |path: &str, mode| {
        let path = directory.path().join(path);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    for (path, mode) in [
        ("pods/kube-apiserver.yaml", 0o644),
        ("etc/audit.yaml", 0o640),
        ("etc/kubernetes/admin.conf", 0o600),
        ("etc/kubelet.d/10.conf", 0o604),
        ("etc/kubernetes/pki/ca.key", 0o400),
        ("lib/systemd/system/kubelet.service", 0o600),
        ("etc/systemd/system/kubelet.service.d/10.conf", 0o600),
    ] {
        chmod(path, mode);
    }
    let text = codec::yaml::write(&collect(directory.path().to_owned(), None));
    let documents = posture::Document::parse(posture::Kind::Host, "facts", text.as_bytes()).unwrap();
    let input = posture::Input { documents, ..posture::Input::default() };
    let report = posture::scan(&input, &posture::Settings::default());
    let status = |id: &str| report.outcomes.iter().find(|o| o.check.id == id).unwrap().status.name();
    for (id, want) in [
        ("HST-001", "fail"),
        ("HST-003", "not-applicable"),
        ("HST-013", "pass"),
        ("HST-021", "pass"),
        ("HST-031", "pass"),
        ("HST-039", "fail"),
        ("HST-050", "pass"),
        ("HST-053", "pass"),
        ("HST-059", "fail"),
        ("HST-071", "not-evaluated"),
        ("HST-076", "pass"),
        ("HST-078", "pass"),
        ("AUD-010", "fail"),
    ] {
        assert_eq!(status(id), want, "{id}");
    }
}

#[test]
fn a_host_made_to_hurt_is_told_as_far_as_it_goes() {
    use std::os::unix::ffi::OsStrExt as _;
    let large = "a".repeat((1 << 20) + 1);
    let directory = host(&[
        ("/proc/1/cmdline", "/sbin/init\0"),
        ("/etc/kubernetes/manifests/a.yaml", "kind: Pod\n"),
        ("/etc/kubernetes/manifests/large.yaml", &large),
        ("/etc/kubernetes/manifests/bytes.yaml", "kind: Pod\n"),
        ("/etc/kubernetes/deep/deeper/x.conf", "a: b\n"),
    ]);
    let at = directory.path().join("etc/kubernetes");
    fs::write(at.join("manifests/bytes.yaml"), b"\xff\xfe").unwrap();
    let odd = std::ffi::OsStr::from_bytes(b"manifests/\xffpod.yaml");
    fs::write(at.join(odd), "kind: Pod\n").unwrap();
    for up in ["one", "two", "three"] {
        symlink(".", at.join(up)).unwrap();
        symlink("../..", at.join("deep/deeper").join(up)).unwrap();
    }
    let pipe = std::process::Command::new("mkfifo").arg(at.join("manifests/pipe.yaml")).status();
    assert!(pipe.is_ok_and(|status| status.success()));
    let facts = collect(directory.path().to_owned(), Some("n"));
    let paths: Vec<_> = facts.array_at(&["files"]).iter().map(|file| file.str_at(&["path"])).collect();
    assert!(paths.len() < 60, "{paths:?}");
    assert!(paths.contains(&"/etc/kubernetes/deep/deeper/x.conf"));
    assert_eq!(file(&facts, "/etc/kubernetes/manifests/pipe.yaml").str_at(&["type"]), "other");
    let missing: Vec<_> = facts.array_at(&["missing"]).iter().map(|gap| gap.str_at(&["what"])).collect();
    for gap in ["large.yaml", "bytes.yaml", "\u{fffd}pod.yaml"] {
        let path = format!("/etc/kubernetes/manifests/{gap}");
        assert!(missing.contains(&path.as_str()), "{path}: {missing:?}");
    }
}
