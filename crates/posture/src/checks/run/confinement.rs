//! What keeps containers in, as it really is: what pods ask for, over what their nodes do by themselves.

use admission::pod_security::Pod;
use api::Value;

use crate::checks::hst::system::{app_armor, se_linux};
use crate::finding::Status;
use crate::scan::Scan;
use crate::sources::host::Host;
use crate::sources::kubelet::{Kubelet, SECCOMP};
use crate::words::{Words, words};
use crate::workload::{Container, Workload};

pub(super) const IDS: &[&str] = &["RUN-001", "RUN-002", "RUN-004"];

/// Annotations by which pods named profiles before there were fields.
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// Systems whose nodes keep containers in with SELinux, by what nodes call them.
const SE_LINUX: [&str; 9] =
    ["red hat", "rhel", "coreos", "rocky", "almalinux", "centos", "fedora", "bottlerocket", "oracle linux"];

const NO_PROFILE: Words = words(
    "container \"{}\" names no profile, and what its node does is not known",
    "컨테이너 \"{}\"에 프로파일이 없고 노드의 기본 동작을 알 수 없음",
);
const NO_APP_ARMOR: Words =
    words("container \"{}\" runs without a profile: {}", "컨테이너 \"{}\"가 프로파일 없이 실행됨: {}");
const UNFILTERED: Words = words(
    "container \"{}\" is not filtered: no profile, and seccompDefault is not known to be on at every node",
    "컨테이너 \"{}\"에 seccomp이 적용되지 않음: 프로파일이 없고 모든 노드의 seccompDefault도 확인되지 않음",
);
const UNCONFINED: Words =
    words("container \"{}\" turns the filter off (Unconfined)", "컨테이너 \"{}\"가 필터를 끔 (Unconfined)");
const PRIVILEGED: Words = words(
    "container \"{}\" is privileged: runtimes filter nothing then, whatever profile it names",
    "컨테이너 \"{}\"이(가) privileged라서 어떤 프로파일을 지정해도 런타임이 필터를 적용하지 않음",
);
const PERMISSIVE: Words = words(
    "SELinux only writes down what it would refuse (permissive)",
    "SELinux가 거부하지 않고 기록만 함 (permissive)",
);
const SUPER: Words =
    words("spc_t is the type that SELinux does not keep in", "spc_t는 SELinux가 제한하지 않는 타입임");

/// What nodes do for containers that ask for nothing.
struct Nodes {
    /// AppArmor is on everywhere: the runtime puts its own profile on.
    app_armor: Option<bool>,
    /// SELinux keeps containers in everywhere, instead of AppArmor.
    se_linux: bool,
    /// Every kubelet puts seccomp on.
    seccomp: bool,
}

pub(super) fn run(scan: &mut Scan<'_>) {
    let nodes = Nodes::of(scan);
    scan.lack_refused(["RUN-001", "RUN-002"]);
    for workload in scan.workloads.0.clone() {
        if workload.is_windows() {
            continue;
        }
        for container in workload.containers() {
            if !nodes.se_linux {
                profile(scan, &nodes, &workload, &container);
            }
            filter(scan, &nodes, &workload, &container);
        }
        types(scan, &workload);
    }
    for host in Host::all(scan.input) {
        if let Some(mode) = se_linux(&host).filter(|mode| *mode != "disabled") {
            scan.examine("RUN-004");
            if mode == "permissive" {
                let place = host.place("Host", "seLinux");
                scan.find("RUN-004", Status::Warn, place, "seLinux".to_owned(), PERMISSIVE.plain());
            }
        }
    }
}

impl Nodes {
    fn of(scan: &Scan<'_>) -> Self {
        let hosts = Host::all(scan.input);
        let info =
            |node: &evidence::Object, member| node.value.str_at(&["status", "nodeInfo", member]).to_owned();
        let nodes: Vec<_> = scan.input.objects.of_kind("", "Node").collect();
        let linux = nodes.iter().filter(|node| info(node, "operatingSystem") != "windows").count();
        let images: Vec<_> = nodes.iter().map(|node| info(node, "osImage").to_ascii_lowercase()).collect();
        let everywhere = hosts.len() >= linux && !hosts.is_empty();
        let armed: Vec<_> = hosts.iter().map(app_armor).collect();
        let enforcing =
            |host: &Host<'_>| se_linux(host) == Some("enforcing") && app_armor(host) != Some(true);
        let known = |image: &String| SE_LINUX.iter().any(|name| image.contains(name));
        let kubelets = Kubelet::all(scan.input);
        let on = |kubelet: &Kubelet<'_>| kubelet.is(&SECCOMP) == Ok(true);
        Self {
            app_armor: match everywhere && armed.iter().all(|a| *a == Some(true)) {
                true => Some(true),
                false => armed.contains(&Some(false)).then_some(false),
            },
            se_linux: everywhere && hosts.iter().all(enforcing)
                || hosts.is_empty() && !images.is_empty() && images.iter().all(known),
            seccomp: kubelets.len() >= linux && !kubelets.is_empty() && kubelets.iter().all(on),
        }
    }
}

/// The type of a profile: the container's, else the pod's.
fn kind<'a>(pod: &Pod<'a>, container: &Container<'a>, member: &str) -> &'a str {
    let of =
        |value: &'a Value| Some(value.str_at(&["securityContext", member, "type"])).filter(|t| !t.is_empty());
    of(container.value).or_else(|| of(pod.spec)).unwrap_or("")
}

fn profile(scan: &mut Scan<'_>, nodes: &Nodes, workload: &Workload<'_>, container: &Container<'_>) {
    scan.examine("RUN-001");
    let name = container.name();
    let annotation = workload.pod.metadata.at(&["annotations"]).get(&format!("{APP_ARMOR}{name}"));
    let annotation = annotation.and_then(Value::as_str).unwrap_or("");
    let reason = match (kind(&workload.pod, container, "appArmorProfile"), nodes.app_armor) {
        ("RuntimeDefault" | "Localhost", _) => return,
        ("Unconfined", _) => NO_APP_ARMOR.with([name, "Unconfined"]),
        _ if annotation == "unconfined" => NO_APP_ARMOR.with([name, annotation]),
        _ if !annotation.is_empty() => return,
        (_, Some(true)) => return,
        (_, Some(false)) => NO_APP_ARMOR.with([name, "AppArmor is off"]),
        _ => NO_PROFILE.with([name]),
    };
    let field = workload.field(&container.field("securityContext.appArmorProfile"));
    scan.find("RUN-001", Status::Warn, workload.object, field, reason);
}

fn filter(scan: &mut Scan<'_>, nodes: &Nodes, workload: &Workload<'_>, container: &Container<'_>) {
    scan.examine("RUN-002");
    let privileged = container.security("privileged").as_bool() == Some(true);
    let reason = match kind(&workload.pod, container, "seccompProfile") {
        "Unconfined" => UNCONFINED,
        _ if privileged => PRIVILEGED,
        "RuntimeDefault" | "Localhost" => return,
        _ if nodes.seccomp => return,
        _ => UNFILTERED,
    };
    let field = workload.field(&container.field("securityContext.seccompProfile"));
    scan.find("RUN-002", Status::Fail, workload.object, field, reason.with([container.name()]));
}

/// Types that SELinux is asked to give to the pod and its containers.
fn types(scan: &mut Scan<'_>, workload: &Workload<'_>) {
    let path = ["securityContext", "seLinuxOptions", "type"];
    let field = path.join(".");
    let of_containers = workload.containers().map(|c| (c.value, c.field(&field))).collect::<Vec<_>>();
    for (value, name) in [(workload.spec(), field)].into_iter().chain(of_containers) {
        match value.str_at(&path) {
            "" => {}
            "spc_t" => {
                scan.examine("RUN-004");
                scan.find("RUN-004", Status::Fail, workload.object, workload.field(&name), SUPER.plain());
            }
            _ => scan.examine("RUN-004"),
        }
    }
}
