//! PodDisruptionBudget: how many pods may be away at once.

use api::{Value, field, object};

use crate::kind::Kind;
use crate::{Context, Cursor, conditions, percent, selectors};

const EVICTION_POLICIES: [&str; 2] = ["AlwaysAllow", "IfHealthyBudget"];

pub(crate) static POD_DISRUPTION_BUDGET: Kind = Kind {
    unconditional_update: false,
    checks_metadata: false,
    update_checks: &[],
    subresource_checks: &[],
    validate: |budget, _, errors| validate(budget, false, errors),
    validate_update: |new: &Value, old: &Value, cx: &Context, errors: &mut field::Errors| {
        if cx.subresource == "status" {
            return status(new, errors);
        }
        let mut before = field::Errors::new();
        selectors::label_selector(&Cursor::root(old).child("spec").child("selector"), false, &mut before);
        validate(new, !before.is_empty(), errors);
    },
    ..Kind::WITH_STATUS
};

fn validate(budget: &Value, lax: bool, errors: &mut field::Errors) {
    let spec = Cursor::at("spec", budget.at(&["spec"]));
    let (least, most) = (spec.child("minAvailable"), spec.child("maxUnavailable"));
    if least.is_set() && most.is_set() {
        spec.bad(errors, shown(spec.value()), "minAvailable and maxUnavailable cannot be both set");
    }
    for bound in [least, most].iter().filter(|bound| bound.is_set()) {
        percent::check(bound, errors);
        percent::check_at_most_all(bound, errors);
    }
    selectors::label_selector(&spec.child("selector"), lax, errors);
    let policy = spec.child("unhealthyPodEvictionPolicy");
    if policy.is_set() {
        policy.one_of(errors, &EVICTION_POLICIES);
    }
}

/// Upstream shows its internal structure here.
fn shown(spec: &Value) -> Value {
    object! {
        "MinAvailable" => spec.at(&["minAvailable"]).clone(), "Selector" => spec.at(&["selector"]).clone(),
        "MaxUnavailable" => spec.at(&["maxUnavailable"]).clone(),
        "UnhealthyPodEvictionPolicy" => spec.at(&["unhealthyPodEvictionPolicy"]).clone(),
    }
}

fn status(budget: &Value, errors: &mut field::Errors) {
    let status = Cursor::at("status", budget.at(&["status"]));
    conditions::validate(&status.child("conditions"), errors);
    for member in ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"] {
        status.child(member).not_negative(errors);
    }
}
