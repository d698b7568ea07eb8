//! Ways from a workload to everything.
//!
//! Entry point: [`run`]: the search of crate `privilege` over the given objects, each workload standing for a pod where no
//! pods are given.  Every permission of a way is proved by the authorizer.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use api::{Value, object};
use authz::rbac::GROUP;
use evidence::{Object, Origin};
use privilege::escalation::{self, Options, Path, Principal, Step, World};

use super::held::Hits;
use crate::finding::{Place, Status, Subject};
use crate::scan::Scan;
use crate::sources::rights::{Rights, in_namespace};
use crate::words::{Said, Words, words};
use crate::workload::Workload;

pub(super) const IDS: &[&str] = &["IAM-046", "IAM-047"];

/// So many steps are no detour.
const SHORT: usize = 2;

const ADMIN: Words = words("it may do everything already: {}", "이미 모든 권한을 가짐: {}");
const ONE_STEP: Words = words("one step to everything: {}", "한 단계로 모든 권한을 얻음: {}");
const STEPS: Words = words("{} steps to everything: {}", "{}단계로 모든 권한을 얻음: {}");
const ASSUMED: Words = words("{} steps to everything, if {}: {}", "{}단계로 모든 권한을 얻음 (조건: {}): {}");
const EVERY_NODE: Words = words(
    "the token of {} is on every node, and leads to everything: {}",
    "모든 노드에 있는 {}의 토큰으로 모든 권한을 얻을 수 있음: {}",
);
const STRONG: Words = words(
    "the token of {} is on every node, and in the whole cluster it {} ({})",
    "모든 노드에 있는 {}의 토큰이 클러스터 전체에서 다음 권한을 가짐: {} ({})",
);

/// Rights of an account that a node should not carry.
const NOT_ON_NODES: [&str; 11] = [
    "IAM-006", "IAM-007", "IAM-008", "IAM-009", "IAM-010", "IAM-011", "IAM-012", "IAM-013", "IAM-014",
    "IAM-017", "IAM-018",
];

/// An account that workloads run as, and the first of its DaemonSets.
#[derive(Default)]
struct Account<'a> {
    daemon: Option<Workload<'a>>,
}

/// How an account gets to everything.
enum Way<'f> {
    Already(String),
    Path(&'f Path),
}

pub(super) fn run(scan: &mut Scan<'_>, rights: &Rights<'_>, hits: &mut Hits<'_, '_>) {
    let accounts = accounts(scan);
    for account in accounts.values() {
        if scan.input.whole_cluster {
            scan.examine("IAM-046");
            account.daemon.iter().for_each(|_| scan.examine("IAM-047"));
        }
    }
    // What every cluster starts with leads nowhere.
    if accounts.is_empty() || rights.bindings.iter().all(|bound| bound.own.is_empty()) {
        return;
    }
    let world = World::of(&world_objects(scan));

    let findings = escalation::find(&world, Options { stock: true });
    let paths: HashMap<&Principal, &Path> = findings.paths.iter().map(|path| (&path.who, path)).collect();
    let admins: HashMap<&Principal, &str> =
        findings.admins.iter().map(|(who, asked)| (who, asked.by.as_str())).collect();
    for ((namespace, name), account) in &accounts {
        let whom = Principal::ServiceAccount(namespace.clone(), name.clone());
        let groups = whom.user_info().groups.into_iter().map(Principal::Group);
        let mut identities = std::iter::once(whom.clone()).chain(groups);
        let way = identities.find_map(|who| match admins.get(&who) {
            Some(by) => Some(Way::Already((*by).to_owned())),
            None => paths.get(&who).map(|path| Way::Path(path)),
        });
        if let Some(way) = &way {
            told(scan, &whom, way);
        }
        if let Some(daemon) = account.daemon {
            on_nodes(scan, rights, hits, daemon, &whom, way.as_ref());
        }
    }
}

/// Accounts whose tokens workloads get.
fn accounts<'a>(scan: &Scan<'a>) -> BTreeMap<(String, String), Account<'a>> {
    let unmounted: BTreeSet<(&str, &str)> = scan
        .input
        .objects
        .of_kind("", "ServiceAccount")
        .filter(|o| o.value.at(&["automountServiceAccountToken"]).as_bool() == Some(false))
        .map(|o| (o.namespace(), o.name()))
        .collect();
    let mut accounts: BTreeMap<(String, String), Account<'a>> = BTreeMap::new();
    for workload in &scan.workloads.0 {
        let (namespace, name) = account_of(workload);
        let mounts = workload.spec().at(&["automountServiceAccountToken"]).as_bool();
        if !mounts.unwrap_or(!unmounted.contains(&(namespace, name))) {
            continue;
        }
        let account = accounts.entry((namespace.to_owned(), name.to_owned())).or_default();
        if workload.object.kind() == "DaemonSet" && account.daemon.is_none() {
            account.daemon = Some(*workload);
        }
    }
    accounts
}

fn account_of<'a>(workload: &Workload<'a>) -> (&'a str, &'a str) {
    let or = |text: &'a str, other: &'a str| if text.is_empty() { other } else { text };
    let spec = workload.spec();
    let name = or(spec.str_at(&["serviceAccountName"]), spec.str_at(&["serviceAccount"]));
    (or(workload.object.namespace(), "default"), or(name, "default"))
}

/// What a search looks at: of secrets and configuration only what is about identities.
fn world_objects(scan: &Scan<'_>) -> Vec<Object> {
    let wanted = |object: &&Object| match (object.group(), object.kind()) {
        (GROUP, _) | ("", "ServiceAccount" | "Namespace" | "Node" | "Pod") => true,
        ("", "Secret") => object.value.str_at(&["type"]) == "kubernetes.io/service-account-token",
        ("", "ConfigMap") => object.name() == "aws-auth",
        _ => false,
    };
    let mut objects: Vec<Object> =
        scan.input.objects.objects.iter().filter(wanted).map(in_namespace).collect();
    let mut running: BTreeSet<(String, String)> = BTreeSet::new();
    for workload in scan.workloads.0.iter().filter(|w| w.object.kind() == "Pod") {
        let (namespace, name) = account_of(workload);
        running.insert((namespace.to_owned(), name.to_owned()));
    }
    for workload in &scan.workloads.0 {
        let (namespace, name) = account_of(workload);
        if running.insert((namespace.to_owned(), name.to_owned())) {
            objects.push(pod(workload, namespace, name));
        }
    }
    objects
}

/// A pod as a workload would make it.
fn pod(workload: &Workload<'_>, namespace: &str, account: &str) -> Object {
    let mut spec = object! { "serviceAccountName" => account };
    if let Some(mounts) = workload.spec().get("automountServiceAccountToken").and_then(Value::as_bool) {
        spec.set_at(&["automountServiceAccountToken"], mounts);
    }
    let value = object! {
        "apiVersion" => "v1", "kind" => "Pod",
        "metadata" => object! { "name" => workload.object.name(), "namespace" => namespace },
        "spec" => spec,
    };
    Object { value, origin: workload.object.origin.clone() }
}

fn told(scan: &mut Scan<'_>, whom: &Principal, way: &Way<'_>) {
    let (status, reason, origin) = match way {
        Way::Already(by) => (Status::Fail, ADMIN.with([by]), None),
        Way::Path(path) => {
            let (status, reason) = judged(path);
            let origin = path.steps.first().and_then(|step| step.asked.first()?.binding_origin.clone());
            (status, reason, origin)
        }
    };
    scan.find("IAM-046", status, place(whom, origin), String::new(), reason);
}

fn place(whom: &Principal, origin: Option<Origin>) -> Place {
    let (namespace, name) = match whom {
        Principal::ServiceAccount(namespace, name) => (namespace.clone(), name.clone()),
        Principal::User(name) | Principal::Group(name) => (String::new(), name.clone()),
    };
    Place {
        subject: Subject { api_version: "v1".to_owned(), kind: whom.kind().to_owned(), namespace, name },
        origin,
    }
}

fn judged(path: &Path) -> (Status, Said) {
    let count = path.steps.len().to_string();
    let assumed = path.steps.iter().map(|step| step.technique.assumes).find(|a| !a.is_empty());
    match (assumed, path.steps.len()) {
        (Some(assumed), _) => (Status::Warn, ASSUMED.with([count, assumed.to_owned(), shown(path)])),
        (None, 1) => (Status::Fail, ONE_STEP.with([shown(path)])),
        (None, steps) => {
            let status = if steps > SHORT { Status::Warn } else { Status::Fail };
            (status, STEPS.with([count, shown(path)]))
        }
    }
}

/// The steps by their names: what is needed, by which binding, and who one is then.
fn shown(path: &Path) -> String {
    let step = |step: &Step| {
        let asked = step.asked.iter().map(|asked| match asked.by.as_str() {
            "" => asked.what.clone(),
            by => format!("{}, {by}", asked.what),
        });
        let gains = step.gains.as_ref().map_or_else(|| "cluster-admin".to_owned(), ToString::to_string);
        format!("{} ({}) → {gains}", step.technique.id, asked.collect::<Vec<_>>().join("; "))
    };
    path.steps.iter().map(step).collect::<Vec<_>>().join(" → ")
}

/// What somebody who takes over any node gets of a DaemonSet.
fn on_nodes(
    scan: &mut Scan<'_>,
    rights: &Rights<'_>,
    hits: &mut Hits<'_, '_>,
    daemon: Workload<'_>,
    whom: &Principal,
    way: Option<&Way<'_>>,
) {
    let reason = match way {
        Some(Way::Already(by)) => Some(EVERY_NODE.with([whom.to_string(), by.clone()])),
        Some(Way::Path(path)) => Some(EVERY_NODE.with([whom.to_string(), shown(path)])),
        None => strong(scan, rights, hits, whom),
    };
    if let Some(reason) = reason {
        let field = daemon.field("serviceAccountName");
        scan.find("IAM-047", Status::Warn, daemon.object, field, reason);
    }
}

/// The first right in the whole cluster that a node should not carry.
fn strong(scan: &Scan<'_>, rights: &Rights<'_>, hits: &mut Hits<'_, '_>, whom: &Principal) -> Option<Said> {
    let wide = rights.bindings.iter().filter(|bound| bound.scope().is_empty());
    for bound in wide.filter(|bound| bound.principals().any(|principal| principal == *whom)) {
        for rule in rights.rules_of(bound) {
            let bad = |id: &str| NOT_ON_NODES.contains(&id);
            let hit = hits
                .of(rule)
                .iter()
                .find(|hit| bad(hit.danger.id) && hit.status(scan, "") == Some(Status::Fail));
            if let Some(hit) = hit {
                let may = hit.danger.may.plain();
                return Some(STRONG.saying([whom.to_string().into(), may.into(), hit.what().into()]));
            }
        }
    }
    None
}
