//! PriorityClass: a name for a priority.

use api::{Value, field};

use crate::kind::{Generation, Kind, default_member};
use crate::{Cursor, equal};

/// The highest priority users may define; those above are the system's.
const HIGHEST: i64 = 1_000_000_000;
const SYSTEM: &str = "system-";
const POLICIES: [&str; 2] = ["PreemptLowerPriority", "Never"];

/// The classes of the system and their values.
const SYSTEM_CLASSES: [(&str, i64); 2] =
    [("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)];

pub(crate) static PRIORITY_CLASS: Kind = Kind {
    generation: Generation::First,
    default: |class, _| default_member(class.make_object(), "preemptionPolicy", "PreemptLowerPriority"),
    validate: |class, _, errors| validate(class, errors),
    validate_update: |new, old, _, errors| {
        let value = |class: &Value| class.at(&["value"]).as_i64().unwrap_or(0);
        if value(new) != value(old) {
            errors.forbidden(&field::Path::new("value"), "may not be changed in an update.");
        }
        let policy = Cursor::at("preemptionPolicy", new.at(&["preemptionPolicy"]));
        equal::immutable(&policy, old.at(&["preemptionPolicy"]), errors);
    },
    ..Kind::PLAIN
};

fn validate(class: &Value, errors: &mut field::Errors) {
    let root = Cursor::root(class);
    let name = class.str_at(&["metadata", "name"]);
    if name.starts_with(SYSTEM) {
        if let Some(why) = system_fault(&root, name) {
            let why = format!(
                "priority class names with '{SYSTEM}' prefix are reserved for system use only. error: {why}"
            );
            errors.forbidden(&field::Path::new("metadata.name"), why);
        }
    } else if root.child("value").int() > HIGHEST {
        let why = format!("maximum allowed value of a user defined priority is {HIGHEST}");
        root.child("value").forbidden(errors, &why);
    }
    let policy = root.child("preemptionPolicy");
    if policy.is_set() && policy.str().is_empty() {
        policy.required(errors, "");
    } else if policy.is_set() {
        policy.one_of(errors, &POLICIES);
    }
}

fn system_fault(class: &Cursor, name: &str) -> Option<String> {
    let Some((_, value)) = SYSTEM_CLASSES.iter().find(|(known, _)| *known == name) else {
        return Some(format!("{name} is not a known system priority class"));
    };
    if class.child("value").int() != *value {
        return Some(format!("value of {name} PriorityClass must be {value}"));
    }
    class.flag("globalDefault").then(|| format!("globalDefault of {name} PriorityClass must be false"))
}
