//! IngressClass: which controller implements an Ingress.

use api::{Value, field};

use super::{not_empty_segment, optional_subdomain};
use crate::kind::{Generation, Kind, default_member, inside};
use crate::{Cursor, MetaCheck, equal, names};

/// Longest name of a controller, in bytes.
const MAX_CONTROLLER: usize = 250;

pub(crate) static INGRESS_CLASS: Kind = Kind {
    generation: Generation::Of(&["spec"]),
    update_checks: &[MetaCheck::Change, MetaCheck::New],
    default: |class, _| {
        inside(class, &["spec", "parameters"], |parameters| default_member(parameters, "scope", "Cluster"));
    },
    validate: |class, _, errors| validate(class, errors),
    validate_update: |new, old, _, errors| {
        let spec = Cursor::at("spec", new.at(&["spec"]));
        let controller = spec.child("controller");
        if controller.str() != old.str_at(&["spec", "controller"]) {
            equal::immutable(&controller, old.at(&["spec", "controller"]), errors);
        }
        validate(new, errors);
    },
    ..Kind::PLAIN
};

fn validate(class: &Value, errors: &mut field::Errors) {
    let spec = Cursor::at("spec", class.at(&["spec"]));
    let controller = spec.child("controller");
    if controller.str().len() > MAX_CONTROLLER {
        errors.too_long(&controller.path(), MAX_CONTROLLER);
    }
    names::domain_prefixed_path(errors, &controller.path(), controller.str());
    parameters(&spec.child("parameters"), errors);
}

fn parameters(parameters: &Cursor, errors: &mut field::Errors) {
    if !parameters.is_set() {
        return;
    }
    optional_subdomain(&parameters.child("apiGroup"), errors);
    not_empty_segment(&parameters.child("kind"), errors);
    not_empty_segment(&parameters.child("name"), errors);
    let (scope, namespace) = (parameters.child("scope"), parameters.child("namespace"));
    if !scope.is_set() {
        return scope.required(errors, "");
    }
    scope.one_of(errors, &["Cluster", "Namespace"]);
    match (scope.str(), namespace.is_set()) {
        ("Namespace", false) => namespace.required(errors, "`parameters.scope` is set to 'Namespace'"),
        ("Namespace", true) => namespace.faults(errors, &names::dns1123_label(namespace.str())),
        ("Cluster", true) => namespace.forbidden(errors, "`parameters.scope` is set to 'Cluster'"),
        _ => {}
    }
}
