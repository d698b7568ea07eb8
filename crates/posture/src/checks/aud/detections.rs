//! What the audit log shows of attacks: events that somebody has to look at, with their ids and lines.

use std::collections::BTreeSet;

use authz::rbac::Rule;
use privilege::Policy;

use crate::finding::{Place, Status, Subject};
use crate::scan::Scan;
use crate::sources::audit_log::{AuditLog, BindingWrite, Burst, DETECTIONS, Mark, Sighting};
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &[
    "AUD-020", "AUD-021", "AUD-022", "AUD-023", "AUD-024", "AUD-025", "AUD-026", "AUD-027", "AUD-028",
    "AUD-029",
];

const SEEN: Words = words("{}, {} times, {}; events: {}", "{}, {}회, {}; 이벤트: {}");
const MORE: Words = words("{} more events of others", "그 밖의 이벤트 {}건");
const BURST: Words = words(
    "{} was refused {} times within a minute, {} times in all, as {}; event {}",
    "{}의 요청이 1분에 {}회, 모두 {}회 거부됨(사용자 {}); 이벤트 {}",
);
const BOUND: Words = words(
    "{} {} gives {}, which allows everything, {} times; event {}",
    "{} {}가 모든 권한을 허용하는 {}를 부여함, {}회; 이벤트 {}",
);
const MADE: Words =
    words("{} {} allows everything, {} times; event {}", "{} {}가 모든 것을 허용함, {}회; 이벤트 {}");
const UNTOLD: Words = words(
    "{} {}, {} times; the log does not tell its role, and it is not among the objects; event {}",
    "{} {}, {}회; 로그에 역할이 없고 객체에서도 찾을 수 없음; 이벤트 {}",
);
const UNSEEN_LABELS: Words = words(
    "{} writes of namespaces were logged without their bodies",
    "네임스페이스 변경 {}건이 본문 없이 기록됨",
);

pub(super) fn run(scan: &mut Scan<'_>) {
    let input = scan.input;
    let Some(log) = input.audit_log.as_ref().filter(|log| log.events() > 0) else { return };
    IDS.iter().for_each(|id| scan.examine(id));
    for id in DETECTIONS.iter().map(|row| row.id) {
        for sighting in log.sightings(id) {
            seen(scan, id, sighting);
        }
        if log.uncounted(id) > 0 {
            let place = Place { subject: actor(""), origin: None };
            scan.find(id, Status::Warn, place, String::new(), MORE.with([log.uncounted(id)]));
        }
    }
    bursts(scan, log);
    bindings(scan, log);
    if log.unseen_labels() > 0 {
        scan.lack("AUD-029", UNSEEN_LABELS.with([log.unseen_labels()]));
    }
}

fn actor(name: &str) -> Subject {
    Subject { kind: "User".to_owned(), name: name.to_owned(), ..Subject::default() }
}

fn at(name: &str, mark: Option<&Mark>) -> Place {
    Place { subject: actor(name), origin: mark.map(Mark::origin) }
}

fn seen(scan: &mut Scan<'_>, id: &'static str, sighting: &Sighting) {
    let Sighting { status, actor, what, first, last, marks, .. } = sighting;
    let count = sighting.count();
    let period = if first == last { first.clone() } else { format!("{first} – {last}") };
    let listed = marks.iter().map(Mark::to_string).collect::<Vec<_>>().join(", ");
    let reason = SEEN.with([what, &count.to_string(), &period, &listed]);
    scan.find(id, *status, at(actor, marks.first()), String::new(), reason);
}

fn bursts(scan: &mut Scan<'_>, log: &AuditLog) {
    let least = u64::try_from(scan.settings.limits.refusals).unwrap_or(0);
    let mut all: Vec<(&str, &Burst)> = log.bursts().filter(|(_, burst)| burst.most >= least).collect();
    all.sort_by_key(|(source, burst)| (u64::MAX - burst.most, *source));
    for (source, burst) in all {
        let users: Vec<&str> = burst.users.iter().map(String::as_str).collect();
        let users = if users.is_empty() { "-".to_owned() } else { users.join(", ") };
        let (most, total) = (burst.most.to_string(), burst.total.to_string());
        let reason = BURST.with([source, &most, &total, &users, &burst.mark.to_string()]);
        let subject = Subject { kind: "Source".to_owned(), name: source.to_owned(), ..Subject::default() };
        let place = Place { subject, origin: Some(burst.mark.origin()) };
        scan.find("AUD-021", Status::Warn, place, String::new(), reason);
    }
}

fn bindings(scan: &mut Scan<'_>, log: &AuditLog) {
    if log.binding_writes().is_empty() {
        return;
    }
    let objects = Policy::of(&scan.input.objects.objects);
    let admins = Admins::of(&objects);
    for write in log.binding_writes() {
        let BindingWrite { actor, verb, count, mark, .. } = write;
        let place = if write.namespace.is_empty() { String::new() } else { format!("{}/", write.namespace) };
        let object = format!("{} {place}{}", write.resource, write.name);
        let (count, event) = (count.to_string(), mark.to_string());
        let (status, reason) = if write.is_everything {
            (Status::Fail, MADE.with([verb, &object, &count, &event]))
        } else {
            match admins.role(write, &objects) {
                Some(role) if admins.0.contains(&role) => {
                    (Status::Fail, BOUND.with([verb, &object, &role.1, &count, &event]))
                }
                Some(_) => continue,
                None => (Status::Warn, UNTOLD.with([verb, &object, &count, &event])),
            }
        };
        scan.find("AUD-023", status, at(actor, Some(mark)), String::new(), reason);
    }
}

/// Cluster roles that allow everything, by namespace (always `""`) and name.
struct Admins(BTreeSet<(String, String)>);

impl Admins {
    fn of(policy: &Policy) -> Self {
        let all = policy.roles.values().filter(|role| role.rules.iter().any(is_everything));
        let mut all: BTreeSet<_> =
            all.map(|role| (role.key.namespace.to_string(), role.key.name.to_string())).collect();
        all.insert((String::new(), "cluster-admin".to_owned()));
        Self(all)
    }

    /// The role that a binding gives: as the log says, or as the binding is among the objects.
    fn role(&self, write: &BindingWrite, objects: &Policy) -> Option<(String, String)> {
        if let Some((kind, name)) = &write.role {
            let namespace = if kind == "Role" { write.namespace.clone() } else { String::new() };
            return Some((namespace, name.clone()));
        }
        let known = objects.bindings.get(&(write.namespace.clone(), write.name.clone()));
        known
            .map(|entry| entry.binding.role_key())
            .map(|key| (key.namespace.to_string(), key.name.to_string()))
    }
}

fn is_everything(rule: &Rule) -> bool {
    [&rule.verbs, &rule.groups, &rule.resources].iter().all(|list| list.iter().any(|item| item == "*"))
}
