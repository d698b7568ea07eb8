//! What somebody is to be granted in one scope, and the rules that say so.

use std::collections::{BTreeMap, BTreeSet};

use api::Str;
use authz::rbac::Rule;

/// The names a permission is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Names {
    /// Just these.
    Only(BTreeSet<String>),
    /// All, and none.
    Any,
}

/// API group and resource, with its subresource behind a slash.
pub(super) type ResourceKey = (String, String);

/// Permissions in one scope.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grants {
    /// Verbs by resource.
    pub resources: BTreeMap<ResourceKey, BTreeMap<String, Names>>,
    /// Paths by method; a trailing `*` stands for everything below.
    pub paths: BTreeMap<String, BTreeSet<String>>,
}

impl Names {
    fn add(&mut self, more: &Names) {
        match (&mut *self, more) {
            (Names::Any, _) => {}
            (_, Names::Any) => *self = Names::Any,
            (Names::Only(have), Names::Only(more)) => have.extend(more.iter().cloned()),
        }
    }

    /// True when everything in `other` is in this.
    pub fn covers(&self, other: &Names) -> bool {
        match (self, other) {
            (Names::Any, _) => true,
            (Names::Only(_), Names::Any) => false,
            (Names::Only(have), Names::Only(wanted)) => wanted.is_subset(have),
        }
    }
}

impl Grants {
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.paths.is_empty()
    }

    pub fn allow(&mut self, resource: &ResourceKey, verb: &str, names: &Names) {
        let verbs = self.resources.entry(resource.clone()).or_default();
        verbs.entry(verb.to_owned()).and_modify(|have| have.add(names)).or_insert_with(|| names.clone());
    }

    pub fn allow_path(&mut self, verb: &str, path: &str) {
        self.paths.entry(verb.to_owned()).or_default().insert(path.to_owned());
    }

    pub fn add(&mut self, other: &Grants) {
        for (resource, verbs) in &other.resources {
            for (verb, names) in verbs {
                self.allow(resource, verb, names);
            }
        }
        for (verb, paths) in &other.paths {
            paths.iter().for_each(|path| self.allow_path(verb, path));
        }
    }

    /// The names for which a verb on a resource is granted.
    pub fn names(&self, resource: &ResourceKey, verb: &str) -> Option<&Names> {
        self.resources.get(resource)?.get(verb)
    }

    /// The same without what `wider` grants already.
    pub fn without(&self, wider: &Grants) -> Grants {
        let mut left = Grants { paths: self.paths.clone(), ..Grants::default() };
        for (resource, verbs) in &self.resources {
            for (verb, names) in verbs {
                if !wider.names(resource, verb).is_some_and(|have| have.covers(names)) {
                    left.allow(resource, verb, names);
                }
            }
        }
        left
    }

    /// The rules that grant exactly this: as few as come of joining verbs, then resources, then groups.
    pub fn rules(&self) -> Vec<Rule> {
        // What is joined stays a full product of its parts, so that nothing is granted beside.
        let mut by_names: BTreeMap<(&ResourceKey, &Names), BTreeSet<&str>> = BTreeMap::new();
        for (resource, verbs) in &self.resources {
            for (verb, names) in verbs {
                by_names.entry((resource, names)).or_default().insert(verb);
            }
        }
        let mut by_group: BTreeMap<(&str, &Names, Vec<&str>), BTreeSet<&str>> = BTreeMap::new();
        for (((group, resource), names), verbs) in by_names {
            by_group.entry((group, names, in_order(&verbs))).or_default().insert(resource);
        }
        type Joined<'a> = (BTreeSet<&'a str>, &'a Names, Vec<&'a str>);
        let mut by_resources: BTreeMap<Joined, BTreeSet<&str>> = BTreeMap::new();
        for ((group, names, verbs), resources) in by_group {
            by_resources.entry((resources, names, verbs)).or_default().insert(group);
        }
        let mut rules: Vec<Rule> = by_resources
            .into_iter()
            .map(|((resources, names, verbs), groups)| Rule {
                verbs: texts(verbs),
                groups: texts(groups),
                resources: texts(resources),
                names: match names {
                    Names::Any => Vec::new(),
                    Names::Only(names) => texts(names.iter().map(String::as_str)),
                },
                urls: Vec::new(),
            })
            .collect();
        rules.sort_by(|a, b| {
            (&a.groups, &a.resources, &a.names, &a.verbs).cmp(&(&b.groups, &b.resources, &b.names, &b.verbs))
        });
        rules.extend(self.path_rules());
        rules
    }

    fn path_rules(&self) -> Vec<Rule> {
        let mut by_path: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (verb, paths) in &self.paths {
            paths.iter().for_each(|path| {
                by_path.entry(path).or_default().insert(verb);
            });
        }
        let mut by_verbs: BTreeMap<Vec<&str>, BTreeSet<&str>> = BTreeMap::new();
        for (path, verbs) in by_path {
            by_verbs.entry(in_order(&verbs)).or_default().insert(path);
        }
        by_verbs
            .into_iter()
            .map(|(verbs, paths)| Rule { verbs: texts(verbs), urls: texts(paths), ..Rule::default() })
            .collect()
    }
}

fn texts<'a>(list: impl IntoIterator<Item = &'a str>) -> Vec<Str> {
    list.into_iter().map(Str::from).collect()
}

/// Verbs in the order people write them.
fn in_order<'a>(verbs: &BTreeSet<&'a str>) -> Vec<&'a str> {
    const USUAL: [&str; 8] =
        ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
    let mut verbs: Vec<&str> = verbs.iter().copied().collect();
    verbs.sort_by_key(|verb| USUAL.iter().position(|usual| usual == verb).unwrap_or(USUAL.len()));
    verbs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(rows: &[(&str, &str, &str, &[&str])]) -> Grants {
        let mut grants = Grants::default();
        for (group, resource, verbs, names) in rows {
            let names = match names {
                [] => Names::Any,
                names => Names::Only(names.iter().map(ToString::to_string).collect()),
            };
            for verb in verbs.split(' ') {
                grants.allow(&((*group).to_owned(), (*resource).to_owned()), verb, &names);
            }
        }
        grants
    }

    #[test]
    fn rules_are_joined_and_stay_exact() {
        let grants = grants(&[
            ("", "events", "create patch", &[]),
            ("events.k8s.io", "events", "patch create", &[]),
            ("", "pods", "watch list get", &[]),
            ("", "services", "get list watch", &[]),
            ("", "configmaps", "get update", &["a", "b"]),
            ("", "configmaps", "create", &[]),
        ]);
        let rules: Vec<String> = grants.rules().iter().map(ToString::to_string).collect();
        assert_eq!(
            rules,
            [
                r#"{APIGroups:[""], Resources:["configmaps"], Verbs:["create"]}"#,
                r#"{APIGroups:[""], Resources:["configmaps"], ResourceNames:["a" "b"], Verbs:["get" "update"]}"#,
                r#"{APIGroups:[""], Resources:["pods" "services"], Verbs:["get" "list" "watch"]}"#,
                r#"{APIGroups:["" "events.k8s.io"], Resources:["events"], Verbs:["create" "patch"]}"#,
            ]
        );
    }

    #[test]
    fn what_is_granted_wider_goes() {
        let narrow = grants(&[("", "pods", "get delete", &[]), ("", "secrets", "get", &["x"])]);
        let wide = grants(&[("", "pods", "get", &[]), ("", "secrets", "get", &["x", "y"])]);
        assert_eq!(narrow.without(&wide), grants(&[("", "pods", "delete", &[])]));
        assert_eq!(wide.without(&narrow), grants(&[("", "secrets", "get", &["x", "y"])]));
    }
}
