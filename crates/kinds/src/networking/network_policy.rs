//! NetworkPolicy: who may talk to pods and whom they may talk to.

use api::Value;

use crate::kind::{Generation, Kind, default_member};

pub(crate) static NETWORK_POLICY: Kind =
    Kind { generation: Generation::Of(&["spec"]), default: default_policy, ..Kind::PLAIN };

/// Directions of a policy: member of `spec`, name of its peers, name as a policy type.
pub(crate) const DIRECTIONS: [(&str, &str, &str); 2] =
    [("ingress", "from", "Ingress"), ("egress", "to", "Egress")];

fn default_policy(policy: &mut Value, _version: &str) {
    for (direction, ..) in DIRECTIONS {
        crate::kind::each(policy, &["spec", direction], |rule| {
            if let Some(ports) = rule.get_mut("ports").and_then(Value::as_array_mut) {
                ports.iter_mut().for_each(|port| default_member(port.make_object(), "protocol", "TCP"));
            }
        });
    }
    if policy.array_at(&["spec", "policyTypes"]).is_empty() {
        let egress = !policy.array_at(&["spec", "egress"]).is_empty();
        let types = if egress { vec!["Ingress", "Egress"] } else { vec!["Ingress"] };
        policy.set_at(&["spec", "policyTypes"], types);
    }
}
