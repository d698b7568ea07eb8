//! Pods, and the templates of pods.  What `kubectl get pods` calls STATUS is worked out here.

use api::{Value, object};

use super::format::{age, condition_true, containers, deleting, int, labels, name, or, seconds_of};
use super::sheet::{AGE, NAME, Sheet, core_message, field, string, text, wide};

/// The sheet of a kind of this file.
pub fn sheet(kind: &str) -> Option<&'static Sheet> {
    match kind {
        "Pod" => Some(&POD),
        "PodTemplate" => Some(&POD_TEMPLATE),
        _ => None,
    }
}

static POD: Sheet = Sheet {
    columns: &[
        NAME,
        string("Ready", text("Ready containers out of all that keep running.")),
        string("Status", text("One word for where the pod and its containers stand.")),
        string("Restarts", text("How often containers were restarted, and how long ago the last time was.")),
        AGE,
        wide("IP", field(core_message!("PodStatus"), "podIP")),
        wide("Node", field(core_message!("PodSpec"), "nodeName")),
        wide("Nominated Node", field(core_message!("PodStatus"), "nominatedNodeName")),
        wide("Readiness Gates", field(core_message!("PodSpec"), "readinessGates")),
    ],
    cells: |pod, now| {
        let summary = Summary::of(pod);
        vec![
            name(pod),
            format!("{}/{}", summary.ready, summary.total).into(),
            summary.reason.as_str().into(),
            summary.restarts(now).into(),
            age(pod, now),
            pod_ip(pod).into(),
            or(pod, &["spec", "nodeName"], "<none>").into(),
            or(pod, &["status", "nominatedNodeName"], "<none>").into(),
            readiness_gates(pod).into(),
        ]
    },
    conditions: |pod| match pod.str_at(&["status", "phase"]) {
        "Succeeded" => completed("Succeeded", "all containers ended well"),
        "Failed" => completed("Failed", "the pod failed"),
        _ => Vec::new(),
    },
    ..Sheet::BARE
};

static POD_TEMPLATE: Sheet = Sheet {
    columns: &[
        NAME,
        string("Containers", text("Container names, in the order of the template.")),
        string("Images", text("Container images, in the order of the template.")),
        string("Pod Labels", text("Labels that pods made of the template get.")),
    ],
    cells: |o, _| {
        let [names, images] = containers(o.at(&["template", "spec"]));
        vec![name(o), names, images, labels(o.at(&["template", "metadata", "labels"])).into()]
    },
    ..Sheet::BARE
};

fn completed(reason: &str, message: &str) -> Vec<Value> {
    vec![object! { "type" => "Completed", "status" => "True", "reason" => reason, "message" => message }]
}

fn pod_ip(pod: &Value) -> &str {
    let first = pod.array_at(&["status", "podIPs"]).first();
    match first.map_or_else(|| pod.str_at(&["status", "podIP"]), |ip| ip.str_at(&["ip"])) {
        "" => "<none>",
        ip => ip,
    }
}

fn readiness_gates(pod: &Value) -> String {
    let gates = pod.array_at(&["spec", "readinessGates"]);
    if gates.is_empty() {
        return "<none>".to_owned();
    }
    let open = gates.iter().filter(|g| condition_true(pod, g.str_at(&["conditionType"]))).count();
    format!("{open}/{}", gates.len())
}

/// Restarts and the time of the last of them, in seconds since the Unix epoch.
#[derive(Clone, Copy, Default)]
struct Restarts {
    count: i64,
    last: Option<i64>,
}

impl Restarts {
    fn add(&mut self, status: &Value) {
        self.count += int(status, &["restartCount"]);
        let ended = seconds_of(status.at(&["lastState", "terminated", "finishedAt"]));
        self.last = self.last.max(ended);
    }
}

/// What the cells of a pod say about its containers.
struct Summary {
    ready: usize,
    total: usize,
    reason: String,
    restarts: Restarts,
}

impl Summary {
    fn of(pod: &Value) -> Self {
        let stated = or(pod, &["status", "reason"], pod.str_at(&["status", "phase"]));
        let reason = if condition_gated(pod) { "SchedulingGated" } else { stated };
        let mut summary = Self {
            ready: 0,
            total: containers_that_stay(pod),
            reason: reason.to_owned(),
            restarts: Restarts::default(),
        };
        let (sidecar_restarts, initializing) = summary.init_containers(pod);
        if !initializing || condition_true(pod, "Initialized") {
            summary.restarts = sidecar_restarts;
            summary.containers(pod);
        }
        summary.deletion(pod);
        summary
    }

    fn restarts(&self, now: i64) -> String {
        match self.restarts {
            Restarts { count, last: Some(last) } if count != 0 => {
                format!("{count} ({} ago)", super::human_duration(now.saturating_sub(last)))
            }
            Restarts { count, .. } => count.to_string(),
        }
    }

    /// Walks the init containers until the first that has not done its work; answers the restarts of those that keep
    /// running (sidecars), and whether the pod is still initializing.
    fn init_containers(&mut self, pod: &Value) -> (Restarts, bool) {
        let specs = pod.array_at(&["spec", "initContainers"]);
        let mut sidecars = Restarts::default();
        for (i, status) in pod.array_at(&["status", "initContainerStatuses"]).iter().enumerate() {
            self.restarts.add(status);
            let named = |spec: &&Value| spec.str_at(&["name"]) == status.str_at(&["name"]);
            let sidecar = specs.iter().rev().find(named).is_some_and(is_sidecar);
            if sidecar {
                sidecars.add(status);
            }
            let ended = status.at(&["state", "terminated"]);
            if !ended.is_null() && int(ended, &["exitCode"]) == 0 {
                continue;
            }
            if sidecar && status.at(&["started"]).as_bool() == Some(true) {
                self.ready += usize::from(status.at(&["ready"]).as_bool() == Some(true));
                continue;
            }
            self.reason = format!("Init:{}", init_reason(status, i, specs.len()));
            return (sidecars, true);
        }
        (sidecars, false)
    }

    /// Walks the containers from the last to the first: the reason of the first one counts.
    fn containers(&mut self, pod: &Value) {
        let mut running = false;
        let mut failure = String::new();
        for status in pod.array_at(&["status", "containerStatuses"]).iter().rev() {
            self.restarts.add(status);
            let waiting = status.str_at(&["state", "waiting", "reason"]);
            let ended = status.at(&["state", "terminated"]);
            if !waiting.is_empty() {
                self.reason = waiting.to_owned();
            } else if !ended.is_null() {
                self.reason = end_reason(ended);
                if int(ended, &["exitCode"]) != 0 {
                    failure.clone_from(&self.reason);
                }
            } else if status.at(&["ready"]).as_bool() == Some(true)
                && !status.at(&["state", "running"]).is_null()
            {
                running = true;
                self.ready += 1;
            }
        }
        if self.reason == "Completed" {
            self.reason = match (running, failure) {
                (true, _) if ready_condition(pod) => "Running".to_owned(),
                (_, failure) if !failure.is_empty() => failure,
                (true, _) => "NotReady".to_owned(),
                (false, _) => return,
            };
        }
    }

    fn deletion(&mut self, pod: &Value) {
        if !deleting(pod) {
            return;
        }
        if pod.str_at(&["status", "reason"]) == "NodeLost" {
            self.reason = "Unknown".to_owned();
        } else if !matches!(pod.str_at(&["status", "phase"]), "Succeeded" | "Failed") {
            self.reason = "Terminating".to_owned();
        }
    }
}

fn condition_gated(pod: &Value) -> bool {
    let gated =
        |c: &Value| c.str_at(&["type"]) == "PodScheduled" && c.str_at(&["reason"]) == "SchedulingGated";
    pod.array_at(&["status", "conditions"]).iter().any(gated)
}

/// Any Ready condition counts here, not only the first.
fn ready_condition(pod: &Value) -> bool {
    let ready = |c: &Value| c.str_at(&["type"]) == "Ready" && c.str_at(&["status"]) == "True";
    pod.array_at(&["status", "conditions"]).iter().any(ready)
}

fn containers_that_stay(pod: &Value) -> usize {
    let sidecars = pod.array_at(&["spec", "initContainers"]).iter().filter(|c| is_sidecar(c)).count();
    pod.array_at(&["spec", "containers"]).len() + sidecars
}

fn is_sidecar(container: &Value) -> bool {
    container.str_at(&["restartPolicy"]) == "Always"
}

/// Why an init container has not done its work.
fn init_reason(status: &Value, at: usize, of: usize) -> String {
    let ended = status.at(&["state", "terminated"]);
    if !ended.is_null() {
        return end_reason(ended);
    }
    match status.str_at(&["state", "waiting", "reason"]) {
        "" | "PodInitializing" => format!("{at}/{of}"),
        reason => reason.to_owned(),
    }
}

fn end_reason(ended: &Value) -> String {
    match (ended.str_at(&["reason"]), int(ended, &["signal"])) {
        ("", 0) => format!("ExitCode:{}", int(ended, &["exitCode"])),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}
