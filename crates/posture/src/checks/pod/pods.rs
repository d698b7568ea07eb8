//! What pods say of themselves: volumes, tokens, places.

use api::Value;

use crate::checks::{Flaw, Look, Row};
use crate::words::{Words, words};

pub(super) const ROWS: &[Row] = &[
    Row { id: "POD-014", look: smuggled_settings },
    Row { id: "POD-023", look: writable_mounts },
    Row { id: "POD-024", look: token_mounted },
    Row { id: "POD-025", look: default_account },
    Row { id: "POD-037", look: default_namespace },
    Row { id: "POD-038", look: system_namespace },
    Row { id: "POD-044", look: shared_within },
    Row { id: "POD-045", look: own_users },
    Row { id: "POD-046", look: control_plane },
    Row { id: "POD-047", look: debuggers },
    Row { id: "POD-048", look: token_life },
];

/// What a pod says that talks to the API, so that its token is there for a reason.
const USES_API: &str = "sumun.io/uses-api";

/// Signs in the value of a sysctl behind which another one may be hidden.
pub(crate) const SMUGGLING: [char; 2] = ['+', '='];

/// How long tokens live that admission mounts, in seconds.
const ADMISSION_LIFE: i64 = 3607;

const SMUGGLES: Words = words(
    "the value of sysctl {} holds a sign at which runtimes have taken what follows for another setting",
    "sysctl {}의 값에 런타임이 다른 설정으로 해석한 적이 있는 문자가 있음",
);
const WRITES_HOST: Words =
    words("container \"{}\" can write to {} of the host", "컨테이너 \"{}\"가 호스트의 {}에 쓸 수 있음");
const WRITES_SHARED: Words = words(
    "container \"{}\" mounts \"{}\" for writing though the volume is for reading",
    "컨테이너 \"{}\"가 읽기 전용 볼륨 \"{}\"을 쓰기 가능으로 마운트함",
);
const TOKEN: Words = words(
    "the token of the service account \"{}\" is mounted, and nothing says that it is used",
    "서비스 어카운트 \"{}\"의 토큰이 마운트되지만 쓴다는 표시가 없음",
);
const DEFAULT_ACCOUNT: Words = words(
    "it runs as the namespace's default service account, as everything else that names none",
    "서비스 어카운트을 지정하지 않아 네임스페이스의 default 어카운트로 실행됨",
);
const IN_DEFAULT: Words = words("it is in the namespace default", "default 네임스페이스에 있음");
const IN_SYSTEM: Words =
    words("it is in {} and no part of the system", "시스템 구성 요소가 아닌데 {}에 있음");
const ALIASES: Words =
    words("it has its own idea of host names (hostAliases)", "hostAliases로 호스트 이름을 바꿈");
const SHARES_PROCESSES: Words = words(
    "its containers see each other's processes and files (shareProcessNamespace)",
    "shareProcessNamespace로 컨테이너끼리 프로세스와 파일을 볼 수 있음",
);
const HOST_USERS: Words = words(
    "users in its containers, root too, are those of the host",
    "컨테이너의 사용자가 root까지 호스트의 사용자와 같음",
);
const PINNED: Words = words(
    "it chooses its node itself (nodeName {}), past the scheduler and its taints",
    "nodeName {}으로 노드를 직접 골라 스케줄러와 taint를 거치지 않음",
);
const TOLERATES: Words = words("it tolerates the control plane's taint", "컨트롤 플레인 taint를 허용함");
const DEBUGGER: Words =
    words("the debug container \"{}\" is still in it", "디버그 컨테이너 \"{}\"가 남아 있음");
const LONG_TOKEN: Words = words("the token \"{}\" lives {} seconds", "토큰 \"{}\"의 수명이 {}초임");
const ANY_AUDIENCE: Words = words(
    "the token \"{}\" is good for the API server: it names no audience",
    "토큰 \"{}\"에 audience가 없어 API 서버에도 통함",
);

/// The control looks at names alone; CRI-O has passed values on in one line (CVE-2022-0811).
fn smuggled_settings(look: &Look<'_>) -> Option<Vec<Flaw>> {
    let list = look.workload.spec().at(&["securityContext"]).array_at(&["sysctls"]).iter().enumerate();
    let bad = list.filter(|(_, sysctl)| sysctl.str_at(&["value"]).contains(SMUGGLING));
    let flaws: Vec<_> = bad
        .map(|(i, sysctl)| {
            let field = format!("securityContext.sysctls[{i}].value");
            look.fail(&field, SMUGGLES.with([sysctl.str_at(&["name"])]))
        })
        .collect();
    (!flaws.is_empty()).then_some(flaws)
}

fn writable_mounts(look: &Look<'_>) -> Option<Vec<Flaw>> {
    let mut found = Vec::new();
    for c in look.workload.containers() {
        for (i, mount) in c.value.array_at(&["volumeMounts"]).iter().enumerate() {
            let name = mount.str_at(&["name"]);
            let volume = look.workload.volumes().find(|(_, volume)| volume.str_at(&["name"]) == name);
            let writable = mount.at(&["readOnly"]).as_bool() != Some(true);
            let Some((_, volume)) = volume.filter(|_| writable) else { continue };
            let field = c.field(&format!("volumeMounts[{i}].readOnly"));
            let path = volume.str_at(&["hostPath", "path"]);
            if !path.is_empty() {
                found.push(look.fail(&field, WRITES_HOST.with([c.name(), path])));
            } else if for_reading(volume) && mount.at(&["readOnly"]).as_bool() == Some(false) {
                found.push(look.warn(&field, WRITES_SHARED.with([c.name(), name])));
            }
        }
    }
    Some(found)
}

/// Volumes that nobody should write to.
fn for_reading(volume: &Value) -> bool {
    ["configMap", "secret", "projected", "downwardAPI"].iter().any(|source| !volume.at(&[source]).is_null())
        || volume.at(&["persistentVolumeClaim", "readOnly"]).as_bool() == Some(true)
}

/// Whether a token is mounted: the pod decides, then the account, then it is.
fn mounts_token(look: &Look<'_>) -> bool {
    let said = |object: &Value| object.at(&["automountServiceAccountToken"]).as_bool();
    let (name, namespace) = (look.workload.account(), look.workload.object.namespace());
    let account = look.objects.get("", "ServiceAccount", namespace, name);
    said(look.workload.spec()).or_else(|| account.and_then(|o| said(&o.value))).unwrap_or(true)
}

fn token_mounted(look: &Look<'_>) -> Option<Vec<Flaw>> {
    // Whoever gave an account of its own rights meant it to use them.
    let namespace = look.workload.object.namespace();
    let has_rights =
        look.workload.account() != "default" && look.objects.is_bound(namespace, look.workload.account());
    let asked_for = has_rights || look.workload.label(USES_API) == Some("true");
    if asked_for || !mounts_token(look) {
        return Some(Vec::new());
    }
    Some(vec![look.fail("automountServiceAccountToken", TOKEN.with([look.workload.account()]))])
}

fn default_account(look: &Look<'_>) -> Option<Vec<Flaw>> {
    let is_default = look.workload.account() == "default" && mounts_token(look);
    Some(if is_default { vec![look.warn("serviceAccountName", DEFAULT_ACCOUNT.plain())] } else { Vec::new() })
}

fn default_namespace(look: &Look<'_>) -> Option<Vec<Flaw>> {
    let namespace = look.workload.object.namespace();
    if namespace.is_empty() {
        // A manifest that names none goes wherever it is applied.
        return None;
    }
    let is_default = namespace == "default";
    let flaw = || Flaw { field: "metadata.namespace".to_owned(), ..look.warn("", IN_DEFAULT.plain()) };
    Some(if is_default { vec![flaw()] } else { Vec::new() })
}

fn system_namespace(look: &Look<'_>) -> Option<Vec<Flaw>> {
    let namespace = look.workload.object.namespace();
    if !look.settings.is_system(namespace) {
        return Some(Vec::new());
    }
    // What kubeadm and clouds put there says so.
    let of_system = look.workload.spec().str_at(&["priorityClassName"]).starts_with("system-")
        || look.workload.label("k8s-app").is_some()
        || matches!(look.workload.label("tier"), Some("control-plane" | "node"))
        || look.workload.label("addonmanager.kubernetes.io/mode").is_some();
    let flaw =
        || Flaw { field: "metadata.namespace".to_owned(), ..look.warn("", IN_SYSTEM.with([namespace])) };
    Some(if of_system { Vec::new() } else { vec![flaw()] })
}

fn shared_within(look: &Look<'_>) -> Option<Vec<Flaw>> {
    let spec = look.workload.spec();
    let aliases =
        (!spec.array_at(&["hostAliases"]).is_empty()).then(|| look.warn("hostAliases", ALIASES.plain()));
    let shares = spec.at(&["shareProcessNamespace"]).as_bool() == Some(true);
    let shares = shares.then(|| look.warn("shareProcessNamespace", SHARES_PROCESSES.plain()));
    Some(aliases.into_iter().chain(shares).collect())
}

fn own_users(look: &Look<'_>) -> Option<Vec<Flaw>> {
    let spec = look.workload.spec();
    // A pod of the host's cannot have users of its own, nor one of Windows.
    if look.workload.is_windows()
        || ["hostNetwork", "hostPID", "hostIPC"].iter().any(|m| spec.at(&[m]).as_bool() == Some(true))
    {
        return None;
    }
    let own = spec.at(&["hostUsers"]).as_bool() == Some(false);
    Some(if own { Vec::new() } else { vec![look.warn("hostUsers", HOST_USERS.plain())] })
}

fn control_plane(look: &Look<'_>) -> Option<Vec<Flaw>> {
    if look.settings.is_system(look.workload.object.namespace()) {
        return None;
    }
    let spec = look.workload.spec();
    let mut found = Vec::new();
    // The scheduler writes the node of a pod that runs; elsewhere somebody has.
    let node = spec.str_at(&["nodeName"]);
    let runs = look.workload.is_pod() && !look.workload.object.value.at(&["metadata", "uid"]).is_null();
    if !node.is_empty() && !runs {
        found.push(look.warn("nodeName", PINNED.with([node])));
    }
    for (i, toleration) in spec.array_at(&["tolerations"]).iter().enumerate() {
        if tolerates_control_plane(toleration) {
            found.push(look.warn(&format!("tolerations[{i}]"), TOLERATES.plain()));
        }
    }
    Some(found)
}

/// True for a toleration of the control plane's taint, which has no value and keeps pods from being scheduled.
fn tolerates_control_plane(toleration: &Value) -> bool {
    let [key, operator, effect] = ["key", "operator", "effect"].map(|member| toleration.str_at(&[member]));
    let of_key = match (key, operator) {
        ("", operator) => operator == "Exists",
        ("node-role.kubernetes.io/control-plane" | "node-role.kubernetes.io/master", "Exists") => true,
        ("node-role.kubernetes.io/control-plane" | "node-role.kubernetes.io/master", _) => {
            toleration.str_at(&["value"]).is_empty()
        }
        _ => false,
    };
    of_key && matches!(effect, "" | "NoSchedule")
}

fn debuggers(look: &Look<'_>) -> Option<Vec<Flaw>> {
    if !look.workload.is_pod() {
        return None;
    }
    let left = look.workload.containers().filter(|c| c.list == "ephemeralContainers");
    Some(left.map(|c| look.warn(c.list, DEBUGGER.with([c.name()]))).collect())
}

fn token_life(look: &Look<'_>) -> Option<Vec<Flaw>> {
    let mut found = Vec::new();
    for (v, volume) in look.workload.volumes() {
        let name = volume.str_at(&["name"]);
        for (s, source) in volume.array_at(&["projected", "sources"]).iter().enumerate() {
            let token = source.at(&["serviceAccountToken"]);
            let life = token.at(&["expirationSeconds"]).as_i64().unwrap_or(3600);
            // The admission plug-in's own volume has the API server for its audience.
            let by_admission =
                look.workload.is_pod() && name.starts_with("kube-api-access-") && life == ADMISSION_LIFE;
            if token.is_null() || by_admission {
                continue;
            }
            let field =
                |member: &str| format!("volumes[{v}].projected.sources[{s}].serviceAccountToken.{member}");
            if life > look.settings.limits.token_seconds {
                let reason = LONG_TOKEN.with([name, &life.to_string()]);
                found.push(look.warn(&field("expirationSeconds"), reason));
            }
            if token.str_at(&["audience"]).is_empty() {
                found.push(look.warn(&field("audience"), ANY_AUDIENCE.with([name])));
            }
        }
    }
    Some(found)
}
