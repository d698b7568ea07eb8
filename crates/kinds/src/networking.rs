//! `networking.k8s.io`: what reaches pods, and which addresses Services may have.

use api::field;

use crate::{Cursor, names};

pub(crate) mod ingress;
pub(crate) mod ingress_class;
pub(crate) mod ip_address;
pub(crate) mod network_policy;
pub(crate) mod service_cidr;

/// The kind, resource or name in a reference.
fn not_empty_segment(text: &Cursor, errors: &mut field::Errors) {
    if text.str().is_empty() {
        text.required(errors, "");
    } else {
        text.faults(errors, &names::path_segment(text.str(), false));
    }
}

/// The API group in a reference.
fn optional_subdomain(text: &Cursor, errors: &mut field::Errors) {
    if text.is_set() {
        text.faults(errors, &names::dns1123_subdomain(text.str()));
    }
}
