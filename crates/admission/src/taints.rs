//! `TaintNodesByCondition`: a new node is not ready until somebody says so.

use api::{ApiError, Value, object};

use crate::{Attributes, Operation, Plugin, World};

const NOT_READY: &str = "node.kubernetes.io/not-ready";

#[derive(Debug)]
pub(crate) struct TaintNodesByCondition;

impl Plugin for TaintNodesByCondition {
    fn mutate(
        &self,
        attributes: &Attributes<'_>,
        object: &mut Value,
        _old: Option<&Value>,
        _world: &dyn World,
    ) -> Result<(), ApiError> {
        if attributes.operation != Operation::Create || !attributes.is("", "nodes", "") {
            return Ok(());
        }
        let mut taints = object.array_at(&["spec", "taints"]).to_vec();
        let is_it = |t: &Value| t.str_at(&["key"]) == NOT_READY && t.str_at(&["effect"]) == "NoSchedule";
        if !taints.iter().any(is_it) {
            taints.push(object! { "key" => NOT_READY, "effect" => "NoSchedule" });
            object.set_at(&["spec", "taints"], taints);
        }
        Ok(())
    }
}
