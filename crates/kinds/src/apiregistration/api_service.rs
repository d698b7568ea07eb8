//! APIService: one group and version, served here or by another server.

use api::{Value, object};

use crate::kind::{Generation, Kind, Status, carry_over, default_member, inside, instant};
use crate::{Context, NameRule};

pub(crate) static API_SERVICE: Kind = Kind {
    knows_finalizers: false,
    name_rule: NameRule::Custom,
    unconditional_update: false,
    generation: Generation::Ignored,
    status: Status::Own,
    default: |service, _| {
        inside(service, &["spec", "service"], |backend| default_member(backend, "port", 443));
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
