//! What the system below Kubernetes is and how it is set up: release, kernel, what keeps containers in, clock.

use api::{Value, object};

use super::root::Root;

/// Settings of the kernel that checks ask for.
const SYSCTLS: &[&str] = &[
    "kernel.dmesg_restrict",
    "kernel.keys.root_maxbytes",
    "kernel.keys.root_maxkeys",
    "kernel.kptr_restrict",
    "kernel.panic",
    "kernel.panic_on_oops",
    "kernel.unprivileged_bpf_disabled",
    "net.ipv4.conf.all.route_localnet",
    "net.ipv4.ip_forward",
    "user.max_user_namespaces",
    "vm.overcommit_memory",
    "vm.panic_on_oom",
];

/// Programs that keep the clock right.
pub(super) const CLOCKS: &[&str] =
    &["chronyd", "ntpd", "openntpd", "systemd-timesyncd", "ptp4l", "phc2sys", "vmtoolsd"];

/// The name of a host, when nobody gives one.
pub(super) fn name(root: &mut Root) -> Option<String> {
    let live = root.line("/proc/sys/kernel/hostname");
    live.or_else(|| root.line("/etc/hostname")).filter(|name| !name.is_empty())
}

/// The release, as `/etc/os-release` tells.
pub(super) fn release(root: &mut Root) -> Value {
    let text = root.read("/etc/os-release").or_else(|| root.read("/usr/lib/os-release"));
    let Some(text) = text else {
        root.lack("os", "there is no /etc/os-release", "name the release by hand");
        return Value::Null;
    };
    let of = |key: &str| {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        lines.next().map_or("", |value| value.trim_matches(['"', '\'']))
    };
    object! {
        "id" => of("ID"),
        "versionId" => of("VERSION_ID"),
        "variantId" => of("VARIANT_ID"),
        "prettyName" => of("PRETTY_NAME"),
        "idLike" => of("ID_LIKE"),
    }
}

/// The version of the kernel.
pub(super) fn kernel(root: &mut Root) -> Value {
    match root.line("/proc/sys/kernel/osrelease") {
        Some(version) => version.as_str().into(),
        None => {
            root.lack("kernel", "/proc is not there", "mount the host's /proc below --root");
            Value::Null
        }
    }
}

/// Settings of the kernel.
pub(super) fn sysctls(root: &mut Root) -> Value {
    let mut all = Value::object();
    for name in SYSCTLS {
        let Some(text) = root.line(&format!("/proc/sys/{}", name.replace('.', "/"))) else { continue };
        let value = text.parse::<i64>().map_or_else(|_| Value::from(text.as_str()), Value::from);
        all.set_at(&[name], value);
    }
    all
}

/// What keeps containers in: `lsm`, `appArmor`, `seLinux`, `seccomp`.
pub(super) fn protection(root: &mut Root, facts: &mut Value) {
    if !root.exists("/sys/kernel") {
        return root.lack("lsm", "/sys is not there", "mount the host's /sys below --root");
    }
    if let Some(text) = root.line("/sys/kernel/security/lsm") {
        let all: Vec<_> = text.split(',').filter(|name| !name.is_empty()).map(Value::from).collect();
        facts.set_at(&["lsm"], all);
    }
    let enabled = root.line("/sys/module/apparmor/parameters/enabled");
    facts.set_at(&["appArmor"], enabled.as_deref() == Some("Y"));
    let mode = match root.line("/sys/fs/selinux/enforce").as_deref() {
        Some("1") => "enforcing",
        Some(_) => "permissive",
        None => "disabled",
    };
    facts.set_at(&["seLinux"], mode);
    // Every kernel with seccomp tells of each process whether it is filtered.
    if let Some(status) = root.read("/proc/1/status") {
        let told = status.lines().any(|line| line.starts_with("Seccomp:"));
        facts.set_at(&["seccomp"], told || root.exists("/proc/sys/kernel/seccomp/actions_avail"));
    }
}

/// What keeps the clock right, by the names of running programs.
pub(super) fn clock(root: &mut Root, running: &[String]) -> Value {
    if running.is_empty() {
        return Value::Null;
    }
    let services: Vec<_> = running.iter().map(String::as_str).filter(|name| CLOCKS.contains(name)).collect();
    let services: Vec<_> = services.into_iter().map(Value::from).collect();
    let mut told = object! { "services" => services };
    if root.exists("/run/systemd/timesync/synchronized") {
        told.set_at(&["synchronized"], true);
    }
    told
}
