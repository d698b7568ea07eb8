//! Resource claims of a pod (KEP-4381).

use std::collections::BTreeSet;

use api::field::{Errors, Path};

use super::{Facts, annotations};
use crate::{Cursor, names};

/// All failures of `resourceClaims`.
pub(super) fn all(claims: &Cursor, facts: &Facts, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for claim in claims.items() {
        if facts.metadata.is_some_and(|meta| meta.at(&["annotations"]).get(annotations::MIRROR).is_some()) {
            errors.forbidden(&Path::new(super::NOWHERE), "static pods do not support resource claims");
            continue;
        }
        let name = claim.child("name");
        if name.is_empty() {
            name.required(errors, "");
        } else if !seen.insert(name.str()) {
            name.duplicate(errors);
        } else {
            name.faults(errors, &names::dns1123_label(name.str()));
        }
        source(&claim, errors);
    }
}

fn source(claim: &Cursor, errors: &mut Errors) {
    let sources = [claim.child("resourceClaimName"), claim.child("resourceClaimTemplateName")];
    match sources.iter().filter(|source| source.is_set()).count() {
        2 => claim.invalid(
            errors,
            "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
        ),
        0 => claim.invalid(errors, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"),
        _ => {}
    }
    for source in sources.iter().filter(|source| source.is_set()) {
        source.faults(errors, &names::dns1123_subdomain(source.str()));
    }
}
