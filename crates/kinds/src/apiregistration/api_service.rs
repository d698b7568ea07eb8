//! APIService: one group and version, served here or by another server.

use api::field::{self, go_quote};
use api::{Value, object};

use crate::kind::{Generation, Kind, Status, carry_over, default_member, inside, instant};
use crate::{Context, Cursor, meta, names};

const CONDITION_STATUSES: [&str; 3] = ["True", "False", "Unknown"];

pub(crate) static API_SERVICE: Kind = Kind {
    knows_finalizers: false,
    checks_metadata: false,
    unconditional_update: false,
    generation: Generation::Ignored,
    status: Status::Own,
    default: |service, _| {
        inside(service, &["spec", "service"], |backend| default_member(backend, "port", 443));
    },
    validate: |service, _, errors| check(service, errors),
    validate_update: |new, _, cx, errors| match cx.subresource {
        "status" => check_status(&Cursor::root(new).child("status"), errors),
        _ => check(new, errors),
    },
    prepare_create,
    prepare_update,
    ..Kind::PLAIN
};

/// What this server answers itself is available at once.
fn prepare_create(service: &mut Value, cx: &Context) {
    if service.at(&["spec", "service"]).is_null() {
        let condition = object! {
            "type" => "Available", "status" => "True", "lastTransitionTime" => instant(cx.now),
            "reason" => "Local", "message" => "Local APIServices are always available",
        };
        service.set_at(&["status", "conditions"], vec![condition]);
    }
}

fn prepare_update(new: &mut Value, old: &Value, cx: &Context) {
    if cx.subresource == "status" {
        let old_meta = old.at(&["metadata"]);
        let meta = new.make_object().entry("metadata");
        let kept = ["labels", "annotations", "finalizers", "ownerReferences"];
        kept.into_iter().for_each(|key| carry_over(meta, old_meta, key));
    }
}

fn check(service: &Value, errors: &mut field::Errors) {
    let root = Cursor::root(service);
    let spec = root.child("spec");
    let (group, version) = (spec.child("group"), spec.child("version"));
    check_metadata(service, &format!("{}.{}", version.str(), group.str()), errors);
    if !group.is_empty() {
        group.faults(errors, &names::dns1123_subdomain(group.str()));
    } else if version.str() != "v1" {
        group.required(errors, "only v1 may have an empty group and it better be legacy kube");
    }
    version.faults(errors, &names::dns1035_label(version.str()));
    for (member, most) in [("groupPriorityMinimum", 20_000), ("versionPriority", 1000)] {
        let priority = spec.child(member);
        if !(1..=most).contains(&priority.int()) {
            priority.bad(errors, priority.int(), &format!("must be positive and less than {most}"));
        }
    }
    check_backend(&spec, errors);
}

/// The name is made of the version and the group.
fn check_metadata(service: &Value, wanted: &str, errors: &mut field::Errors) {
    let rule = |name: &str, prefix: bool| {
        let faults = names::path_segment(name, prefix);
        if faults.is_empty() && name != wanted {
            return vec![format!("must be `spec.version+\".\"+spec.group`: {}", go_quote(wanted))];
        }
        faults
    };
    meta::validate(service.at(&["metadata"]), false, &rule, &field::Path::new("metadata"), errors);
}

fn check_backend(spec: &Cursor, errors: &mut field::Errors) {
    let (backend, bundle) = (spec.child("service"), spec.child("caBundle"));
    let insecure = spec.child("insecureSkipTLSVerify");
    if !backend.is_set() {
        if !bundle.is_empty() {
            let bytes = bundle.str().trim_end_matches('=').len() * 3 / 4;
            bundle.bad(errors, format!("{bytes} bytes"), "local APIServices may not have a caBundle");
        }
        if insecure.bool() {
            insecure.invalid(errors, "local APIServices may not have insecureSkipTLSVerify");
        }
        return;
    }
    backend.require(errors, &["namespace", "name"]);
    let port = backend.child("port");
    let faults = names::port_number(port.int());
    if !faults.is_empty() {
        port.bad(errors, port.int(), &format!("port is not valid: {}", faults.join(", ")));
    }
    if insecure.bool() && !bundle.is_empty() {
        insecure.invalid(errors, "may not be true if caBundle is present");
    }
}

fn check_status(status: &Cursor, errors: &mut field::Errors) {
    for condition in status.child("conditions").items() {
        condition.child("status").one_of(errors, &CONDITION_STATUSES);
    }
}
