//! The defaults of pod specs, wherever they stand: pods, pod templates of workloads.
//!
//! Entry points: [`pod_spec`] for any pod spec, [`pod_template`] for templates, [`pod`] for what pods alone get.  The
//! plain `+default` markers of the API are the catalogue's; here is what takes a decision.

use api::quantity::Quantity;
use api::{Map, Value};

use super::{CONTAINER_LISTS, image, resources};
use crate::edit::{member_mut, objects_mut};
use crate::kind::{default_member, default_number, default_text};

/// File mode of volumes made of API objects: 0644.
const FILE_MODE: i64 = 0o644;

/// Annotations of the time before init containers had a field; dropped wherever a pod is written.
const OLD_INIT_ANNOTATIONS: [&str; 4] = [
    "pod.beta.kubernetes.io/init-containers",
    "pod.alpha.kubernetes.io/init-containers",
    "pod.beta.kubernetes.io/init-container-statuses",
    "pod.alpha.kubernetes.io/init-container-statuses",
];

/// Fills a pod template (`metadata` and `spec`).
pub fn pod_template(template: &mut Value) {
    drop_old_annotations(template);
    pod_spec(template.object_at_mut(&["spec"]));
}

/// Fills what only pods get, not the templates they are made from; runs before [`pod_spec`].
pub fn pod(object: &mut Value) {
    drop_old_annotations(object);
    for list in ["containers", "initContainers"] {
        objects_mut(object, &["spec", list]).for_each(requests_from_limits);
    }
    let spec = object.object_at_mut(&["spec"]);
    resources::fill_pod_level(spec);
    default_member(spec, "enableServiceLinks", true);
    if spec.get("hostNetwork").and_then(Value::as_bool) == Some(true) {
        host_ports(spec);
    }
    if spec.get("terminationGracePeriodSeconds").and_then(Value::as_i64).is_some_and(|n| n < 0) {
        spec.insert("terminationGracePeriodSeconds", 1.into());
    }
}

fn drop_old_annotations(object: &mut Value) {
    if let Some(map) =
        object.get_mut("metadata").and_then(|m| m.get_mut("annotations")).and_then(Value::as_object_mut)
        && OLD_INIT_ANNOTATIONS.iter().any(|key| map.contains_key(key))
    {
        map.retain(|key, _| !OLD_INIT_ANNOTATIONS.contains(&key));
    }
}

/// A limit without a request is the request, too.
fn requests_from_limits(container: &mut Value) {
    let Some(resources) = container.get_mut("resources").and_then(Value::as_object_mut) else { return };
    let Some(limits) = resources.get("limits").and_then(Value::as_object).cloned() else { return };
    let requests = resources.entry("requests").make_object();
    for (name, limit) in limits {
        default_member(requests, &name, limit);
    }
}

/// On the host's network a container port is the host port.
fn host_ports(spec: &mut Map) {
    for list in ["containers", "initContainers"] {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for port in containers.flat_map(|container| objects_mut(container, &["ports"])) {
            let number = port.at(&["containerPort"]).as_i64().unwrap_or(0);
            default_number(port.make_object(), "hostPort", number);
        }
    }
}

/// Fills a pod spec.
pub fn pod_spec(spec: &mut Map) {
    default_text(spec, "dnsPolicy", "ClusterFirst");
    default_text(spec, "restartPolicy", "Always");
    default_member(spec, "securityContext", Value::object());
    default_member(spec, "terminationGracePeriodSeconds", 30);
    default_text(spec, "schedulerName", "default-scheduler");
    same_service_account(spec);
    for volume in spec.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten() {
        self::volume(volume.make_object());
    }
    for list in CONTAINER_LISTS {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            self::container(container.make_object());
        }
    }
    round(spec.get_mut("overhead"));
    if let Some(resources) = member_mut(spec, "resources") {
        round_requirements(resources);
    }
}

/// The old field `serviceAccount` and `serviceAccountName` say the same; the newer one wins.
fn same_service_account(spec: &mut Map) {
    let text = |spec: &Map, name: &str| spec.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
    let name = match text(spec, "serviceAccountName") {
        name if name.is_empty() => text(spec, "serviceAccount"),
        name => name,
    };
    if !name.is_empty() {
        spec.insert("serviceAccountName", name.as_str().into());
        spec.insert("serviceAccount", name.into());
    }
}

fn volume(volume: &mut Map) {
    // Everything but the name is a source; a volume without one is an empty directory.
    if volume.iter().all(|(key, value)| key == "name" || value.is_null()) {
        volume.insert("emptyDir", Value::object());
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = member_mut(volume, source) {
            default_member(source, "defaultMode", FILE_MODE);
        }
    }
    if let Some(source) = member_mut(volume, "hostPath") {
        default_member(source, "type", "");
    }
    if let Some(source) = member_mut(volume, "image") {
        fill_pull_policy(source, "reference", "pullPolicy");
    }
    if let Some(source) = volume.get_mut("downwardAPI") {
        objects_mut(source, &["items"]).for_each(field_reference);
    }
    if let Some(source) = volume.get_mut("projected") {
        objects_mut(source, &["sources"]).for_each(projection);
    }
    if let Some(spec) = volume
        .get_mut("ephemeral")
        .and_then(|e| e.get_mut("volumeClaimTemplate"))
        .and_then(|t| t.as_object_mut())
        .map(|t| t.entry("spec").make_object())
    {
        claim_spec(spec);
    }
}

fn projection(source: &mut Value) {
    objects_mut(source, &["downwardAPI", "items"]).for_each(field_reference);
    if let Some(token) = source.get_mut("serviceAccountToken").and_then(Value::as_object_mut) {
        default_member(token, "expirationSeconds", 3600);
    }
}

/// `fieldRef` names a field of version `v1` unless it says otherwise.
fn field_reference(holder: &mut Value) {
    if let Some(reference) = holder.get_mut("fieldRef").and_then(Value::as_object_mut) {
        default_text(reference, "apiVersion", "v1");
    }
}

/// Fills the spec of a volume claim.
pub fn claim_spec(spec: &mut Map) {
    default_member(spec, "volumeMode", "Filesystem");
    if let Some(resources) = member_mut(spec, "resources") {
        round_requirements(resources);
    }
}

fn container(container: &mut Map) {
    fill_pull_policy(container, "image", "imagePullPolicy");
    default_text(container, "terminationMessagePath", "/dev/termination-log");
    default_text(container, "terminationMessagePolicy", "File");
    for variable in container.get_mut("env").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(source) = variable.get_mut("valueFrom") {
            field_reference(source);
        }
    }
    if let Some(resources) = member_mut(container, "resources") {
        round_requirements(resources);
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = member_mut(container, name) {
            self::probe(probe);
        }
    }
    if let Some(lifecycle) = member_mut(container, "lifecycle") {
        for hook in ["postStart", "preStop"] {
            if let Some(get) = member_mut(lifecycle, hook).and_then(|hook| member_mut(hook, "httpGet")) {
                http_get(get);
            }
        }
    }
}

/// The newest image is pulled always, others when they are not present.
fn fill_pull_policy(map: &mut Map, image: &str, policy: &str) {
    let latest = image::pulls_latest(map.get(image).and_then(Value::as_str).unwrap_or(""));
    default_text(map, policy, if latest { "Always" } else { "IfNotPresent" });
}

fn probe(probe: &mut Map) {
    for (name, number) in
        [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
    {
        default_number(probe, name, number);
    }
    if let Some(get) = member_mut(probe, "httpGet") {
        http_get(get);
    }
}

fn http_get(get: &mut Map) {
    default_text(get, "path", "/");
    default_text(get, "scheme", "HTTP");
}

/// Rounds limits and requests to thousandths.
pub fn round_requirements(resources: &mut Map) {
    round(resources.get_mut("limits"));
    round(resources.get_mut("requests"));
}

/// Rounds the amounts of a resource list up to thousandths.
pub fn round(list: Option<&mut Value>) {
    for (_, amount) in list.and_then(Value::as_object_mut).into_iter().flat_map(Map::iter_mut) {
        // Others cannot stand for less than a thousandth.
        let Some(text) = amount.as_str().filter(|text| text.contains(['n', 'u', '.', '-'])) else { continue };
        if let Ok(mut quantity) = Quantity::parse(text) {
            quantity.round_up(-3);
            *amount = quantity.canonical().into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    #[test]
    fn a_bare_pod_spec() {
        let mut pod = object! { "spec" => object! { "containers" => vec![object! { "name" => "a", "image" => "nginx:1" }] } };
        super::pod(&mut pod);
        pod_spec(pod.object_at_mut(&["spec"]));
        let container = object! {
            "name" => "a", "image" => "nginx:1", "imagePullPolicy" => "IfNotPresent",
            "terminationMessagePath" => "/dev/termination-log", "terminationMessagePolicy" => "File",
        };
        let want = object! {
            "containers" => vec![container], "enableServiceLinks" => true, "dnsPolicy" => "ClusterFirst",
            "restartPolicy" => "Always", "securityContext" => object! {}, "terminationGracePeriodSeconds" => 30,
            "schedulerName" => "default-scheduler",
        };
        assert_eq!(pod.at(&["spec"]), &want);
        let once = pod.clone();
        super::pod(&mut pod);
        pod_spec(pod.object_at_mut(&["spec"]));
        assert_eq!(pod, once);
    }

    #[test]
    fn limits_host_ports_and_old_annotations() {
        let limits = object! { "cpu" => "1", "memory" => "100u" };
        let container = object! {
            "resources" => object! { "limits" => limits, "requests" => object! { "cpu" => "0.5" } },
            "ports" => vec![object! { "containerPort" => 80 }],
        };
        let mut pod = object! {
            "metadata" => object! { "annotations" => object! { "pod.beta.kubernetes.io/init-containers" => "[]", "x" => "y" } },
            "spec" => object! { "hostNetwork" => true, "containers" => vec![container], "serviceAccount" => "sa",
                "terminationGracePeriodSeconds" => -5 },
        };
        super::pod(&mut pod);
        pod_spec(pod.object_at_mut(&["spec"]));
        assert_eq!(pod.at(&["metadata", "annotations"]), &object! { "x" => "y" });
        let Some(container) = pod.array_at(&["spec", "containers"]).first() else { panic!("no container") };
        assert_eq!(container.at(&["resources", "requests"]), &object! { "cpu" => "500m", "memory" => "1m" });
        assert_eq!(container.array_at(&["ports"]), [object! { "containerPort" => 80, "hostPort" => 80 }]);
        assert_eq!(pod.str_at(&["spec", "serviceAccountName"]), "sa");
        assert_eq!(pod.at(&["spec", "terminationGracePeriodSeconds"]), &Value::Int(1));
    }

    #[test]
    fn volumes() {
        let mut spec = object! { "volumes" => vec![
            object! { "name" => "empty" },
            object! { "name" => "s", "secret" => object! {} },
            object! { "name" => "h", "hostPath" => object! { "path" => "/" } },
            object! { "name" => "i", "image" => object! { "reference" => "a" } },
            object! { "name" => "p", "projected" => object! { "sources" => vec![object! { "serviceAccountToken" => object! {} }] } },
        ] };
        pod_spec(spec.make_object());
        let want = vec![
            object! { "name" => "empty", "emptyDir" => object! {} },
            object! { "name" => "s", "secret" => object! { "defaultMode" => 420 } },
            object! { "name" => "h", "hostPath" => object! { "path" => "/", "type" => "" } },
            object! { "name" => "i", "image" => object! { "reference" => "a", "pullPolicy" => "Always" } },
            object! { "name" => "p", "projected" => object! {
                "sources" => vec![object! { "serviceAccountToken" => object! { "expirationSeconds" => 3600 } }],
                "defaultMode" => 420,
            } },
        ];
        assert_eq!(spec.array_at(&["volumes"]), want);
    }
}
