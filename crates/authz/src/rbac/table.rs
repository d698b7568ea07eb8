//! The rules of one role, compiled for lookup.
//!
//! Entry points: [`Table::compile`], [`Table::find`].  A rule is expanded into all its combinations of verb, group,
//! resource and name as long as these are few for its size; the odd rule that multiplies out is kept as sets.  So a
//! table is never much larger than the role it comes from.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use api::Str;

use super::key::{AsIs, AtomKey, Keys, Part, Query, Shape};
use super::rule::{Rule, url_prefix};

/// How many combinations a rule may expand to for each string in it.
const COMBINATIONS_PER_STRING: usize = 16;

/// The compiled rules of a role; positions are those in the role's list of rules.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The first rule that gave each combination.
    atoms: HashMap<AtomKey, u32, AsIs>,
    wide: Vec<Wide>,
    shape: Shape,
}

type Set = HashSet<Part, AsIs>;

#[derive(Debug)]
struct Wide {
    rule: u32,
    verbs: Set,
    groups: Set,
    resources: Set,
    names: Set,
    paths: Set,
    prefixes: Set,
    shape: Shape,
}

impl Table {
    /// Compiles rules.
    pub fn compile(keys: &Keys, rules: &[Arc<Rule>]) -> Self {
        let mut table = Self::default();
        for (position, rule) in (0u32..).zip(rules) {
            if combinations(rule) > rule.strings().saturating_mul(COMBINATIONS_PER_STRING) {
                table.wide.push(Wide::new(keys, position, rule));
            } else {
                table.shape.merge(Shape::of(rule));
                keys.atoms(rule, |key| {
                    table.atoms.entry(key).or_insert(position);
                });
            }
        }
        table
    }

    /// The position of a rule that allows what is asked.
    pub fn find(&self, query: &Query) -> Option<usize> {
        let mut found = None;
        query.any(&self.shape, |key| {
            found = self.atoms.get(&key).copied();
            found.is_some()
        });
        let found = found.or_else(|| self.wide.iter().find(|w| w.allows(query)).map(|w| w.rule));
        found.map(|i| i as usize)
    }

    /// How many combinations it holds: how much the role allows.
    pub fn breadth(&self) -> usize {
        self.atoms.len()
    }

    /// The combinations, for an index over several roles.
    pub fn atoms(&self) -> impl Iterator<Item = AtomKey> {
        self.atoms.keys().copied()
    }

    /// True when the combinations do not tell everything.
    pub fn has_wide(&self) -> bool {
        !self.wide.is_empty()
    }

    /// The ways of writing that occur in the combinations.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }
}

impl Wide {
    fn new(keys: &Keys, rule: u32, source: &Rule) -> Self {
        let set = |list: &[Str]| list.iter().map(|s| keys.part(s)).collect();
        Self {
            rule,
            verbs: set(&source.verbs),
            groups: set(&source.groups),
            resources: set(&source.resources),
            names: set(&source.names),
            paths: set(&source.urls),
            prefixes: source.urls.iter().filter_map(|u| url_prefix(u)).map(|p| keys.part(p)).collect(),
            shape: Shape::of(source),
        }
    }

    fn allows(&self, query: &Query) -> bool {
        let has = |set: &Set, parts: &[Part]| parts.iter().any(|p| set.contains(p));
        has(&self.verbs, &query.verb)
            && match &query.resource {
                Some(r) => {
                    has(&self.groups, &r.group)
                        && has(&self.resources, &r.resource)
                        && (self.names.is_empty() || has(&self.names, &r.name))
                }
                None => {
                    has(&self.paths, &[query.keys.part(query.path)])
                        || query.prefixes(&self.shape).any(|p| self.prefixes.contains(&p))
                }
            }
    }
}

fn combinations(rule: &Rule) -> usize {
    let resources =
        rule.groups.len().saturating_mul(rule.resources.len()).saturating_mul(rule.names.len().max(1));
    rule.verbs.len().saturating_mul(resources.saturating_add(rule.urls.len().saturating_mul(2)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorizer::{Attributes, ResourceTarget, Target};
    use api::user::UserInfo;

    fn find(rules: &[Arc<Rule>], verb: &str, target: Target) -> Option<usize> {
        let keys = Keys::new();
        let user = UserInfo::default();
        Table::compile(&keys, rules).find(&keys.query(&Attributes { user: &user, verb, target }))
    }

    #[test]
    fn a_rule_that_multiplies_out_is_kept_small() {
        let many = |p: &str| (0..500).map(|i| format!("{p}{i}")).collect::<Vec<_>>().join(" ");
        let rules = [
            Arc::new(Rule::resources(&many("v"), &many("g"), &many("r"))),
            Arc::new(Rule::urls(&many("v"), &many("/u/*"))),
        ];
        assert_eq!(Table::compile(&Keys::new(), &rules).breadth(), 0);
        let resource = |group, resource| {
            Target::Resource(ResourceTarget { group, resource, ..ResourceTarget::default() })
        };
        assert_eq!(find(&rules, "v499", resource("g499", "r0")), Some(0));
        assert_eq!(find(&rules, "v500", resource("g499", "r0")), None);
        assert_eq!(find(&rules, "v1", resource("g1", "r500")), None);
        assert_eq!(find(&rules, "v1", Target::Path("/u/*7")), Some(1));
        assert_eq!(find(&rules, "v1", Target::Path("/u/7")), None);
    }

    #[test]
    fn finds_the_first_rule() {
        let rules = [Rule::urls("get", "/a/* /b"), Rule::resources("get", "*", "*"), Rule::urls("*", "*")]
            .map(Arc::new);
        assert_eq!(find(&rules, "get", Target::Path("/a/é")), Some(0));
        assert_eq!(find(&rules, "put", Target::Path("/a/é")), Some(2));
        assert_eq!(find(&rules, "get", Target::Path("/é")), Some(2));
        assert_eq!(find(&rules, "list", Target::Resource(ResourceTarget::default())), None);
    }
}
