//! Replication controllers and the `apps` group.

use api::{GroupResource, Value};

use super::format::{age, containers, int, labels, name, selector};
use super::sheet::{AGE, CONTAINERS, IMAGES, NAME, Sheet, core_message, field, integer, string, text, wide};

/// The sheet of a kind of this file.
pub fn sheet(kind: &str) -> Option<&'static Sheet> {
    match kind {
        "ControllerRevision" => Some(&CONTROLLER_REVISION),
        "DaemonSet" => Some(&DAEMON_SET),
        "Deployment" => Some(&DEPLOYMENT),
        "ReplicaSet" => Some(&REPLICA_SET),
        "ReplicationController" => Some(&REPLICATION_CONTROLLER),
        "StatefulSet" => Some(&STATEFUL_SET),
        _ => None,
    }
}

macro_rules! apps {
    ($name:literal) => {
        concat!("io.k8s.api.apps.v1.", $name)
    };
}

static REPLICATION_CONTROLLER: Sheet = Sheet {
    columns: &[
        NAME,
        integer("Desired", field(core_message!("ReplicationControllerSpec"), "replicas")),
        integer("Current", field(core_message!("ReplicationControllerStatus"), "replicas")),
        integer("Ready", field(core_message!("ReplicationControllerStatus"), "readyReplicas")),
        AGE,
        CONTAINERS,
        IMAGES,
        wide("Selector", field(core_message!("ReplicationControllerSpec"), "selector")),
    ],
    cells: |o, now| replicas(o, now, labels(o.at(&["spec", "selector"]))),
    ..Sheet::BARE
};

static REPLICA_SET: Sheet = Sheet {
    columns: &[
        NAME,
        integer("Desired", field(apps!("ReplicaSetSpec"), "replicas")),
        integer("Current", field(apps!("ReplicaSetStatus"), "replicas")),
        integer("Ready", field(apps!("ReplicaSetStatus"), "readyReplicas")),
        AGE,
        CONTAINERS,
        IMAGES,
        wide("Selector", field(apps!("ReplicaSetSpec"), "selector")),
    ],
    cells: |o, now| replicas(o, now, selector(o.at(&["spec", "selector"]))),
    ..Sheet::BARE
};

fn replicas(o: &Value, now: i64, selector: String) -> Vec<Value> {
    let [names, images] = template_containers(o);
    vec![
        name(o),
        int(o, &["spec", "replicas"]).into(),
        int(o, &["status", "replicas"]).into(),
        int(o, &["status", "readyReplicas"]).into(),
        age(o, now),
        names,
        images,
        selector.into(),
    ]
}

fn template_containers(o: &Value) -> [Value; 2] {
    containers(o.at(&["spec", "template", "spec"]))
}

static DAEMON_SET: Sheet = Sheet {
    columns: &[
        NAME,
        integer("Desired", field(apps!("DaemonSetStatus"), "desiredNumberScheduled")),
        integer("Current", field(apps!("DaemonSetStatus"), "currentNumberScheduled")),
        integer("Ready", field(apps!("DaemonSetStatus"), "numberReady")),
        integer("Up-to-date", field(apps!("DaemonSetStatus"), "updatedNumberScheduled")),
        integer("Available", field(apps!("DaemonSetStatus"), "numberAvailable")),
        string("Node Selector", field(core_message!("PodSpec"), "nodeSelector")),
        AGE,
        CONTAINERS,
        IMAGES,
        wide("Selector", field(apps!("DaemonSetSpec"), "selector")),
    ],
    cells: |o, now| {
        let [names, images] = template_containers(o);
        let status = |member| Value::from(int(o, &["status", member]));
        vec![
            name(o),
            status("desiredNumberScheduled"),
            status("currentNumberScheduled"),
            status("numberReady"),
            status("updatedNumberScheduled"),
            status("numberAvailable"),
            labels(o.at(&["spec", "template", "spec", "nodeSelector"])).into(),
            age(o, now),
            names,
            images,
            selector(o.at(&["spec", "selector"])).into(),
        ]
    },
    ..Sheet::BARE
};

static DEPLOYMENT: Sheet = Sheet {
    columns: &[
        NAME,
        string("Ready", text("Ready pods out of the wanted ones.")),
        string("Up-to-date", field(apps!("DeploymentStatus"), "updatedReplicas")),
        string("Available", field(apps!("DeploymentStatus"), "availableReplicas")),
        AGE,
        CONTAINERS,
        IMAGES,
        wide("Selector", field(apps!("DeploymentSpec"), "selector")),
    ],
    cells: |o, now| {
        let [names, images] = template_containers(o);
        vec![
            name(o),
            ready_of_wanted(o),
            int(o, &["status", "updatedReplicas"]).into(),
            int(o, &["status", "availableReplicas"]).into(),
            age(o, now),
            names,
            images,
            deployment_selector(o).into(),
        ]
    },
    ..Sheet::BARE
};

/// Unlike the other kinds, an empty selector is shown as nothing.
fn deployment_selector(o: &Value) -> String {
    match selector(o.at(&["spec", "selector"])) {
        none if none == "<none>" => String::new(),
        error if error == "<error>" => "<invalid>".to_owned(),
        text => text,
    }
}

static STATEFUL_SET: Sheet = Sheet {
    columns: &[NAME, string("Ready", text("Ready pods out of the wanted ones.")), AGE, CONTAINERS, IMAGES],
    cells: |o, now| {
        let [names, images] = template_containers(o);
        vec![name(o), ready_of_wanted(o), age(o, now), names, images]
    },
    ..Sheet::BARE
};

fn ready_of_wanted(o: &Value) -> Value {
    format!("{}/{}", int(o, &["status", "readyReplicas"]), int(o, &["spec", "replicas"])).into()
}

static CONTROLLER_REVISION: Sheet = Sheet {
    columns: &[
        NAME,
        string("Controller", text("What controls this revision.")),
        string("Revision", field(apps!("ControllerRevision"), "revision")),
        AGE,
    ],
    cells: |o, now| vec![name(o), controller(o).into(), int(o, &["revision"]).into(), age(o, now)],
    ..Sheet::BARE
};

/// The controlling owner as `kind.group/name`.
fn controller(o: &Value) -> String {
    let owners = o.array_at(&["metadata", "ownerReferences"]);
    let Some(owner) = owners.iter().find(|r| r.at(&["controller"]).as_bool() == Some(true)) else {
        return "<none>".to_owned();
    };
    let group = owner.str_at(&["apiVersion"]).split_once('/').map_or("", |(group, _)| group);
    let kind = GroupResource::new(group, owner.str_at(&["kind"])).to_string().to_lowercase();
    format!("{kind}/{}", owner.str_at(&["name"]))
}
