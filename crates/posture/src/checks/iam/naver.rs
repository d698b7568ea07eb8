//! Naver Cloud's users in a cluster: the ConfigMap `ncp-auth`, read by the code that logs them in.
//!
//! Entry point: [`run`].

use std::collections::HashSet;

use api::Value;
use api::user::SYSTEM_MASTERS;
use authn::iam::{Rule, Rules};
use evidence::Object;
use privilege::escalation::Principal;

use super::held::named;
use crate::finding::Status;
use crate::limits::exceeds;
use crate::scan::Scan;
use crate::sources::cloud::{Cloud, Cluster};
use crate::sources::rights::{Rights, is_everything};
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["IAM-034", "IAM-035"];

/// The entry of the ConfigMap, and the annotation in which NKS says what it took over.
const ENTRY: &str = "mapSubAccounts";
const APPLIED: &str = "ncloud.com/applied-ncp-auth";
const NO_ENTRY: Words = words("there is no data.mapSubAccounts", "data.mapSubAccounts가 없음");
const BROKEN: Words = words("{}", "잘못된 항목: {}");
const TWICE: Words = words(
    "subAccountIdNo {} is mapped twice; only the first counts",
    "subAccountIdNo {}이(가) 두 번 있어 처음 것만 적용됨",
);
const OF_SYSTEM: Words =
    words("{} is mapped to {}, a name of the system", "{}이(가) 시스템 이름 {}에 연결됨");
const DRIFT: Words = words(
    "it is not what NKS took over last: see its annotation ncloud.com/applied-ncp-auth",
    "마지막으로 적용된 내용(ncloud.com/applied-ncp-auth 어노테이션)과 다름",
);
const NO_ROLE: Words = words(
    "{} ({}) has no role, neither by name nor by group",
    "{} ({})에게 이름으로도 그룹으로도 역할이 없음",
);
const MANY_ADMINS: Words =
    words("{} of those mapped may do everything: {}", "연결된 대상 중 {}명이 모든 권한을 가짐: {}");
const MASTERS: Words = words(
    "{} is in system:masters, whom no authorizer refuses",
    "{}이(가) 권한 검사를 받지 않는 system:masters에 속함",
);

pub(super) fn run(scan: &mut Scan<'_>, rights: &Rights<'_>) {
    let maps = scan.input.objects.of_kind("", "ConfigMap");
    let maps: Vec<&Object> = maps
        .filter(|o| o.namespace() == "kube-system" && matches!(o.name(), "ncp-auth" | "aws-auth"))
        .collect();
    // With entries of the API the ConfigMap is nobody's to follow.
    let cloud = Cloud::of(scan.input);
    let by_api = |cluster: &Cluster<'_>| cluster.grants_by_api.as_ref().is_some_and(|by_api| by_api.value);
    let unread = !cloud.clusters.is_empty() && cloud.clusters.iter().all(by_api);
    if unread {
        IDS.iter().for_each(|id| scan.spare(id));
    }
    for map in maps.into_iter().filter(|map| !(unread && map.name() == "ncp-auth")) {
        scan.examine("IAM-002");
        let rules = read(map);
        for rule in rules.all().iter().filter(|rule| rule.is_master()) {
            scan.find(
                "IAM-002",
                Status::Fail,
                map,
                format!("data.{}", rule.origin),
                MASTERS.with([&rule.id]),
            );
        }
        if map.name() == "ncp-auth" {
            valid(scan, map, &rules);
            roles(scan, rights, map, &rules);
        }
    }
}

/// What the server would make of the ConfigMap.
fn read(map: &Object) -> Rules {
    let mut rules = Rules::default();
    for entry in Rules::entries() {
        let Some(text) = map.value.at(&["data"]).get(entry).and_then(Value::as_str) else { continue };
        match codec::yaml::parse(text.as_bytes()) {
            Ok(list) => rules.read(entry, &list.value),
            Err(why) => rules.problems.push(format!("{entry}: {why}")),
        }
    }
    rules
}

fn valid(scan: &mut Scan<'_>, map: &Object, rules: &Rules) {
    const ID: &str = "IAM-034";
    scan.examine(ID);
    let field = || format!("data.{ENTRY}");
    let data = map.value.at(&["data"]);
    if data.get(ENTRY).is_none() {
        return scan.find(ID, Status::Fail, map, field(), NO_ENTRY.plain());
    }
    for problem in &rules.problems {
        scan.find(ID, Status::Fail, map, field(), BROKEN.with([problem]));
    }
    for (at, rule) in rules.all().iter().enumerate() {
        if rules.is_shadowed(at) {
            scan.find(ID, Status::Fail, map, field(), TWICE.with([&rule.id]));
        }
        let names = std::iter::once(&rule.username).chain(&rule.groups);
        for name in names.filter(|name| name.starts_with("system:")) {
            scan.find(ID, Status::Fail, map, field(), OF_SYSTEM.with([&rule.id, name]));
        }
    }
    let applied = map.value.at(&["metadata", "annotations"]).get(APPLIED).and_then(Value::as_str);
    if applied.is_some_and(|applied| !is_same(applied, data.str_at(&[ENTRY]))) {
        let field = format!("metadata.annotations[{APPLIED}]");
        scan.find(ID, Status::Warn, map, field, DRIFT.plain());
    }
}

/// True when the annotation, which may hold the list or all of `data`, says the same.
fn is_same(applied: &str, given: &str) -> bool {
    let parsed = |text: &str| codec::yaml::parse(text.as_bytes()).ok().map(|parsed| parsed.value);
    let (Some(applied), Some(given)) = (parsed(applied), parsed(given)) else { return false };
    let list = applied.get("data").unwrap_or(&applied).get(ENTRY).cloned();
    let list = match list {
        Some(Value::String(text)) => parsed(&text),
        Some(list) => Some(list),
        None => Some(applied),
    };
    let all = |value: &Value| {
        let mut rules = Rules::default();
        rules.read(ENTRY, value);
        rules.all().to_vec()
    };
    list.is_some_and(|list| all(&list) == all(&given))
}

/// What those who are mapped may do.
fn roles(scan: &mut Scan<'_>, rights: &Rights<'_>, map: &Object, rules: &Rules) {
    const ID: &str = "IAM-035";
    if !scan.input.whole_cluster {
        return;
    }
    scan.examine(ID);
    let bound: HashSet<Principal> = rights.bindings.iter().flat_map(|bound| bound.principals()).collect();
    let everything = |bound: &&crate::sources::rights::Bound<'_>| {
        bound.scope().is_empty() && rights.rules_of(bound).iter().any(is_everything)
    };
    let mighty: HashSet<Principal> =
        rights.bindings.iter().filter(everything).flat_map(|bound| bound.principals()).collect();
    let of = |rule: &Rule| {
        let groups = rule.groups.iter().map(|group| Principal::Group(group.clone()));
        groups.chain([Principal::User(rule.username.clone())]).collect::<Vec<_>>()
    };
    for rule in rules.all().iter().filter(|rule| !rule.is_master()) {
        if !of(rule).iter().any(|whom| bound.contains(whom)) {
            let reason = NO_ROLE.with([&rule.username, &rule.id]);
            scan.find(ID, Status::Warn, map, format!("data.{ENTRY}"), reason);
        }
    }
    let masters = Principal::Group(SYSTEM_MASTERS.to_owned());
    let may = |rule: &&Rule| of(rule).iter().any(|whom| mighty.contains(whom) || *whom == masters);
    let admins: Vec<&Rule> = rules.all().iter().filter(may).collect();
    if exceeds(admins.len(), scan.settings.limits.cluster_admins) {
        let names = named(admins.iter().map(|rule| rule.username.clone()));
        let reason = MANY_ADMINS.with([admins.len().to_string(), names]);
        scan.find(ID, Status::Warn, map, format!("data.{ENTRY}"), reason);
    }
}
