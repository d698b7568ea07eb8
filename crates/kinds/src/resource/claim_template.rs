//! ResourceClaimTemplate: the ResourceClaim that a pod gets.

use api::{Map, Value, field};

use crate::Cursor;
use crate::core::claim_spec::template_metadata;
use crate::kind::Kind;

use super::claim::{default_requests, keep_spec};
use super::requests;

pub(crate) static RESOURCE_CLAIM_TEMPLATE: Kind = Kind {
    default: |template, _| {
        if let Some(spec) = template.get_mut("spec").and_then(|outer| outer.get_mut("spec")) {
            default_requests(spec);
        }
    },
    validate: |template, _, errors| check(template, errors),
    validate_update: |new, old, _, errors| keep_spec(new, old, shown, errors),
    ..Kind::PLAIN
};

fn check(template: &Value, errors: &mut field::Errors) {
    let root = Cursor::root(template);
    let spec = root.child("spec");
    template_metadata(&spec.child("metadata"), errors);
    requests::check(&spec.child("spec"), errors);
}

/// Upstream shows the metadata among the members of the spec.
fn shown(spec: &Value) -> Value {
    let metadata = spec.at(&["metadata"]).as_object().into_iter().flat_map(Map::iter);
    let members = metadata.map(|(key, value)| (key, value.clone()));
    members.chain([("Spec", requests::shown(spec.at(&["spec"])))]).collect::<Map>().into()
}
