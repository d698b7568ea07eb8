//! CertificateSigningRequest: a request that one user makes, another approves and a signer fulfils.

use api::{Map, Value};

use crate::kind::{Generation, Kind, Status, carry_over, instant, text_field};
use crate::{Context, MetaCheck, NameRule};

mod validate;

pub use validate::requested_organizations;

pub(crate) static CERTIFICATE_SIGNING_REQUEST: Kind = Kind {
    name_rule: NameRule::Custom,
    generation: Generation::Ignored,
    status: Status::Own,
    update_checks: &[MetaCheck::New, MetaCheck::Change],
    subresource_checks: &[MetaCheck::New, MetaCheck::Change],
    validate: |request, _, errors| validate::request(request, None, errors),
    validate_update: validate::change,
    prepare_create,
    prepare_update,
    fields: |request| vec![("spec.signerName", text_field(request, &["spec", "signerName"]))],
    ..Kind::PLAIN
};

/// The requester is who sent the request, whatever the object says.
fn prepare_create(request: &mut Value, cx: &Context) {
    let spec = request.object_at_mut(&["spec"]);
    ["username", "uid", "groups", "extra"].iter().for_each(|key| drop(spec.remove(key)));
    spec.insert("username", cx.user.into());
    spec.insert("uid", cx.user_uid.into());
    if !cx.groups.is_empty() {
        spec.insert("groups", cx.groups.iter().map(String::as_str).collect::<Vec<_>>().into());
    }
}

fn prepare_update(new: &mut Value, old: &Value, cx: &Context) {
    carry_over(new, old, "spec");
    match cx.subresource {
        "status" => {
            for kind in ["Approved", "Denied"] {
                keep_conditions(new, old, kind);
            }
            stamp_conditions(new, old, cx.now);
        }
        "approval" => {
            stamp_conditions(new, old, cx.now);
            let conditions = new.remove_at(&["status", "conditions"]);
            carry_over(new, old, "status");
            if let Some(conditions) = conditions {
                new.set_at(&["status", "conditions"], conditions);
            } else {
                new.remove_at(&["status", "conditions"]);
            }
        }
        _ => {}
    }
}

fn positions(request: &Value, kind: &str) -> Vec<usize> {
    let conditions = request.array_at(&["status", "conditions"]).iter().enumerate();
    conditions.filter(|(_, condition)| condition.str_at(&["type"]) == kind).map(|(i, _)| i).collect()
}

/// A status write that keeps the number of conditions of a kind keeps them as they are.
fn keep_conditions(new: &mut Value, old: &Value, kind: &str) {
    let (old_at, new_at) = (positions(old, kind), positions(new, kind));
    if old_at.len() != new_at.len() || new_at.is_empty() {
        return;
    }
    let kept = old.array_at(&["status", "conditions"]);
    let conditions = new.object_at_mut(&["status"]).entry("conditions");
    for (from, to) in old_at.into_iter().zip(new_at) {
        if let (Some(from), Some(to)) =
            (kept.get(from), conditions.as_array_mut().and_then(|list| list.get_mut(to)))
        {
            *to = from.clone();
        }
    }
}

/// Conditions without times get them: an old condition of the same kind and status knows since when it holds.
fn stamp_conditions(new: &mut Value, old: &Value, now: i64) {
    let old_conditions = old.array_at(&["status", "conditions"]);
    let now = instant(now);
    let since = |condition: &Map| {
        let same = |other: &&Value| ["type", "status"].iter().all(|key| other.get(key) == condition.get(key));
        let dated = |other: &&Value| !other.at(&["lastTransitionTime"]).is_null();
        let found = old_conditions.iter().find(|other| same(other) && dated(other));
        found.map_or_else(|| now.clone(), |other| other.at(&["lastTransitionTime"]).clone())
    };
    crate::kind::each(new, &["status", "conditions"], |condition| {
        if condition.get("lastUpdateTime").is_none_or(Value::is_null) {
            condition.insert("lastUpdateTime", now.clone());
        }
        if condition.get("lastTransitionTime").is_none_or(Value::is_null) {
            let since = since(condition);
            condition.insert("lastTransitionTime", since);
        }
    });
}
