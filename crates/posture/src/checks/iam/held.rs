//! Who holds permissions that should be few.
//!
//! Entry point: [`run`].  Each rule is held against the table once, by the authorizer's own matching.  A rule is told where
//! it is written, with whom it reaches; a stock role that somebody binds is told where it is bound.

use std::collections::{HashMap, HashSet};

use authz::rbac::{RoleKind, Rule};
use privilege::escalation::Principal;

use super::dangers::{DANGERS, Danger, Names, Reach, Right};
use crate::finding::Status;
use crate::scan::Scan;
use crate::sources::rights::{Bound, Rights, Role, is_covered, is_everything, stock_rules, target};
use crate::words::{Part, Words, words};

const HELD: Words = words("{} ({}): {}", "{} ({}): {}");
const UNHELD: Words =
    words("whoever is bound to it {} ({}); nobody is yet", "{} ({}). 아직 연결된 대상은 없음");
const BOUND: Words = words("{} ({}) by the {}: {}", "{} ({}), {} 바인딩: {}");

/// How many are named.
const MOST_NAMED: usize = 4;

/// Roles that are made to be bound in namespaces.
const FOR_NAMESPACES: [&str; 3] = ["admin", "edit", "view"];

/// A row of the table that a rule meets.
#[derive(Clone)]
pub(super) struct Hit {
    pub danger: &'static Danger,
    reach: Reach,
    /// The rule is limited to some names.
    narrow: bool,
    /// Verbs and resources.
    what: String,
}

pub(super) fn ids() -> impl Iterator<Item = &'static str> {
    DANGERS.iter().map(|danger| danger.id)
}

/// What rules meet, each looked up once.
pub(super) struct Hits<'r, 'a> {
    rights: &'r Rights<'a>,
    minor: Option<u32>,
    known: HashMap<Rule, Vec<Hit>>,
}

impl<'r, 'a> Hits<'r, 'a> {
    pub(super) fn new(rights: &'r Rights<'a>, minor: Option<u32>) -> Self {
        Self { rights, minor, known: HashMap::new() }
    }

    /// The rows that a rule meets.
    pub(super) fn of(&mut self, rule: &Rule) -> &[Hit] {
        let (rights, minor) = (self.rights, self.minor);
        self.known.entry(rule.clone()).or_insert_with(|| {
            let hits = DANGERS.iter().flat_map(|danger| {
                let counts = |right: &&Right| minor.is_none_or(|minor| minor < right.until);
                danger.rights.iter().filter(counts).filter_map(|right| hit(rights, danger, right, rule))
            });
            hits.collect()
        })
    }
}

pub(super) fn run(scan: &mut Scan<'_>, rights: &Rights<'_>, hits: &mut Hits<'_, '_>) {
    for role in &rights.roles {
        ids().for_each(|id| scan.examine(id));
        for (field, rules) in role.own_rules() {
            let met: Vec<Hit> = rules.iter().flat_map(|rule| hits.of(rule).to_vec()).collect();
            for hit in worst(scan, rights, role, &met) {
                let (hit, status, holders) = hit;
                let parts = |tail: String| {
                    [hit.danger.may.plain().into(), Part::from(hit.what.as_str()), tail.into()]
                };
                let reason = match holders {
                    Some(holders) => HELD.saying(parts(holders)),
                    None => UNHELD.saying(parts(String::new())),
                };
                scan.find(hit.danger.id, status, role.object, field.clone(), reason);
            }
        }
    }
    for bound in &rights.bindings {
        ids().for_each(|id| scan.examine(id));
        stock_role(scan, rights, hits, bound);
    }
}

/// Of each row the worst hit of a rule, with whom it reaches; `None` for nobody.
fn worst<'h>(
    scan: &Scan<'_>,
    rights: &Rights<'_>,
    role: &Role<'_>,
    hits: &'h [Hit],
) -> Vec<(&'h Hit, Status, Option<String>)> {
    let holders: Vec<&Bound<'_>> =
        rights.holders(&role.key).filter(|bound| bound.principals().next().is_some()).collect();
    let mut found: Vec<(&Hit, Status, Option<String>)> = Vec::new();
    for hit in hits {
        let (status, text) = if holders.is_empty() {
            let in_cluster = role.key.kind == RoleKind::ClusterRole;
            let place = if in_cluster { "" } else { role.key.namespace.as_str() };
            let Some(_) = hit.status(scan, place) else { continue };
            (Status::Warn, None)
        } else {
            let reached: Vec<_> =
                holders.iter().filter_map(|b| Some((hit.status(scan, b.scope())?, *b))).collect();
            let Some(status) = reached.iter().map(|(status, _)| *status).max() else { continue };
            let worst = reached.iter().filter(|(s, _)| *s == status).map(|(_, bound)| *bound);
            (status, Some(bound_to(worst)))
        };
        match found.iter_mut().find(|(known, ..)| known.danger.id == hit.danger.id) {
            Some(known) if known.1 < status => *known = (hit, status, text),
            Some(_) => {}
            None => found.push((hit, status, text)),
        }
    }
    found
}

/// A stock role that somebody is bound to who is not by default.  Who is everything is another check's; the roles for
/// namespaces may be bound there.
fn stock_role(scan: &mut Scan<'_>, rights: &Rights<'_>, hits: &mut Hits<'_, '_>, bound: &Bound<'_>) {
    let key = bound.binding.role_key();
    let stock = stock_rules(&key);
    let scope = bound.scope();
    let meant =
        !scope.is_empty() && !scan.settings.is_system(scope) && FOR_NAMESPACES.contains(&key.name.as_str());
    let whom: Vec<Principal> = bound.own_subjects().map(|(_, whom)| whom).collect();
    if stock.is_empty() || meant || whom.is_empty() || stock.iter().any(is_everything) {
        return;
    }
    let mut found: Vec<(Hit, Status)> = Vec::new();
    for rule in rights.rules_of(bound).iter().filter(|rule| is_covered(rule, stock)) {
        for hit in hits.of(rule) {
            let Some(status) = hit.status(scan, scope) else { continue };
            match found.iter_mut().find(|(known, _)| known.danger.id == hit.danger.id) {
                Some(known) if known.1 < status => *known = (hit.clone(), status),
                Some(_) => {}
                None => found.push((hit.clone(), status)),
            }
        }
    }
    let role = format!("{} {}", bound.binding.role_ref.kind, key.name);
    for (hit, status) in found {
        let may = hit.danger.may.plain().into();
        let parts = [
            may,
            Part::from(hit.what),
            role.as_str().into(),
            named(whom.iter().map(ToString::to_string)).into(),
        ];
        scan.find(hit.danger.id, status, bound.object, "roleRef".to_owned(), BOUND.saying(parts));
    }
}

impl Hit {
    /// Verbs and resources.
    pub(super) fn what(&self) -> &str {
        &self.what
    }

    /// How bad it is where it is held; `None` where it gives nothing.
    pub(super) fn status(&self, scan: &Scan<'_>, scope: &str) -> Option<Status> {
        let system = scan.settings.is_system(scope);
        match self.reach {
            Reach::Cluster if !scope.is_empty() => return None,
            Reach::System if !scope.is_empty() && !system => return None,
            _ => {}
        }
        let wide = (scope.is_empty() || system) && !self.narrow;
        Some(if wide { self.danger.cluster } else { self.danger.namespace })
    }
}

fn hit(rights: &Rights<'_>, danger: &'static Danger, right: &Right, rule: &Rule) -> Option<Hit> {
    let names = names(rights, right, rule)?;
    let mut verbs = Vec::new();
    let mut resources = Vec::new();
    for resource in right.resources {
        for verb in right.verbs {
            // Who creates an object does not say its name, and who deletes many does not.
            let nameless = (*verb == "create" && !resource.contains('/')) || *verb == "deletecollection";
            let allowed = names.iter().any(|name| {
                let name = if nameless { "" } else { name };
                rule.allows(verb, target(right.group, resource, "", name))
            });
            if allowed {
                verbs.push(*verb);
                resources.push(*resource);
            }
        }
    }
    let (verbs, resources) = (once(verbs), once(resources));
    let narrow = !rule.names.is_empty() && right.names == Names::Less;
    let what = format!("{} {}", verbs.join(","), named(resources.iter().map(|r| (*r).to_owned())));
    (!verbs.is_empty()).then_some(Hit { danger, reach: right.reach, narrow, what })
}

/// The names to ask for; `None` when a rule is limited to names that are fine.
fn names<'r>(rights: &Rights<'_>, right: &Right, rule: &'r Rule) -> Option<Vec<&'r str>> {
    let all = || rule.names.iter().map(|name| name.as_str());
    if rule.names.is_empty() {
        return Some(vec![""]);
    }
    let names: Vec<&str> = match right.names {
        Names::Fine => Vec::new(),
        Names::Less | Names::Same => all().collect(),
        Names::Among(bad) => all().filter(|name| bad.contains(name)).collect(),
        Names::Admins => all().filter(|name| rights.gives_everything(name)).collect(),
    };
    (!names.is_empty()).then_some(names)
}

fn once(texts: Vec<&str>) -> Vec<&str> {
    let mut seen = Vec::new();
    texts.into_iter().for_each(|text| {
        if !seen.contains(&text) {
            seen.push(text);
        }
    });
    seen
}

/// Whom bindings mean, with the bindings.
pub(super) fn bound_to<'b>(bindings: impl Iterator<Item = &'b Bound<'b>>) -> String {
    let shown = bindings.map(|bound| {
        let whom = named(bound.principals().map(|whom| whom.to_string()));
        format!("{whom} ({})", bound.shown())
    });
    named(shown)
}

/// The first of them, each once, and how many more there are.
pub(super) fn named(all: impl Iterator<Item = String>) -> String {
    let mut known = HashSet::new();
    let all: Vec<String> = all.filter(|one| known.insert(one.clone())).collect();
    let mut shown: Vec<&str> = all.iter().take(MOST_NAMED).map(String::as_str).collect();
    let more = all.len().saturating_sub(MOST_NAMED);
    let tail = format!("+{more}");
    if more > 0 {
        shown.push(&tail);
    }
    shown.join(", ")
}
