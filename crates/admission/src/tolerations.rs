//! `DefaultTolerationSeconds`: a pod stays on a node that is not ready or not reachable for five minutes, unless it says
//! otherwise.

use api::{ApiError, Value, object};

use crate::{Attributes, Operation, Plugin, World};

/// How long, in seconds (upstream's `--default-not-ready-toleration-seconds`).
const SECONDS: i64 = 300;
const TAINTS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

#[derive(Debug)]
pub(crate) struct DefaultTolerationSeconds;

impl Plugin for DefaultTolerationSeconds {
    fn mutate(
        &self,
        attributes: &Attributes<'_>,
        object: &mut Value,
        _old: Option<&Value>,
        _world: &dyn World,
    ) -> Result<(), ApiError> {
        let writes = matches!(attributes.operation, Operation::Create | Operation::Update);
        if writes && attributes.is("", "pods", "") {
            add(object);
        }
        Ok(())
    }
}

fn add(pod: &mut Value) {
    let mut tolerations = pod.array_at(&["spec", "tolerations"]).to_vec();
    let before = tolerations.len();
    for taint in TAINTS {
        let covers = |t: &Value| {
            let key = t.str_at(&["key"]);
            (key == taint || key.is_empty()) && matches!(t.str_at(&["effect"]), "NoExecute" | "")
        };
        if !tolerations.iter().any(covers) {
            tolerations.push(object! {
                "key" => taint, "operator" => "Exists", "effect" => "NoExecute", "tolerationSeconds" => SECONDS,
            });
        }
    }
    if tolerations.len() > before {
        pod.set_at(&["spec", "tolerations"], tolerations);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(present: Vec<Value>) -> Vec<String> {
        let mut pod = object! { "spec" => object! { "tolerations" => present } };
        add(&mut pod);
        pod.array_at(&["spec", "tolerations"]).iter().map(|t| t.str_at(&["key"]).to_owned()).collect()
    }

    #[test]
    fn only_what_is_missing_is_added() {
        assert_eq!(keys(vec![]), TAINTS);
        assert_eq!(keys(vec![object! { "operator" => "Exists" }]), [""]);
        let own = object! { "key" => TAINTS[0], "effect" => "NoExecute", "operator" => "Exists" };
        assert_eq!(keys(vec![own]), TAINTS);
        let other = object! { "key" => TAINTS[0], "effect" => "NoSchedule", "operator" => "Exists" };
        assert_eq!(keys(vec![other]).len(), 3);
    }
}
