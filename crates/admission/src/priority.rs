//! `Priority`: a pod gets the number behind its priority class; at most one class is the default.

use api::{ApiError, Value};

use crate::{Attributes, Operation, Plugin, World};

const GROUP: &str = "scheduling.k8s.io";
const RESOURCE: &str = "priorityclasses";

#[derive(Debug)]
pub(crate) struct Priority;

impl Plugin for Priority {
    fn mutate(
        &self,
        attributes: &Attributes<'_>,
        object: &mut Value,
        old: Option<&Value>,
        world: &dyn World,
    ) -> Result<(), ApiError> {
        if !attributes.is("", "pods", "") {
            return Ok(());
        }
        match (attributes.operation, old) {
            (Operation::Create, _) => resolve(attributes, object, world),
            (Operation::Update, Some(old)) => {
                keep(object, old);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn validate(
        &self,
        attributes: &Attributes<'_>,
        object: Option<&Value>,
        _old: Option<&Value>,
        world: &dyn World,
    ) -> Result<(), ApiError> {
        let writes = matches!(attributes.operation, Operation::Create | Operation::Update);
        let Some(class) = object.filter(|_| writes && attributes.is(GROUP, RESOURCE, "")) else {
            return Ok(());
        };
        if class.at(&["globalDefault"]).as_bool() != Some(true) {
            return Ok(());
        }
        let name = class.str_at(&["metadata", "name"]);
        match default_class(world) {
            Some(other) if other.str_at(&["metadata", "name"]) != name => {
                let other = other.str_at(&["metadata", "name"]).to_owned();
                let why = format!(
                    "PriorityClass {other} is already marked as globalDefault. Only one default can exist"
                );
                Err(attributes.forbidden(why))
            }
            _ => Ok(()),
        }
    }
}

/// An update that leaves the number out keeps it.
fn keep(object: &mut Value, old: &Value) {
    for member in ["priority", "preemptionPolicy"] {
        let before = old.at(&["spec", member]);
        if object.at(&["spec", member]).is_null() && !before.is_null() {
            object.set_at(&["spec", member], before.clone());
        }
    }
}

fn resolve(attributes: &Attributes<'_>, pod: &mut Value, world: &dyn World) -> Result<(), ApiError> {
    let name = pod.str_at(&["spec", "priorityClassName"]).to_owned();
    let class = if name.is_empty() {
        default_class(world)
    } else {
        let class = world.get(GROUP, RESOURCE, "", &name);
        let why = || attributes.forbidden(format!("no PriorityClass with name {name} was found"));
        Some(class.ok_or_else(why)?)
    };
    let value = class.as_ref().and_then(|c| c.at(&["value"]).as_i64()).unwrap_or(0);
    let policy = class.as_ref().map_or("", |c| c.str_at(&["preemptionPolicy"]));
    let policy = if policy.is_empty() { "PreemptLowerPriority" } else { policy };
    if name.is_empty()
        && let Some(class) = &class
    {
        pod.set_at(&["spec", "priorityClassName"], class.str_at(&["metadata", "name"]));
    }
    if let Some(given) = pod.at(&["spec", "priority"]).as_i64().filter(|given| *given != value) {
        return Err(attributes.forbidden(format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller \
             computed {value} from the given PriorityClass name"
        )));
    }
    pod.set_at(&["spec", "priority"], value);
    let given = pod.str_at(&["spec", "preemptionPolicy"]);
    if !given.is_empty() && given != policy {
        return Err(attributes.forbidden(format!(
            "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority admission \
             controller computed {policy} from the given PriorityClass name"
        )));
    }
    pod.set_at(&["spec", "preemptionPolicy"], policy);
    Ok(())
}

/// The class for pods that name none; of several the one with the lowest value.
fn default_class(world: &dyn World) -> Option<Value> {
    let classes = world.list(GROUP, RESOURCE, "").into_iter();
    let defaults = classes.filter(|c| c.at(&["globalDefault"]).as_bool() == Some(true));
    defaults.min_by_key(|c| c.at(&["value"]).as_i64().unwrap_or(0))
}
