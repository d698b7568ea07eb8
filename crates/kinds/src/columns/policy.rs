//! Disruption budgets and priority classes.

use api::Value;

use super::format::{age, bool, int, name};
use super::sheet::{AGE, NAME, Sheet, boolean, field, integer, string, text};

/// The sheet of a kind of this file.
pub fn sheet(kind: &str) -> Option<&'static Sheet> {
    match kind {
        "PodDisruptionBudget" => Some(&POD_DISRUPTION_BUDGET),
        "PriorityClass" => Some(&PRIORITY_CLASS),
        _ => None,
    }
}

const PRIORITY_CLASS_MESSAGE: &str = "io.k8s.api.scheduling.v1.PriorityClass";

static POD_DISRUPTION_BUDGET: Sheet = Sheet {
    columns: &[
        NAME,
        string("Min Available", text("How many pods must stay.")),
        string("Max Unavailable", text("How many pods may be gone.")),
        integer("Allowed Disruptions", text("How many pods may be disrupted now.")),
        AGE,
    ],
    cells: |o, now| {
        vec![
            name(o),
            number_or_percent(o.at(&["spec", "minAvailable"])).into(),
            number_or_percent(o.at(&["spec", "maxUnavailable"])).into(),
            int(o, &["status", "disruptionsAllowed"]).into(),
            age(o, now),
        ]
    },
    ..Sheet::BARE
};

fn number_or_percent(value: &Value) -> String {
    match value {
        Value::Int(number) => number.to_string(),
        Value::String(text) => text.to_string(),
        _ => "N/A".to_owned(),
    }
}

static PRIORITY_CLASS: Sheet = Sheet {
    columns: &[
        NAME,
        integer("Value", field(PRIORITY_CLASS_MESSAGE, "value")),
        boolean("Global-Default", field(PRIORITY_CLASS_MESSAGE, "globalDefault")),
        AGE,
        string("PreemptionPolicy", field(PRIORITY_CLASS_MESSAGE, "preemptionPolicy")),
    ],
    cells: |o, now| {
        vec![
            name(o),
            int(o, &["value"]).into(),
            bool(o, &["globalDefault"]).into(),
            age(o, now),
            o.str_at(&["preemptionPolicy"]).into(),
        ]
    },
    ..Sheet::BARE
};
