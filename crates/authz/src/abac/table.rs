//! Policies by whom they are for and by what they are about.
//!
//! Entry point: [`Subjects::candidates`].  A policy stands under its user, or under its group when it names no user, and
//! there under its namespace and resource as written; so a question looks at four places for each name it carries.

use std::collections::HashMap;
use std::sync::Arc;

use api::Str;

use super::Policy;
use crate::authorizer::{Attributes, Target};

/// The tables.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    users: HashMap<Str, Held>,
    groups: HashMap<Str, Held>,
}

/// The policies of one subject, by their positions in the file's list.
#[derive(Debug, Default)]
struct Held {
    all: Vec<u32>,
    /// By namespace, then by resource.
    resources: HashMap<Str, HashMap<Str, Vec<u32>>>,
    paths: Vec<u32>,
}

impl Subjects {
    pub fn new(policies: &[Arc<Policy>]) -> Self {
        let mut subjects = Self::default();
        for (position, policy) in (0..).zip(policies) {
            let (table, name) = match (policy.user.is_empty(), policy.group.is_empty()) {
                (false, _) => (&mut subjects.users, &policy.user),
                (true, false) => (&mut subjects.groups, &policy.group),
                (true, true) => continue,
            };
            table.entry(name.clone()).or_default().add(position, policy);
        }
        subjects
    }

    /// The positions of every policy that may allow what is asked.
    pub fn candidates<'a>(&'a self, attributes: &Attributes<'a>) -> impl Iterator<Item = u32> + 'a {
        let Attributes { user, target, .. } = *attributes;
        let by_group = user.groups.iter().filter_map(|g| self.groups.get(g.as_str()));
        self.users
            .get(user.name.as_str())
            .into_iter()
            .chain(by_group)
            .flat_map(move |held| held.about(target))
    }
}

impl Held {
    fn add(&mut self, position: u32, policy: &Policy) {
        self.all.push(position);
        let namespace = self.resources.entry(policy.namespace.clone()).or_default();
        namespace.entry(policy.resource.clone()).or_default().push(position);
        if !policy.path.is_empty() {
            self.paths.push(position);
        }
    }

    fn about<'a>(&'a self, target: Target<'a>) -> impl Iterator<Item = u32> + 'a {
        let (resource, paths) = match target {
            Target::Resource(r) => (Some(r), [].as_slice()),
            // A policy without a path covers the empty one.
            Target::Path("") => (None, self.all.as_slice()),
            Target::Path(_) => (None, self.paths.as_slice()),
        };
        let places = resource.into_iter().flat_map(|r| {
            let namespaces = once_each(r.namespace).filter_map(|n| self.resources.get(n));
            namespaces.flat_map(move |n| once_each(r.resource).filter_map(|r| n.get(r)))
        });
        places.flatten().chain(paths).copied()
    }
}

/// A name and `*`, which may be the same.
fn once_each(name: &str) -> impl Iterator<Item = &str> {
    [name, "*"].into_iter().take(if name == "*" { 1 } else { 2 })
}
