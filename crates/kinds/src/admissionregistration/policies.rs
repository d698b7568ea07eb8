//! ValidatingAdmissionPolicy and MutatingAdmissionPolicy: admission by CEL expressions.

use api::Value;

use crate::kind::{Generation, Kind, Status, default_member};

use super::{default_match, static_suffix_warning};

pub(crate) static VALIDATING: Kind = Kind { status: Status::OwnWithoutMetadata, ..POLICY };

pub(crate) static MUTATING: Kind = POLICY;

const POLICY: Kind = Kind {
    knows_finalizers: false,
    unconditional_update: false,
    generation: Generation::Of(&["spec"]),
    default: default_policy,
    warnings: |policy, _, _| static_suffix_warning(policy),
    ..Kind::PLAIN
};

fn default_policy(policy: &mut Value, _version: &str) {
    let spec = policy.object_at_mut(&["spec"]);
    default_member(spec, "failurePolicy", "Fail");
    default_match(spec.get_mut("matchConstraints"));
}
