//! Names for the roles and bindings of a plan: telling, legal, never twice in one place.

use std::collections::HashSet;

use super::plan::Grantee;

/// The longest name that is made, so that suffixes stay legal.
const LONGEST: usize = 200;

/// Gives out names.
#[derive(Default)]
pub(super) struct Names {
    taken: HashSet<(&'static str, String, String)>,
}

impl Names {
    /// A name for an object of a kind in a namespace (`""`: none), as close to `wanted` as is free.
    pub fn take(&mut self, kind: &'static str, namespace: &str, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut number = 2;
        while !self.taken.insert((kind, namespace.to_owned(), name.clone())) {
            name = format!("{wanted}-{number}");
            number += 1;
        }
        name
    }
}

/// What a role for these is called: by the first of them.
pub(super) fn of_grantees(prefix: &str, grantees: &[&Grantee]) -> String {
    let first = grantees.first().map(|g| slug(&g.short())).unwrap_or_default();
    match grantees.len() {
        0 | 1 => format!("{prefix}{first}"),
        n => format!("{prefix}{first}-and-{}-more", n - 1),
    }
}

/// Only what a name of an RBAC object may hold (a path segment), and nothing that a shell minds.
fn slug(text: &str) -> String {
    let legal = |c: char| if c.is_ascii_alphanumeric() || ".:_-@".contains(c) { c } else { '-' };
    text.chars().map(legal).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_legal_and_free() {
        let user = Grantee::User("https://idp/Ann%".to_owned());
        let account = Grantee::ServiceAccount("ns".to_owned(), "bot".to_owned());
        assert_eq!(of_grantees("p:", &[&user]), "p:https:--idp-Ann-");
        assert_eq!(of_grantees("p:", &[&account, &user]), "p:ns:bot-and-1-more");
        let mut names = Names::default();
        let mut take = |namespace: &str| names.take("Role", namespace, "a");
        assert_eq!([take("x"), take("x"), take("y"), take("x")], ["a", "a-2", "a", "a-3"]);
    }
}
