//! Naver Cloud: sub accounts, roles, policies and access keys; and a list of identities that somebody writes by hand for
//! any cloud.  Of an access key only its age is kept.

use crate::sources::cloud::item::{At, Item};
use crate::sources::cloud::model::*;
use crate::sources::cloud::read::Reader;
use crate::when::moment;

/// Names under which exports say that a second factor is asked for.
const MFA: &[&str] = &["mfa", "useMfa", "mfaEnabled"];

pub(super) fn user<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let mut policies = policies(item);
    let groups = item.items(&["groups"]);
    policies.extend(groups.iter().flat_map(self::policies));
    let is_told =
        (item.has(&["policies"]) || item.has(&["groups"])) && groups.iter().all(|g| g.has(&["policies"]));
    let resource = item.resource("SubAccount", &["subAccountId"], &["loginId"]);
    keep(reader, item, Identity { policies, is_told, ..identity(item, resource) });
}

pub(super) fn role<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("Role", &["roleNo"], &["roleName"]);
    let of_server = item.word(&["roleType"]).eq_ignore_ascii_case("server");
    keep(reader, item, Identity { is_role: true, of_server, ..identity(item, resource) });
}

/// `{identities: [{name, type: user|role|server-role, policies, mfa, accessKeys}]}`
pub(super) fn identities<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    for one in item.items(&["identities"]) {
        let resource = one.resource("Identity", &["id"], &["name"]);
        let kind = one.word(&["type"]);
        let found = Identity {
            is_role: kind.ends_with("role"),
            of_server: kind == "server-role",
            ..identity(&one, resource)
        };
        keep(reader, &one, found);
    }
}

/// A list of access keys does not say whose they are; the name of its file does, as far as anything does.
pub(super) fn key<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let mut resource = item.resource("AccessKey", &[], &[]);
    resource.name = item.whereabouts();
    let found = Identity { keys: vec![key_of(item)], mfa: None, ..identity(item, resource) };
    reader.cloud.identities.push(found);
}

pub(super) fn policy<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("Policy", &["policyId"], &["policyName"]);
    let id = resource.id.clone();
    let permissions = item.items(&["permissions"]);
    let allowed = permissions.iter().filter(|one| !one.word(&["effect"]).eq_ignore_ascii_case("deny"));
    let targets = allowed.flat_map(|one| one.items(&["targets"]));
    let actions = targets.flat_map(|target| {
        let named = target.items(&["actions"]);
        let named = named.iter().filter_map(|action| action.text(&["name", "actionName"]));
        target.texts(&["actions"]).into_iter().chain(named).collect::<Vec<_>>()
    });
    let wildcards = actions.filter(|at| is_everything(&at.value)).collect();
    reader.keep(|cloud| &mut cloud.policies, item, ("policy", &id), Policy { resource, wildcards });
}

/// `*`, or every action of a service or of a kind: `Server:*`, `Change/*`.
fn is_everything(action: &str) -> bool {
    action.strip_suffix('*').is_some_and(|rest| rest.is_empty() || rest.ends_with([':', '/']))
}

fn identity<'a>(item: &Item<'a>, resource: crate::sources::cloud::Resource<'a>) -> Identity<'a> {
    let keys = item.items(&["accessKeys", "access_keys"]);
    Identity {
        resource,
        is_role: false,
        of_server: false,
        policies: policies(item),
        is_told: item.has(&["policies"]),
        mfa: item.flag(MFA),
        keys: keys.iter().map(key_of).collect(),
    }
}

/// Policies are named, or objects with a name.
fn policies(item: &Item<'_>) -> Vec<At<String>> {
    let objects = item.items(&["policies"]);
    let named = objects.iter().filter_map(|policy| policy.text(&["policyName", "name"]));
    item.texts(&["policies"]).into_iter().chain(named).collect()
}

fn key_of(item: &Item<'_>) -> Key {
    let made = item.text(&["createTime", "created"]);
    Key {
        made: made.as_ref().and_then(|at| moment(&at.value)),
        is_active: item.flag(&["active"]).is_none_or(|active| active.value),
        field: made.map_or_else(|| item.path.clone(), |at| at.field),
    }
}

fn keep<'a>(reader: &mut Reader<'a>, item: &Item<'a>, identity: Identity<'a>) {
    let id = identity.resource.id.clone();
    reader.keep(|cloud| &mut cloud.identities, item, ("identity", &id), identity);
}
