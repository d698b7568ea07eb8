//! Which workloads need not be looked at, because another one made them and they do what it says.
//!
//! Entry point: [`left_in`].  Whoever may write a pod may write anybody's name into its `ownerReferences`, and what runs
//! is changed after it was made: by admission, by updates, by debuggers.  So nobody is believed: a pod that is not as its
//! maker's template says is looked at, once for all of its maker's pods that are alike.

use std::collections::{HashMap, HashSet};

use admission::pod_security::Pod;
use api::{Map, Value};

use super::Workload;

/// How long a line of makers may be; longer ones go in circles.
const MAX_LINE: usize = 8;

/// What a pod does that counts for a check.
const OF_POD: [&str; 10] = [
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "hostUsers",
    "shareProcessNamespace",
    "securityContext",
    "automountServiceAccountToken",
    "runtimeClassName",
    "hostAliases",
    "os",
];

/// The same of a container.  Resources are left to LimitRanges and autoscalers.
const OF_CONTAINER: [&str; 8] =
    ["name", "image", "command", "args", "securityContext", "envFrom", "lifecycle", "volumeDevices"];

/// Where admission mounts the token of the service account.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The variable that the controller of jobs adds.
const JOB_INDEX: &str = "JOB_COMPLETION_INDEX";

/// The beta annotation that switches AppArmor off.
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// The workloads that are to be looked at.
pub(super) fn left_in<'a>(all: &[Workload<'a>]) -> Vec<Workload<'a>> {
    let makers = Makers::of(all);
    let mut alike = HashSet::new();
    let is_left = |i: &usize| {
        let Some(workload) = all.get(*i) else { return false };
        match makers.of_each.get(*i).copied().flatten() {
            None => true,
            Some(_) if is_idle(workload) || makers.says(all, *i) == Some(true) => false,
            Some((uid, _)) => alike.insert((uid, api::json::to_string(&essence(&workload.pod)))),
        }
    };
    let left: Vec<usize> = (0..all.len()).filter(is_left).collect();
    left.into_iter().filter_map(|i| all.get(i).copied()).collect()
}

/// Who made whom.
struct Makers<'a> {
    /// Of each workload: the maker's uid, and the first of what it makes.
    of_each: Vec<Option<(&'a str, usize)>>,
    /// Does a workload do what its maker says?
    agrees: Vec<bool>,
}

impl<'a> Makers<'a> {
    fn of(all: &[Workload<'a>]) -> Self {
        let mut by_uid: HashMap<&str, Vec<usize>> = HashMap::new();
        for (i, workload) in all.iter().enumerate() {
            let uid = workload.object.value.str_at(&["metadata", "uid"]);
            if !uid.is_empty() {
                by_uid.entry(uid).or_default().push(i);
            }
        }
        let mut essences: HashMap<usize, Value> = HashMap::new();
        let mut this = Self { of_each: Vec::new(), agrees: Vec::new() };
        for workload in all {
            let maker = maker(workload).and_then(|uid| Some((uid, by_uid.get(uid)?)));
            let agreeing = maker.and_then(|(_, made)| {
                let own = essence(&workload.pod);
                made.iter().copied().find(|i| {
                    let template = all.get(*i).map(|maker| &maker.pod);
                    template.is_some_and(|pod| *essences.entry(*i).or_insert_with(|| essence(pod)) == own)
                })
            });
            let first =
                maker.and_then(|(uid, made)| Some((uid, agreeing.or_else(|| made.first().copied())?)));
            this.of_each.push(first);
            this.agrees.push(agreeing.is_some());
        }
        this
    }

    /// True when a workload does what its maker says and that is looked at; `None` when makers go in circles.
    fn says(&self, all: &[Workload<'_>], i: usize) -> Option<bool> {
        let maker = |i: usize| self.of_each.get(i).copied().flatten().map(|(_, maker)| maker);
        let agrees = |i: usize| self.agrees.get(i) == Some(&true);
        let idle = |i: usize| all.get(i).is_some_and(is_idle);
        let Some(mut at) = maker(i).filter(|_| agrees(i)) else { return Some(false) };
        if maker(at).is_some() && idle(at) {
            // What is idle is not looked at.
            return Some(false);
        }
        for _ in 0..MAX_LINE {
            match maker(at) {
                // Whatever differs from its own maker is looked at itself.
                Some(next) if agrees(at) && !idle(at) => at = next,
                _ => return Some(true),
            }
        }
        None
    }
}

/// The uid of whoever is said to have made it.
fn maker<'a>(workload: &Workload<'a>) -> Option<&'a str> {
    let metadata = workload.object.value.at(&["metadata"]);
    let owners = metadata.array_at(&["ownerReferences"]);
    let maker = owners.iter().find(|owner| owner.at(&["controller"]).as_bool() == Some(true))?;
    Some(maker.str_at(&["uid"])).filter(|uid| !uid.is_empty() && *uid != metadata.str_at(&["uid"]))
}

/// A ReplicaSet of an earlier revision: it makes nothing.
fn is_idle(workload: &Workload<'_>) -> bool {
    let replicas = workload.object.value.at(&["spec", "replicas"]);
    workload.object.kind() == "ReplicaSet" && replicas.as_i64() == Some(0)
}

/// What a pod does, without what controllers and admission add to every pod.
fn essence(pod: &Pod<'_>) -> Value {
    let mut all = Map::new();
    for member in OF_POD {
        add(&mut all, member, pod.spec.at(&[member]).clone());
    }
    let account = [pod.spec.str_at(&["serviceAccountName"]), pod.spec.str_at(&["serviceAccount"])];
    let account = account.into_iter().find(|name| !name.is_empty()).unwrap_or("default");
    add(&mut all, "serviceAccountName", account.into());
    for list in super::LISTS {
        let of_host = pod.spec.at(&["hostNetwork"]).as_bool() == Some(true);
        let containers: Vec<Value> =
            pod.spec.array_at(&[list]).iter().map(|value| container(value, of_host)).collect();
        add(&mut all, list, containers.into());
    }
    let volumes = pod.spec.array_at(&["volumes"]).iter().filter(|volume| !is_added(volume));
    add(&mut all, "volumes", volumes.cloned().collect::<Vec<_>>().into());
    let annotations = pod.metadata.at(&["annotations"]).as_object().into_iter().flat_map(Map::iter);
    for (key, value) in annotations.filter(|(key, _)| key.starts_with(APP_ARMOR)) {
        if value.as_str() == Some("unconfined") {
            add(&mut all, key, value.clone());
        }
    }
    Value::Object(all)
}

/// On the host's network the API writes ports of the host into pods, not into templates.
fn container(value: &Value, of_host: bool) -> Value {
    let mut all = Map::new();
    for member in OF_CONTAINER {
        add(&mut all, member, value.at(&[member]).clone());
    }
    let ports = value.array_at(&["ports"]).iter().cloned().map(|mut port| {
        if of_host && port.at(&["hostPort"]) == port.at(&["containerPort"]) {
            port.remove_at(&["hostPort"]);
        }
        port
    });
    add(&mut all, "ports", ports.collect::<Vec<_>>().into());
    let filtered = |list: &str, is_added: &dyn Fn(&Value) -> bool| -> Value {
        value.array_at(&[list]).iter().filter(|item| !is_added(item)).cloned().collect::<Vec<_>>().into()
    };
    add(&mut all, "env", filtered("env", &|item| item.str_at(&["name"]) == JOB_INDEX));
    add(
        &mut all,
        "volumeMounts",
        filtered("volumeMounts", &|item| item.str_at(&["mountPath"]) == TOKEN_PATH),
    );
    Value::Object(all)
}

/// The token that admission adds, and the claims of a StatefulSet's pods.
fn is_added(volume: &Value) -> bool {
    let is_token = volume.str_at(&["name"]).starts_with("kube-api-access-");
    is_token && !volume.at(&["projected"]).is_null() || !volume.at(&["persistentVolumeClaim"]).is_null()
}

/// Nothing, `false` and what is empty are the same.
fn add(all: &mut Map, key: &str, value: Value) {
    let is_nothing = match &value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    if !is_nothing {
        all.insert(key, value);
    }
}
