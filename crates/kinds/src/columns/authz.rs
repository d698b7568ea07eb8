//! Access rules.

use super::format::{age, name, or};
use super::sheet::{AGE, NAME, Sheet, field, string, text};

const SPEC: &str = "io.sumun.authz.v1alpha1.AccessRuleSpec";

/// The sheet of a kind of this file.
pub fn sheet(kind: &str) -> Option<&'static Sheet> {
    (kind == "AccessRule").then_some(&ACCESS_RULE)
}

static ACCESS_RULE: Sheet = Sheet {
    columns: &[
        NAME,
        string("Effect", field(SPEC, "effect")),
        string("Until", text("When it ends.")),
        string("Reason", field(SPEC, "reason")),
        AGE,
    ],
    cells: |o, now| {
        vec![
            name(o),
            o.str_at(&["spec", "effect"]).into(),
            or(o, &["spec", "notAfter"], "<none>").into(),
            o.str_at(&["spec", "reason"]).into(),
            age(o, now),
        ]
    },
    ..Sheet::BARE
};
