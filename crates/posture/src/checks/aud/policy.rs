//! What an audit policy writes and what it drops: every question of a table is asked of the policy itself.
//!
//! A rule may name users, groups and namespaces; whoever and whatever it names is asked for beside those that stand for
//! everybody, so that nobody hides in a rule.

use std::collections::BTreeMap;

use api::user::{
    AUTHENTICATED, SYSTEM_MASTERS, service_account_groups, service_account_username, split_service_account,
};
use api::{UserInfo, Value};
use audit::Stage;
use audit::policy::{Attributes, Decision, Level, Loaded, Policy, Reach, Resource, Target};

use crate::catalogue::Kind;
use crate::finding::{Place, Status};
use crate::scan::Scan;
use crate::sources::audit_log::ActorKind;
use crate::sources::control_plane::{ControlPlane, Program};
use crate::words::{Said, Words, words};

pub(super) const IDS: &[&str] = &["AUD-005", "AUD-006", "AUD-007", "AUD-008"];

const BODIES: Words = words(
    "{} writes {} at level {} ({}): what is secret stands in the log",
    "{}이 {}를 {} 수준으로 기록함({}): 비밀 내용이 로그에 남음",
);
const DROPPED: Words = words("{} drops {}: level {} ({})", "{}이 {}를 기록하지 않음: {} 수준({})");
const NO_BODY: Words = words(
    "{} writes {} at level {} ({}): what was granted or changed is not told",
    "{}이 {}를 {} 수준으로 기록함({}): 무엇이 부여되거나 바뀌었는지 남지 않음",
);
const BROKEN: Words = words("the policy cannot be used: {}", "정책을 사용할 수 없음: {}");
const UNKNOWN_FIELD: Words = words("{}: what stands there does not count", "{}: 적힌 내용이 적용되지 않음");
const NO_END: Words = words(
    "{} leaves out the stage ResponseComplete: how requests ended is never written",
    "{}이 ResponseComplete 단계를 제외함: 요청의 결과가 기록되지 않음",
);
const SHADOWED: Words =
    words("{} never decides: {} come first", "{}은 결정하는 요청이 없음: 앞의 {}이 먼저 적용됨");
const MATCHES_NOTHING: Words = words(
    "{} matches no request: * is a wildcard only in resources and at the end of paths, and verbs are those of the API",
    "{}에 해당하는 요청이 없음: *는 리소스와 경로 끝에서만 와일드카드이며 동사는 API의 동사여야 함",
);

/// How many users, groups and namespaces that rules name are asked for.
const MOST_NAMED: usize = 40;

const ALL_VERBS: &[&str] =
    &["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
const READS: &[&str] = &["get", "list", "watch"];
const WRITES: &[&str] = &["create", "update", "patch", "delete", "deletecollection"];
const CONNECTS: &[&str] = &["create", "get"];
const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";
/// What no policy has heard of.
const UNHEARD: (&str, &str) = ("unheard-of.example.com", "widgets");

/// Requests that are asked for, and what is right about them.
struct Row {
    id: &'static str,
    group: &'static str,
    /// With its subresource; a path when it begins with a slash.
    resource: &'static str,
    namespaced: bool,
    verbs: &'static [&'static str],
    judge: fn(&Asked<'_>) -> Option<(Status, Words)>,
}

const fn row(
    id: &'static str,
    (group, resource): (&'static str, &'static str),
    namespaced: bool,
    verbs: &'static [&'static str],
    judge: fn(&Asked<'_>) -> Option<(Status, Words)>,
) -> Row {
    Row { id, group, resource, namespaced, verbs, judge }
}

const ROWS: &[Row] = &[
    row("AUD-005", ("", "secrets"), true, ALL_VERBS, kept_secret),
    row("AUD-005", ("", "configmaps"), true, WRITES, kept_secret),
    row("AUD-005", ("", "configmaps"), true, READS, better_kept),
    row("AUD-005", ("", "serviceaccounts/token"), true, &["create"], kept_secret),
    row("AUD-005", ("authentication.k8s.io", "tokenreviews"), false, &["create"], kept_secret),
    row("AUD-006", ("", "pods/exec"), true, CONNECTS, written),
    row("AUD-006", ("", "pods/attach"), true, CONNECTS, written),
    row("AUD-006", ("", "pods/portforward"), true, CONNECTS, written),
    row("AUD-006", ("", "pods/proxy"), true, ALL_VERBS, written),
    row("AUD-006", ("", "pods/ephemeralcontainers"), true, &["update", "patch"], written),
    row("AUD-006", ("", "services/proxy"), true, ALL_VERBS, written),
    row("AUD-006", ("", "nodes/proxy"), false, ALL_VERBS, written),
    row("AUD-007", (RBAC, "roles"), true, WRITES, with_body),
    row("AUD-007", (RBAC, "rolebindings"), true, WRITES, with_body),
    row("AUD-007", (RBAC, "clusterroles"), false, WRITES, with_body),
    row("AUD-007", (RBAC, "clusterrolebindings"), false, WRITES, with_body),
    row("AUD-007", (ADMISSION, "validatingwebhookconfigurations"), false, WRITES, with_body),
    row("AUD-007", (ADMISSION, "mutatingwebhookconfigurations"), false, WRITES, with_body),
    row("AUD-007", (ADMISSION, "validatingadmissionpolicies"), false, WRITES, with_body),
    row("AUD-007", (ADMISSION, "validatingadmissionpolicybindings"), false, WRITES, with_body),
    row("AUD-007", (CERTIFICATES, "certificatesigningrequests"), false, WRITES, with_body),
    row(
        "AUD-007",
        (CERTIFICATES, "certificatesigningrequests/approval"),
        false,
        &["update", "patch"],
        with_body,
    ),
    row("AUD-008", UNHEARD, true, WRITES, caught),
    row("AUD-008", UNHEARD, true, READS, better_caught),
    row("AUD-008", ("", "/unheard-of"), false, &["get"], better_caught),
];

/// Somebody to ask for.
struct Person {
    user: UserInfo,
    /// True for people, workloads and whoever a rule names; false for the control plane, which makes most of the noise.
    counts: bool,
}

/// A question and its answer.
struct Asked<'a> {
    verb: &'a str,
    person: &'a Person,
    namespace: &'a str,
    decision: Decision,
}

/// Findings of a policy, each once.
#[derive(Default)]
struct Found(BTreeMap<Key, Finding>);

/// Check, rule, and what is wrong in words.
type Key = (&'static str, Option<usize>, &'static str);

/// What is wrong with a rule.
struct Finding {
    status: Status,
    words: Words,
    level: Level,
    /// What of, each once.
    resources: Vec<&'static str>,
    example: String,
}

pub(super) fn run(scan: &mut Scan<'_>) {
    let input = scan.input;
    for document in input.of_kind(Kind::AuditPolicy) {
        read(scan, &Place::from(document), &document.value);
    }
    // The file that a server goes by, when it was collected with the facts of its host.
    let plane = ControlPlane::of(scan);
    let named = plane.all(Program::ApiServer).filter_map(|server| {
        plane.file(server, server.flags.text("audit-policy-file")).filter(|file| !file.is_document())
    });
    let mut seen = Vec::new();
    for file in named.collect::<Vec<_>>() {
        let (place, text) = (file.place(), file.text().into_owned());
        if !seen.contains(&text)
            && let Some(value) = file.value()
        {
            read(scan, &place, &value);
            seen.push(text);
        }
    }
}

fn read(scan: &mut Scan<'_>, place: &Place, value: &Value) {
    match Policy::read(&api::json::to_vec(value)) {
        Ok(loaded) => judge(scan, place, &loaded),
        Err(why) => {
            for id in IDS.iter().filter(|id| **id != "AUD-008") {
                scan.lack(id, BROKEN.with([&why]));
            }
            scan.examine("AUD-008");
            scan.find("AUD-008", Status::Fail, place.clone(), String::new(), BROKEN.with([&why]));
        }
    }
}

fn judge(scan: &mut Scan<'_>, at: &Place, loaded: &Loaded) {
    IDS.iter().for_each(|id| scan.examine(id));
    for ((id, rule, _), finding) in asked(&loaded.policy).0 {
        let Finding { status, words, level, resources, example } = finding;
        let reason = words.with([&place(rule), &resources.join(", "), level.name(), &example]);
        let field = rule.map_or_else(|| "rules".to_owned(), |rule| format!("rules[{rule}].level"));
        scan.find(id, status, at.clone(), field, reason);
    }
    for ignored in &loaded.ignored {
        let reason = UNKNOWN_FIELD.with([ignored]);
        scan.find("AUD-008", Status::Warn, at.clone(), String::new(), reason);
    }
    for (status, field, reason) in ends(&loaded.policy).into_iter().chain(reach(&loaded.policy)) {
        scan.find("AUD-008", status, at.clone(), field, reason);
    }
}

/// `rules[3]`, or that there is none.
fn place(rule: Option<usize>) -> String {
    rule.map_or_else(|| "the end of the rules".to_owned(), |rule| format!("rules[{rule}]"))
}

fn asked(policy: &Policy) -> Found {
    let named = policy.named();
    let people = people(&named.users, &named.groups);
    let mut namespaces = vec!["default", "kube-system"];
    let more = named.namespaces.iter().filter(|name| !["", "*", "default", "kube-system"].contains(name));
    namespaces.extend(more.take(MOST_NAMED));
    let mut found = Found::default();
    for row in ROWS {
        let namespaces = if row.namespaced { namespaces.as_slice() } else { &[""] };
        for namespace in namespaces {
            for verb in row.verbs {
                let decisions = people.iter().map(|person| {
                    let attributes =
                        Attributes { user: Some(&person.user), verb, target: row.target(namespace, verb) };
                    Asked { verb, person, namespace, decision: policy.decide(&attributes) }
                });
                decisions.for_each(|asked| found.add(row, &asked));
            }
        }
    }
    found
}

impl Row {
    fn target<'a>(&'a self, namespace: &'a str, verb: &str) -> Target<'a> {
        if self.resource.starts_with('/') {
            return Target::Path(self.resource);
        }
        let (resource, subresource) = self.resource.split_once('/').unwrap_or((self.resource, ""));
        let unnamed = matches!(verb, "list" | "watch" | "deletecollection")
            || (verb == "create" && subresource.is_empty());
        let name = if unnamed { "" } else { "example" };
        Target::Resource(Resource { group: self.group, resource, subresource, namespace, name })
    }
}

impl Found {
    fn add(&mut self, row: &Row, asked: &Asked<'_>) {
        let Some((status, words)) = (row.judge)(asked) else { return };
        let key = (row.id, asked.decision.rule, words.en);
        let place =
            if asked.namespace.is_empty() { String::new() } else { format!(" -n {}", asked.namespace) };
        let example = || format!("{}: {} {}{place}", asked.person.user.name, asked.verb, row.resource);
        let level = asked.decision.level;
        let kept = self.0.entry(key).or_insert_with(|| Finding {
            status,
            words,
            level,
            resources: Vec::new(),
            example: example(),
        });
        if !kept.resources.contains(&row.resource) {
            kept.resources.push(row.resource);
        }
        kept.status = kept.status.max(status);
    }
}

/// Who is asked for: those who stand for everybody, and whoever rules name.
fn people(users: &[&str], groups: &[&str]) -> Vec<Person> {
    let person = |name: &str, groups: &[&str], counts| {
        let mut user = UserInfo::new(name, groups.iter().copied());
        if let Some((namespace, _)) = split_service_account(name) {
            user.groups.extend(service_account_groups(namespace));
        }
        user.groups.push(AUTHENTICATED.to_owned());
        Person { user, counts }
    };
    let mut all = vec![
        person("somebody", &[], true),
        person(&service_account_username("default", "app"), &[], true),
        person("an administrator", &[SYSTEM_MASTERS], true),
        person("system:kube-controller-manager", &[], false),
        person("system:apiserver", &[SYSTEM_MASTERS], false),
        person("system:node:node-1", &["system:nodes"], false),
        Person { user: UserInfo::anonymous(), counts: false },
    ];
    let is_person = |name: &&&str| {
        **name != "*" && matches!(ActorKind::of(name), ActorKind::Human | ActorKind::ServiceAccount)
    };
    all.extend(users.iter().filter(is_person).take(MOST_NAMED).map(|name| person(name, &[], true)));
    let is_group = |name: &&&str| !["*", AUTHENTICATED].contains(*name) && !is_of_machines(name);
    for group in groups.iter().filter(is_group).take(MOST_NAMED) {
        all.push(person(&format!("a member of {group}"), &[group], true));
    }
    all
}

/// Groups of what runs by itself.
fn is_of_machines(group: &str) -> bool {
    group.starts_with("system:") && ![SYSTEM_MASTERS, "system:serviceaccounts"].contains(&group)
}

fn kept_secret(asked: &Asked<'_>) -> Option<(Status, Words)> {
    if asked.decision.writes() && asked.decision.level >= Level::Request {
        return Some((Status::Fail, BODIES));
    }
    written(asked)
}

fn better_kept(asked: &Asked<'_>) -> Option<(Status, Words)> {
    let found = kept_secret(asked)?;
    Some(if found.1 == DROPPED { (Status::Warn, DROPPED) } else { found })
}

fn written(asked: &Asked<'_>) -> Option<(Status, Words)> {
    (asked.person.counts && !asked.decision.writes()).then_some((Status::Fail, DROPPED))
}

fn with_body(asked: &Asked<'_>) -> Option<(Status, Words)> {
    let has_body = matches!(asked.verb, "create" | "update" | "patch");
    let wanted = asked.person.counts && has_body && asked.decision.level < Level::Request;
    written(asked).or(wanted.then_some((Status::Warn, NO_BODY)))
}

/// Nothing is dropped that no rule has thought of.
fn caught(asked: &Asked<'_>) -> Option<(Status, Words)> {
    written(asked)
}

fn better_caught(asked: &Asked<'_>) -> Option<(Status, Words)> {
    written(asked).map(|(_, words)| (Status::Warn, words))
}

/// Rules that never tell how a request ended.
fn ends(policy: &Policy) -> Vec<(Status, String, Said)> {
    let silent = |reason: &str| (Status::Fail, reason.to_owned(), NO_END.with([reason]));
    if policy.omitted_everywhere().contains(Stage::ResponseComplete) {
        return vec![silent("omitStages")];
    }
    let is_silent = |rule: &usize| {
        policy.level(*rule) > Some(Level::None) && policy.omitted(*rule).contains(Stage::ResponseComplete)
    };
    (0..policy.len()).filter(is_silent).map(|rule| silent(&format!("rules[{rule}].omitStages"))).collect()
}

/// Rules that decide nothing.
fn reach(policy: &Policy) -> Vec<(Status, String, Said)> {
    let told = |rule: usize| {
        let name = format!("rules[{rule}]");
        let reason = match policy.reach(rule) {
            Reach::Shadowed(by) => {
                let by: Vec<_> = by.iter().take(8).map(|rule| format!("rules[{rule}]")).collect();
                SHADOWED.with([name.clone(), by.join(", ")])
            }
            Reach::Nothing => MATCHES_NOTHING.with([&name]),
            Reach::Decides | Reach::Unknown => return None,
        };
        Some((Status::Warn, name, reason))
    };
    (0..policy.len()).filter_map(told).collect()
}
