use super::*;
use api::object;

fn context(subresource: &str) -> Context<'_> {
    Context { namespace: "default", subresource, ..Context::default() }
}

fn pod(image: &str) -> Value {
    let mut pod = object! {
        "metadata" => object! { "name" => "p", "labels" => object! { "app" => "x" } },
        "spec" => object! { "containers" => vec![object! { "name" => "c", "image" => image }] },
    };
    Pod.default(&mut pod, "v1");
    pod
}

#[test]
fn a_new_pod_is_pending() {
    let mut new = pod("a");
    new.set_at(&["status", "phase"], "Running");
    Pod.prepare_create(&mut new, &context(""));
    assert_eq!(new.at(&["status"]), &object! { "phase" => "Pending", "qosClass" => "BestEffort" });
    assert_eq!(new.at(&["metadata", "generation"]), &Value::Int(1));
}

#[test]
fn gates_and_label_keys() {
    let mut new = pod("a");
    new.set_at(&["spec", "schedulingGates"], vec![object! { "name" => "g" }]);
    let constraint = object! { "matchLabelKeys" => vec!["app", "none"], "labelSelector" => object! {} };
    new.set_at(&["spec", "topologySpreadConstraints"], vec![constraint]);
    Pod.prepare_create(&mut new, &context(""));
    let Some(condition) = new.array_at(&["status", "conditions"]).first() else { panic!("no condition") };
    assert_eq!(condition.str_at(&["reason"]), "SchedulingGated");
    let Some(constraint) = new.array_at(&["spec", "topologySpreadConstraints"]).first() else {
        panic!("none")
    };
    let expression = object! { "key" => "app", "operator" => "In", "values" => vec!["x"] };
    assert_eq!(constraint.array_at(&["labelSelector", "matchExpressions"]), [expression]);
}

#[test]
fn an_app_armor_annotation_becomes_a_field() {
    let mut new = pod("a");
    new.set_at(
        &["metadata", "annotations", "container.apparmor.security.beta.kubernetes.io/c"],
        "localhost/p",
    );
    Pod.prepare_create(&mut new, &context(""));
    let Some(container) = new.array_at(&["spec", "containers"]).first() else { panic!("no container") };
    let profile = object! { "type" => "Localhost", "localhostProfile" => "p" };
    assert_eq!(container.at(&["securityContext", "appArmorProfile"]), &profile);
    let warnings = Pod.warnings(&new, None, &context(""));
    assert_eq!(
        warnings,
        [
            "metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the \
             \"appArmorProfile\" field instead"
        ]
    );
}

#[test]
fn each_subresource_changes_its_part() {
    let mut old = pod("a");
    Pod.prepare_create(&mut old, &context(""));
    let mut changed = old.clone();
    let container = object! { "name" => "c", "image" => "b", "resources" => object! { "limits" => object! { "cpu" => "1" } } };
    changed.set_at(&["spec", "containers"], vec![container]);
    changed.set_at(&["spec", "ephemeralContainers"], vec![object! { "name" => "e" }]);
    changed.set_at(&["status", "phase"], "Running");
    let update = |subresource: &str| {
        let mut new = changed.clone();
        Pod.prepare_update(&mut new, &old, &context(subresource));
        let container = new.array_at(&["spec", "containers"]).first().cloned().unwrap_or_default();
        (
            container.str_at(&["image"]).to_owned(),
            !container.at(&["resources", "limits"]).is_null(),
            new.array_at(&["spec", "ephemeralContainers"]).len(),
            new.str_at(&["status", "phase"]).to_owned(),
            new.at(&["metadata", "generation"]).as_i64(),
        )
    };
    assert_eq!(update(""), ("b".into(), true, 1, "Pending".into(), Some(2)));
    assert_eq!(update("status"), ("a".into(), false, 0, "Running".into(), Some(1)));
    assert_eq!(update("ephemeralcontainers"), ("a".into(), false, 1, "Pending".into(), Some(2)));
    assert_eq!(update("resize"), ("a".into(), true, 0, "Pending".into(), Some(2)));
}

#[test]
fn conditions_keep_their_generation() {
    let mut old = pod("a");
    let condition = |generation: i64| object! { "type" => "Ready", "observedGeneration" => generation };
    old.set_at(
        &["status"],
        object! { "observedGeneration" => 4, "conditions" => vec![condition(4), condition(3)] },
    );
    let mut new = old.clone();
    let bare = object! { "type" => "Ready" };
    new.set_at(&["status"], object! { "conditions" => vec![bare.clone(), bare] });
    Pod.prepare_update(&mut new, &old, &context("status"));
    assert_eq!(new.array_at(&["status", "conditions"]), [condition(4), condition(3)]);
    assert_eq!(new.at(&["status", "observedGeneration"]), &Value::Int(4));
}

#[test]
fn grace_depends_on_what_runs() {
    let mut running = pod("a");
    assert_eq!(Pod.grace_period(&running, Some(5)), Some(0));
    running.set_at(&["spec", "nodeName"], "n");
    assert_eq!(Pod.grace_period(&running, None), Some(30));
    assert_eq!(Pod.grace_period(&running, Some(5)), Some(5));
    assert_eq!(Pod.grace_period(&running, Some(-5)), Some(1));
    running.set_at(&["status", "phase"], "Succeeded");
    assert_eq!(Pod.grace_period(&running, Some(5)), Some(0));
}
