//! IPAddress: one address in use, named after itself.

use api::{Value, field};

use super::not_empty_segment;
use crate::kind::Kind;
use crate::{Cursor, MetaCheck, NameRule, equal, names, net};

pub(crate) static IP_ADDRESS: Kind = Kind {
    name_rule: NameRule::Custom,
    name_faults: |name, _| net::ip_faults(name),
    update_checks: &[MetaCheck::New, MetaCheck::Change],
    validate: |address, _, errors| validate(address, errors),
    validate_update: |new, old, _, errors| {
        validate(new, errors);
        let parent = Cursor::at("spec.parentRef", new.at(&["spec", "parentRef"]));
        equal::immutable(&parent, old.at(&["spec", "parentRef"]), errors);
    },
    ..Kind::PLAIN
};

fn validate(address: &Value, errors: &mut field::Errors) {
    let parent = Cursor::at("spec.parentRef", address.at(&["spec", "parentRef"]));
    if !parent.is_set() {
        return parent.required(errors, "");
    }
    let (group, namespace) = (parent.child("group"), parent.child("namespace"));
    if !group.str().is_empty() {
        group.faults(errors, &names::dns1123_subdomain(group.str()));
    }
    not_empty_segment(&parent.child("resource"), errors);
    not_empty_segment(&parent.child("name"), errors);
    if !namespace.str().is_empty() {
        namespace.faults(errors, &names::path_segment(namespace.str(), false));
    }
}
