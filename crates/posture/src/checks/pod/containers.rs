//! What containers say of themselves, beyond the Pod Security Standards.

use api::Value;

use crate::checks::{Flaw, Look, Row};
use crate::image::Image;
use crate::quantity;
use crate::words::{Words, words};
use crate::workload::Container;

pub(super) const ROWS: &[Row] = &[
    Row { id: "POD-022", look: read_only_root },
    Row { id: "POD-027", look: dangerous_capabilities },
    Row { id: "POD-028", look: raw_sockets },
    Row { id: "POD-029", look: numbers_of_the_host },
    Row { id: "POD-030", look: secrets_in_environment },
    Row { id: "POD-033", look: resources },
    Row { id: "POD-036", look: guaranteed },
    Row { id: "POD-049", look: ssh },
    Row { id: "POD-050", look: context_given },
];

/// Capabilities that lead out of a container or over the whole network.
pub(crate) const DANGEROUS: [&str; 8] =
    ["ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "BPF", "NET_ADMIN", "DAC_READ_SEARCH"];

const WRITABLE: Words = words(
    "container \"{}\" can write to its root file system",
    "컨테이너 \"{}\"가 루트 파일 시스템에 쓸 수 있음",
);
const ADDS: Words = words("container \"{}\" adds {}", "컨테이너 \"{}\"가 {}를 추가함");
const KEEPS_RAW: Words = words(
    "container \"{}\" can forge packets: NET_RAW is not dropped",
    "컨테이너 \"{}\"가 NET_RAW를 제거(drop)하지 않아 패킷을 위조할 수 있음",
);
const ROOT_GROUP: Words = words("{} is group 0, root's", "{}가 root의 그룹인 0임");
const LOW_ID: Words =
    words("{} is {}, which may be somebody on the host", "{}가 {}로, 호스트의 사용자와 겹칠 수 있음");
const NO_GROUP: Words = words(
    "container \"{}\" runs as user {} in root's group unless the image says otherwise: no runAsGroup",
    "컨테이너 \"{}\"가 사용자 {}로 실행되지만 runAsGroup이 없어 이미지가 정하지 않으면 root 그룹임",
);
const IN_ENVIRONMENT: Words = words(
    "container \"{}\" has the Secret \"{}\" in its environment, which child processes and crash reports see",
    "컨테이너 \"{}\"의 환경 변수에 시크릿 \"{}\"이 있어 하위 프로세스와 오류 보고서에 노출됨",
);
const NO_MEMORY_LIMIT: Words =
    words("container \"{}\" has no memory limit", "컨테이너 \"{}\"에 메모리 제한이 없음");
const UNSET: Words = words("container \"{}\" sets no {}", "컨테이너 \"{}\"에 {}가 없음");
const NOT_GUARANTEED: Words = words(
    "it is critical ({}), but container \"{}\" may lose its {}: requests and limits differ",
    "중요 워크로드({})인데 컨테이너 \"{}\"의 {} requests와 limits가 달라 보장되지 않음",
);
const SSH: Words =
    words("container \"{}\" runs an SSH server: {}", "컨테이너 \"{}\"가 SSH 서버를 실행함: {}");
const NO_CONTEXT: Words = words(
    "neither the pod nor any container has a securityContext",
    "파드와 컨테이너 어디에도 securityContext가 없음",
);

fn each(look: &Look<'_>, flaws: impl Fn(&Container<'_>) -> Vec<Flaw>) -> Option<Vec<Flaw>> {
    Some(look.workload.containers().flat_map(|container| flaws(&container)).collect())
}

fn read_only_root(look: &Look<'_>) -> Option<Vec<Flaw>> {
    if look.workload.is_windows() {
        return None;
    }
    each(look, |c| {
        if c.security("readOnlyRootFilesystem").as_bool() == Some(true) {
            return Vec::new();
        }
        vec![look.fail(&c.field("securityContext.readOnlyRootFilesystem"), WRITABLE.with([c.name()]))]
    })
}

/// Names of capabilities as runtimes read them: in any case.
fn listed(container: &Container<'_>, list: &str) -> Vec<String> {
    let names = container.security("capabilities").array_at(&[list]).iter().filter_map(Value::as_str);
    names.map(str::to_ascii_uppercase).collect()
}

fn dangerous_capabilities(look: &Look<'_>) -> Option<Vec<Flaw>> {
    each(look, |c| {
        // Some runtimes take the kernel's names, too.
        let is_bad = |name: &String| DANGEROUS.contains(&name.strip_prefix("CAP_").unwrap_or(name));
        let bad: Vec<_> = listed(c, "add").into_iter().filter(is_bad).collect();
        if bad.is_empty() {
            return Vec::new();
        }
        vec![look.fail(&c.field("securityContext.capabilities.add"), ADDS.with([c.name(), &bad.join(", ")]))]
    })
}

/// Runtimes begin with what is added or dropped as `ALL`, then add and drop one by one.
fn raw_sockets(look: &Look<'_>) -> Option<Vec<Flaw>> {
    if look.workload.is_windows() {
        return None;
    }
    each(look, |c| {
        let (added, dropped) = (listed(c, "add"), listed(c, "drop"));
        let has = |list: &[String], name: &str| list.iter().any(|listed| listed == name);
        let added = has(&added, "NET_RAW") || has(&added, "CAP_NET_RAW");
        let is_gone = has(&dropped, "NET_RAW") || has(&dropped, "ALL") && !added;
        if is_gone {
            return Vec::new();
        }
        vec![look.fail(&c.field("securityContext.capabilities.drop"), KEEPS_RAW.with([c.name()]))]
    })
}

/// Numbers that the pod and its containers run as.
fn numbers_of_the_host(look: &Look<'_>) -> Option<Vec<Flaw>> {
    if look.workload.is_windows() {
        return None;
    }
    let pod = look.workload.spec().at(&["securityContext"]);
    let of = |context: &Value, prefix: &str, members: &[&'static str]| {
        let pairs = members.iter().filter_map(|member| {
            Some((format!("{prefix}.{member}"), *member, context.at(&[member]).as_i64()?))
        });
        pairs.collect::<Vec<_>>()
    };
    let mut numbers = of(pod, "securityContext", &["runAsUser", "runAsGroup", "fsGroup"]);
    for (i, group) in pod.array_at(&["supplementalGroups"]).iter().enumerate() {
        let field = format!("securityContext.supplementalGroups[{i}]");
        numbers.extend(group.as_i64().map(|id| (field, "supplementalGroups", id)));
    }
    for c in look.workload.containers() {
        let context = c.value.at(&["securityContext"]);
        numbers.extend(of(context, &c.field("securityContext"), &["runAsUser", "runAsGroup"]));
    }
    if numbers.is_empty() {
        // The image says.
        return None;
    }
    let flaws = numbers.into_iter().filter_map(|(field, member, id)| match (member, id) {
        // User 0 is another check's.
        ("runAsUser", 0) => None,
        (_, 0) => Some(look.fail(&field, ROOT_GROUP.with([member]))),
        ("runAsUser" | "runAsGroup", id) if id < look.settings.limits.lowest_id => {
            Some(look.warn(&field, LOW_ID.with([member, &id.to_string()])))
        }
        _ => None,
    });
    Some(flaws.chain(groupless(look)).collect())
}

/// Containers with a user and no group: unless the image knows the user, it is in root's.
fn groupless<'l>(look: &'l Look<'_>) -> impl Iterator<Item = Flaw> + use<'l> {
    let pod = look.workload.spec().at(&["securityContext"]);
    look.workload.containers().filter_map(move |c| {
        let number = |member: &str| c.security(member).as_i64().or_else(|| pod.at(&[member]).as_i64());
        let user = number("runAsUser").filter(|user| *user != 0)?;
        let field = c.field("securityContext.runAsGroup");
        number("runAsGroup")
            .is_none()
            .then(|| look.warn(&field, NO_GROUP.with([c.name(), &user.to_string()])))
    })
}

fn secrets_in_environment(look: &Look<'_>) -> Option<Vec<Flaw>> {
    each(look, |c| {
        let mut found = Vec::new();
        for (i, variable) in c.value.array_at(&["env"]).iter().enumerate() {
            let secret = variable.str_at(&["valueFrom", "secretKeyRef", "name"]);
            if !secret.is_empty() {
                let field = c.field(&format!("env[{i}].valueFrom.secretKeyRef"));
                found.push(look.warn(&field, IN_ENVIRONMENT.with([c.name(), secret])));
            }
        }
        for (i, source) in c.value.array_at(&["envFrom"]).iter().enumerate() {
            let secret = source.str_at(&["secretRef", "name"]);
            if !secret.is_empty() {
                let field = c.field(&format!("envFrom[{i}].secretRef"));
                found.push(look.warn(&field, IN_ENVIRONMENT.with([c.name(), secret])));
            }
        }
        found
    })
}

/// Defaults that a LimitRange of the namespace gives to containers.  What it leaves out follows from the rest: the
/// most is the limit, the limit is the request, and so is the least.
fn defaulted(look: &Look<'_>, table: &str, resource: &str) -> bool {
    let namespace = look.workload.object.namespace();
    let ranges = look.objects.in_namespace("", "LimitRange", namespace);
    let limits = ranges.iter().flat_map(|o| o.value.array_at(&["spec", "limits"]));
    let sources: &[&str] =
        if table == "limits" { &["default", "max"] } else { &["defaultRequest", "default", "max", "min"] };
    limits
        .filter(|limit| limit.str_at(&["type"]) == "Container")
        .any(|limit| sources.iter().any(|source| !quantity::is_nothing(limit.at(&[source, resource]))))
}

fn resources(look: &Look<'_>) -> Option<Vec<Flaw>> {
    each(look, |c| {
        if c.list == "ephemeralContainers" {
            return Vec::new();
        }
        let has = |table: &str, resource: &str| {
            let given = |value: &Value, table: &str| {
                // Zero is no limit.
                !quantity::is_nothing(value.at(&["resources", table, resource]))
            };
            let set = |table: &str| given(c.value, table) || given(look.workload.spec(), table);
            // A request that is not set is the limit.
            set(table) || (table == "requests" && set("limits")) || defaulted(look, table, resource)
        };
        let mut found = Vec::new();
        if !has("limits", "memory") {
            found.push(look.fail(&c.field("resources.limits.memory"), NO_MEMORY_LIMIT.with([c.name()])));
        }
        let wished = [("limits", "cpu"), ("requests", "memory"), ("requests", "cpu")];
        let unset = wished.into_iter().filter(|(table, resource)| !has(table, resource));
        let unset: Vec<_> = unset.map(|(table, resource)| format!("{table}.{resource}")).collect();
        if !unset.is_empty() {
            found.push(look.warn(&c.field("resources"), UNSET.with([c.name(), &unset.join(", ")])));
        }
        found
    })
}

/// Critical workloads whose resources may be taken from them.
fn guaranteed(look: &Look<'_>) -> Option<Vec<Flaw>> {
    let class = look.workload.spec().str_at(&["priorityClassName"]);
    let labelled = look.workload.label("sumun.io/critical") == Some("true");
    let why = match (class, labelled) {
        (class, _) if class.starts_with("system-") => class,
        (_, true) => "sumun.io/critical",
        _ => return None,
    };
    each(look, |c| {
        let differs = ["memory", "cpu"].into_iter().filter(|resource| {
            let [request, limit] =
                ["requests", "limits"].map(|table| c.value.at(&["resources", table, resource]));
            quantity::is_nothing(limit) || !(request.is_null() || quantity::same(request, limit))
        });
        let flaws = differs
            .map(|resource| look.warn(&c.field("resources"), NOT_GUARANTEED.with([why, c.name(), resource])));
        flaws.collect()
    })
}

fn ssh(look: &Look<'_>) -> Option<Vec<Flaw>> {
    each(look, |c| {
        let ports = c.value.array_at(&["ports"]).iter().enumerate();
        let listens = ports.filter(|(_, port)| port.at(&["containerPort"]).as_i64() == Some(22));
        let mut found: Vec<_> = listens
            .map(|(i, _)| {
                let reason = SSH.with([c.name(), "containerPort 22"]);
                look.warn(&c.field(&format!("ports[{i}].containerPort")), reason)
            })
            .collect();
        for list in ["command", "args"] {
            let words = c.value.array_at(&[list]).iter().filter_map(Value::as_str);
            // Scripts stand in one word.
            let outside = |sign: char| !(sign.is_alphanumeric() || matches!(sign, '/' | '.' | '_' | '-'));
            let mut names = words.flat_map(|text| text.split(outside)).map(base_name);
            if names.any(|name| name == "sshd" || name == "dropbear") {
                found.push(look.warn(&c.field(list), SSH.with([c.name(), list])));
            }
        }
        let reference = c.value.str_at(&["image"]);
        let image = Image::parse(reference).map(|image| image.repository);
        if image.is_some_and(|name| matches!(base_name(&name), "openssh-server" | "sshd")) {
            found.push(look.warn(&c.field("image"), SSH.with([c.name(), reference])));
        }
        found
    })
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn context_given(look: &Look<'_>) -> Option<Vec<Flaw>> {
    let given = |value: &Value| value.as_object().is_some_and(|members| !members.is_empty());
    let anywhere = given(look.workload.spec().at(&["securityContext"]))
        || look.workload.containers().any(|c| given(c.value.at(&["securityContext"])));
    let flaw = || look.warn("securityContext", NO_CONTEXT.plain());
    Some(if anywhere { Vec::new() } else { vec![flaw()] })
}
