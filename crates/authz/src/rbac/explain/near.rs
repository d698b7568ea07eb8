//! What would nearly have allowed a question that nothing allows.
//!
//! Entry point: [`misses`].  It looks at everything that anybody holds, once; grants that miss alike are told together.

use std::collections::HashMap;
use std::sync::Arc;

use api::field::go_quote;
use api::selector::LabelSelector;

use super::difference::{Difference, differences, list};
use super::spelling::{self, Alike};
use super::{Labels, Who};
use crate::authorizer::{Attributes, Target};
use crate::explain::{MOST_MISSES, Miss, MissKind, MissedGrant};
use crate::rbac::held::{Held, RoleId};
use crate::rbac::key::Query;
use crate::rbac::object::{Binding, Role, RoleKey, RoleKind};
use crate::rbac::snapshot::Snapshot;

/// How many ways of missing are kept apart while looking.
const MOST_KEPT: usize = 4096;
/// How many bindings, groups or namespaces are named one by one.
const EXAMPLES: usize = 3;

/// What nearly allows, nearest first.
pub(super) fn misses(snapshot: &Snapshot, attributes: &Attributes) -> Vec<Miss> {
    let mut search =
        Search { snapshot, attributes, query: snapshot.keys.query(attributes), found: HashMap::new() };
    snapshot.each_held(|namespace, who, held| search.look(namespace, who, held));
    search.nearest()
}

struct Search<'a> {
    snapshot: &'a Snapshot,
    attributes: &'a Attributes<'a>,
    query: Query<'a>,
    found: HashMap<Key, Candidate>,
}

/// What is told together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    differs: Vec<MissKind>,
    role: RoleId,
    /// The rule, or for an aggregated role the one it should have selected.
    part: usize,
    /// Empty where many are told together.
    subject: String,
}

struct Candidate {
    /// What is wrong with rule or role, in words.
    texts: Vec<String>,
    rule: Option<usize>,
    examples: Vec<Arc<Binding>>,
    bindings: usize,
    subjects: Vec<String>,
    subject_count: usize,
    /// It would allow much more than was asked.
    is_wide: bool,
}

/// How somebody who holds roles relates to the user.
enum Relation {
    Same,
    Near(MissKind, String),
    Group,
}

impl Search<'_> {
    fn relation(&self, who: Who) -> Option<Relation> {
        let user = self.attributes.user;
        if who.group {
            if user.in_group(who.name) {
                return Some(Relation::Same);
            }
            if who.name == user.name {
                let text =
                    format!("the binding is for a group named {}, which is a user", go_quote(who.name));
                return Some(Relation::Near(MissKind::SubjectName, text));
            }
            let near = user.groups.iter().find_map(|g| Some((g, spelling::alike(g, who.name)?)));
            return Some(match near {
                Some((group, how)) if how != Alike::Account => {
                    let text = near_text("group", who.name, group, how);
                    Relation::Near(MissKind::SubjectName, text)
                }
                _ => Relation::Group,
            });
        }
        if who.name == user.name {
            return Some(Relation::Same);
        }
        if user.in_group(who.name) {
            let text = format!("the binding is for a user named {}, which is a group", go_quote(who.name));
            return Some(Relation::Near(MissKind::SubjectName, text));
        }
        let how = spelling::alike(&user.name, who.name)?;
        let kind = if how == Alike::Account { MissKind::AccountNamespace } else { MissKind::SubjectName };
        Some(Relation::Near(kind, near_text("user", who.name, &user.name, how)))
    }

    fn look(&mut self, namespace: &str, who: Who, held: &Held) {
        let Some(relation) = self.relation(who) else { return };
        let asked = self.attributes.namespace();
        let fits = namespace.is_empty() || namespace == asked;
        if !fits && !matches!(relation, Relation::Same) {
            return;
        }
        let scope = (!fits).then(|| self.scope_difference());
        held.each(|id, bindings| match &relation {
            Relation::Same => self.same(id, bindings, scope),
            Relation::Near(kind, text) => self.other(id, bindings, who, *kind, text),
            Relation::Group => self.other(id, bindings, who, MissKind::GroupNotCarried, ""),
        });
    }

    fn scope_difference(&self) -> MissKind {
        let cluster = self.attributes.namespace().is_empty();
        if cluster || matches!(self.attributes.target, Target::Path(_)) {
            MissKind::OnlyInNamespace
        } else {
            MissKind::OtherNamespace
        }
    }

    /// The user holds the role, here or elsewhere.
    fn same(&mut self, id: RoleId, bindings: &[Arc<Binding>], scope: Option<MissKind>) {
        let Some(slot) = self.snapshot.slots.get(id as usize) else { return };
        let Some(role) = slot.role.clone() else {
            if scope.is_none() {
                let text = self.missing_text(&slot.key);
                self.keep(id, bindings, vec![(MissKind::RoleMissing, text)], None, false, "");
            }
            return;
        };
        if let Some(rule) = role.table.find(&self.query) {
            if let Some(kind) = scope {
                self.keep(id, bindings, vec![(kind, String::new())], Some(rule), is_wide(&role, rule), "");
            }
            return;
        }
        for (position, rule) in role.rules.iter().enumerate() {
            let Some(mut found) = differences(rule, self.attributes) else { continue };
            found.extend(scope.map(|kind| (kind, String::new())));
            if found.len() <= 2 {
                self.keep(id, bindings, found, Some(position), is_wide(&role, position), "");
            }
        }
        if scope.is_none() {
            self.not_aggregated(id, &role, bindings);
        }
    }

    /// Somebody else holds the role here.
    fn other(&mut self, id: RoleId, bindings: &[Arc<Binding>], who: Who, kind: MissKind, text: &str) {
        let role = self.snapshot.slots.get(id as usize).and_then(|s| s.role.clone());
        let Some(role) = role else { return };
        let Some(rule) = role.table.find(&self.query) else { return };
        let is_wide = is_wide(&role, rule) || who.name.starts_with("system:");
        self.keep(id, bindings, vec![(kind, text.to_owned())], Some(rule), is_wide, who.name);
    }

    /// The user holds an aggregated role that a fitting one is nearly part of.
    fn not_aggregated(&mut self, id: RoleId, role: &Role, bindings: &[Arc<Binding>]) {
        let Some(labels) = self.snapshot.labels_of(&role.key) else { return };
        let Some(selectors) = &labels.selectors else { return };
        let selectors: Vec<LabelSelector> =
            selectors.iter().filter_map(|s| LabelSelector::from_object(s).ok()).collect();
        for (part, source) in self.snapshot.slots.iter().enumerate() {
            let Some(source) = source.role.as_ref().filter(|r| r.key.kind == RoleKind::ClusterRole) else {
                continue;
            };
            if source.key == role.key || source.table.find(&self.query).is_none() {
                continue;
            }
            let Some(text) = near_selector(&selectors, role, source, self.snapshot.labels_of(&source.key))
            else {
                continue;
            };
            let key = self.key(id, &[MissKind::NotAggregated], part, "");
            self.put(key, bindings, vec![text], None, false, "");
        }
    }

    fn missing_text(&self, key: &RoleKey) -> String {
        let elsewhere = match &key.kind {
            RoleKind::ClusterRole => None,
            RoleKind::Role => {
                let cluster =
                    RoleKey { kind: RoleKind::ClusterRole, namespace: "".into(), name: key.name.clone() };
                let there = |k: &RoleKey| {
                    k.name == key.name && k.kind == RoleKind::Role && k.namespace != key.namespace
                };
                if self.snapshot.role(&cluster).is_some() {
                    Some("; there is a ClusterRole of that name".to_owned())
                } else {
                    let found = self.snapshot.slots.iter().find(|s| s.role.is_some() && there(&s.key));
                    found.map(|s| format!("; there is one in namespace {}", go_quote(&s.key.namespace)))
                }
            }
            RoleKind::Other(_) => Some("; a binding can refer to a Role or a ClusterRole only".to_owned()),
        };
        format!("{} does not exist{}", describe(key), elsewhere.unwrap_or_default())
    }

    fn keep(
        &mut self,
        id: RoleId,
        bindings: &[Arc<Binding>],
        found: Vec<Difference>,
        rule: Option<usize>,
        is_wide: bool,
        subject: &str,
    ) {
        let (mut differs, texts): (Vec<MissKind>, Vec<String>) = found.into_iter().unzip();
        differs.sort_unstable();
        let told_together = differs == [MissKind::GroupNotCarried];
        let key = self.key(id, &differs, rule.unwrap_or(0), if told_together { "" } else { subject });
        self.put(key, bindings, texts, rule, is_wide, subject);
    }

    fn key(&self, role: RoleId, differs: &[MissKind], part: usize, subject: &str) -> Key {
        Key { differs: differs.to_vec(), role, part, subject: subject.to_owned() }
    }

    fn put(
        &mut self,
        key: Key,
        bindings: &[Arc<Binding>],
        texts: Vec<String>,
        rule: Option<usize>,
        is_wide: bool,
        subject: &str,
    ) {
        if self.found.len() >= MOST_KEPT && !self.found.contains_key(&key) {
            return;
        }
        let texts = texts.into_iter().filter(|t| !t.is_empty()).collect();
        let candidate = self.found.entry(key).or_insert_with(|| Candidate {
            texts,
            rule,
            examples: Vec::new(),
            bindings: 0,
            subjects: Vec::new(),
            subject_count: 0,
            is_wide: true,
        });
        candidate.is_wide &= is_wide;
        for binding in bindings {
            // One that is for several groups comes once for each of them.
            let known = candidate.examples.iter().any(|b| Arc::ptr_eq(b, binding));
            candidate.bindings += usize::from(!known);
            candidate.examples.extend((!known).then(|| Arc::clone(binding)));
        }
        candidate.examples.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        candidate.examples.truncate(EXAMPLES);
        if !subject.is_empty() {
            candidate.subject_count += 1;
            candidate.subjects.push(subject.to_owned());
            candidate.subjects.sort_unstable();
            candidate.subjects.truncate(EXAMPLES);
        }
    }

    fn nearest(self) -> Vec<Miss> {
        let mut ranked: Vec<(Key, Candidate)> = self.found.into_iter().collect();
        let name = |id: RoleId| self.snapshot.role_of(id).map(|k| k.as_ref().clone());
        ranked.sort_by_cached_key(|(key, c)| {
            let rank = (key.differs.len(), key.differs.clone());
            (c.is_wide, rank, name(key.role), key.part, key.subject.clone())
        });
        // Who may do everything is no news beside what is nearer.
        if ranked.first().is_some_and(|(_, c)| !c.is_wide) {
            ranked.retain(|(_, c)| !c.is_wide);
        }
        ranked.truncate(MOST_MISSES);
        let miss = |(key, candidate): (Key, Candidate)| {
            let role = self.snapshot.role_of(key.role)?;
            let text = text(&key, &candidate, role);
            let rules = self.snapshot.role(role).map(|r| r.rules.as_slice()).unwrap_or_default();
            let rule = candidate.rule.and_then(|at| Some((at, Arc::clone(rules.get(at)?))));
            let Candidate { examples, bindings, .. } = candidate;
            let grant = MissedGrant { examples, bindings, role: Arc::clone(role), rule };
            Some(Miss { differs: key.differs, text, grant: Some(grant) })
        };
        ranked.into_iter().filter_map(miss).collect()
    }
}

/// Grants that allow everything would allow this, too; nobody forgot them.
fn is_wide(role: &Role, rule: usize) -> bool {
    let star = |list: &[api::Str]| list.iter().any(|s| s == "*");
    role.rules.get(rule).is_some_and(|r| {
        let resources = star(&r.resources) && star(&r.groups);
        resources || star(&r.urls)
    })
}

/// Says why an aggregated role does not have the rules of another one that it nearly selects.
fn near_selector(
    selectors: &[LabelSelector],
    role: &Role,
    source: &Role,
    labels: Option<&Arc<Labels>>,
) -> Option<String> {
    let labels = labels.map(|l| &l.labels);
    if selectors.iter().any(|s| s.matches_map(labels)) {
        // Selected, but not taken in yet.
        return Some(format!(
            "{} is selected by {}, whose rules do not have it yet",
            describe(&source.key),
            describe(&role.key)
        ));
    }
    let has = |wanted: &str, how: &dyn Fn(&str) -> bool| {
        labels
            .into_iter()
            .flat_map(api::Map::iter)
            .find(|(key, _)| *key == wanted || how(key))
            .map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or("")))
    };
    for requirement in selectors.iter().flat_map(|s| s.requirements().unwrap_or_default()) {
        let label = has(&requirement.key, &|key| spelling::alike(key, &requirement.key).is_some());
        let named = is_part(&role.key.name, &source.key.name) && !source.key.name.starts_with("system:");
        let it = describe(&source.key);
        let wanted = format!("{}={}", requirement.key, list(&requirement.values));
        let selects = format!("{} takes in cluster roles with {wanted}", describe(&role.key));
        if let Some(label) = label {
            return Some(format!("{it} allows this and has the label {label}; {selects}"));
        }
        if named {
            return Some(format!("{it} allows this and has no such label; {selects}"));
        }
    }
    None
}

/// True when one of the words of `name` is `part`.
fn is_part(part: &str, name: &str) -> bool {
    name.split(['-', ':', '.', '_']).any(|word| word == part)
}

fn near_text(what: &str, bound: &str, asking: &str, how: Alike) -> String {
    let (bound, asking) = (go_quote(bound), go_quote(asking));
    match how {
        Alike::Case => {
            format!("the binding is for {what} {bound}, the request comes from {asking}: case counts")
        }
        Alike::Prefix => {
            format!("the binding is for {what} {bound}, the request comes from {asking}: prefixes count")
        }
        Alike::Domain => {
            format!("the binding is for {what} {bound}, the request comes from {asking}: domains count")
        }
        Alike::Letter => format!("the binding is for {what} {bound}, the request comes from {asking}"),
        Alike::Account => {
            format!("the binding is for {bound}, the request comes from {asking}: the namespaces differ")
        }
    }
}

pub(super) fn describe(role: &RoleKey) -> String {
    match &role.kind {
        RoleKind::Role => format!("Role {}", go_quote(&format!("{}/{}", role.namespace, role.name))),
        RoleKind::ClusterRole => format!("ClusterRole {}", go_quote(&role.name)),
        RoleKind::Other(kind) => format!("{kind} {}", go_quote(&role.name)),
    }
}

fn describe_binding(binding: &Binding) -> String {
    match binding.namespace.as_str() {
        "" => format!("ClusterRoleBinding {}", go_quote(&binding.name)),
        namespace => format!("RoleBinding {}", go_quote(&format!("{namespace}/{}", binding.name))),
    }
}

/// A few names, and how many more there are.
fn few(names: impl Iterator<Item = String>, count: usize) -> String {
    let mut names: Vec<String> = names.take(EXAMPLES).collect();
    let more = count.saturating_sub(names.len());
    if more > 0 {
        names.push(format!("{more} more"));
    }
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

fn text(key: &Key, candidate: &Candidate, role: &RoleKey) -> String {
    let held = few(candidate.examples.iter().map(|b| describe_binding(b)), candidate.bindings);
    let (grant, refer) = if candidate.bindings == 1 { ("grants", "refers") } else { ("grant", "refer") };
    let role = describe(role);
    let wrong = candidate.texts.join("; ");
    let namespaces = || few(candidate.examples.iter().map(|b| go_quote(&b.namespace)), candidate.bindings);
    match key.differs.as_slice() {
        [MissKind::OtherNamespace] => {
            format!("{held} {grant} {role}, which allows this, but in namespace {} only", namespaces())
        }
        [MissKind::OnlyInNamespace] => format!(
            "{held} {grant} {role}, which allows this, but only within namespace {}; a ClusterRoleBinding would have to",
            namespaces()
        ),
        [MissKind::RoleMissing] => format!("{held} {refer} to a role that is not there: {wrong}"),
        [MissKind::NotAggregated] => wrong,
        [MissKind::SubjectName | MissKind::AccountNamespace] => {
            format!("{held} {grant} {role}, which allows this, but {wrong}")
        }
        [MissKind::GroupNotCarried] => {
            let groups = few(candidate.subjects.iter().map(|g| go_quote(g)), candidate.subject_count);
            format!("{held} {grant} {role}, which allows this, to group {groups}; the user is not in it")
        }
        [MissKind::OtherNamespace | MissKind::OnlyInNamespace, ..] => {
            format!("{held} {grant} {role}, in namespace {} only, and {wrong}", namespaces())
        }
        _ => format!("{held} {grant} {role}, but {wrong}"),
    }
}
