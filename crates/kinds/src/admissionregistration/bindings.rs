//! ValidatingAdmissionPolicyBinding and MutatingAdmissionPolicyBinding: where a policy holds and with which parameters.

use crate::kind::{Generation, Kind};

use super::{default_match, static_suffix_warning};

pub(crate) static VALIDATING: Kind = BINDING;

pub(crate) static MUTATING: Kind = BINDING;

const BINDING: Kind = Kind {
    knows_finalizers: false,
    unconditional_update: false,
    generation: Generation::Of(&["spec"]),
    default: |binding, _| {
        default_match(binding.get_mut("spec").and_then(|spec| spec.get_mut("matchResources")));
    },
    warnings: |binding, _, _| static_suffix_warning(binding),
    ..Kind::PLAIN
};
