//! ResourceClaimTemplate: the ResourceClaim that a pod gets.

use crate::kind::Kind;

use super::claim::default_requests;

pub(crate) static RESOURCE_CLAIM_TEMPLATE: Kind = Kind {
    default: |template, _| {
        if let Some(spec) = template.get_mut("spec").and_then(|outer| outer.get_mut("spec")) {
            default_requests(spec);
        }
    },
    ..Kind::PLAIN
};
