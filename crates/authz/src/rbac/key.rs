//! What a question is looked up by: hashes of its parts, made once, combined into one number for each way a rule may
//! be written.
//!
//! Strings are not compared again when a number is found.  That is sound because a number has 128 bits and comes from
//! a hash keyed with secrets of this process: to make two different questions meet is as hard as guessing a key.

use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};

use api::Str;

use super::escalation::Permission;
use super::rule::{Rule, url_prefix};
use crate::authorizer::{Attributes, Target};

/// Makes the hashes: two, with keys of their own.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    states: [RandomState; 2],
    /// The hash of `*`.
    star: Part,
}

/// The hash of one string, or the number for one verb on one resource or path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part(u64, u64);

/// A number for one verb on one resource or path.
pub(super) type AtomKey = Part;

/// A hasher for keys that are hashes already.
pub(super) type AsIs = BuildHasherDefault<AsIsHasher>;

/// Which ways of writing occur in a set of rules; other ways need not be looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// `*` as a verb, as a group, as a resource; `*/subresource`; rules with names; rules without.
    pub flags: [bool; 6],
    /// Lengths of path prefixes, ascending, each once.
    pub prefixes: Vec<usize>,
}

/// A question, hashed: a request, or whether a permission is covered.
///
/// A permission is asked as if it were a request, and a wildcard in it as if it were a name; so only the same wildcard
/// covers it, which is just what covering means.
pub(super) struct Query<'a> {
    /// The path, `""` for a resource.
    pub path: &'a str,
    /// The verb and `*`.
    pub verb: [Part; 2],
    /// `None` for a path.
    pub resource: Option<ResourceParts>,
    pub keys: &'a Keys,
}

/// A resource, hashed.
pub(super) struct ResourceParts {
    /// The group and `*`.
    pub group: [Part; 2],
    /// The resource with its subresource, `*`, and `*/subresource` (the first again when there is none).
    pub resource: [Part; 3],
    /// Any name, and the name.
    pub name: [Part; 2],
}

/// Stands for "any name" where a rule has no names.
const ANY_NAME: Part = Part(0x9e37_79b9_7f4a_7c15, 0xf39c_c060_5ced_c835);
const EXACT_PATH: Part = Part(2, 2);
const PREFIX_PATH: Part = Part(3, 3);

impl Keys {
    /// Keys with secrets of this process.
    pub fn new() -> Self {
        let mut keys = Self { states: [RandomState::new(), RandomState::new()], star: Part(0, 0) };
        keys.star = keys.part("*");
        keys
    }

    /// The hash of a string.
    pub fn part(&self, text: &str) -> Part {
        let [a, b] = &self.states;
        Part(a.hash_one(text), b.hash_one(text))
    }

    /// The numbers of everything that a rule allows.
    pub fn atoms(&self, rule: &Rule, mut each: impl FnMut(AtomKey)) {
        let parts = |list: &[Str]| list.iter().map(|s| self.part(s)).collect::<Vec<_>>();
        let (groups, resources) = (parts(&rule.groups), parts(&rule.resources));
        let names = if rule.names.is_empty() { vec![ANY_NAME] } else { parts(&rule.names) };
        for verb in parts(&rule.verbs) {
            for &group in &groups {
                for &resource in &resources {
                    names.iter().for_each(|name| each(resource_key(verb, group, resource, *name)));
                }
            }
            for url in &rule.urls {
                each(path_key(EXACT_PATH, verb, self.part(url)));
                if let Some(prefix) = url_prefix(url) {
                    each(path_key(PREFIX_PATH, verb, self.part(prefix)));
                }
            }
        }
    }

    /// Hashes a request.
    pub fn query<'a>(&'a self, attributes: &Attributes<'a>) -> Query<'a> {
        let (path, resource) = match attributes.target {
            Target::Path(path) => (path, None),
            Target::Resource(r) => {
                let name = self.part(r.name);
                ("", Some(self.resource(r.group, r.resource, r.subresource, name)))
            }
        };
        Query { path, verb: [self.part(attributes.verb), self.star], resource, keys: self }
    }

    /// Hashes the question whether a permission is covered.  One for all names is not covered by any single name.
    pub fn permission<'a>(&'a self, permission: Permission<'a>) -> Query<'a> {
        let (path, verb, resource) = match permission {
            Permission::Path { verb, path } => (path, verb, None),
            Permission::Resource { verb, group, resource, name } => {
                let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
                let name = name.map_or(ANY_NAME, |n| self.part(n));
                ("", verb, Some(self.resource(group, resource, subresource, name)))
            }
        };
        Query { path, verb: [self.part(verb), self.star], resource, keys: self }
    }

    fn resource(&self, group: &str, resource: &str, subresource: &str, name: Part) -> ResourceParts {
        let join = |resource: &str| {
            let mut text = Str::from(resource);
            text.push('/');
            text.push_str(subresource);
            self.part(&text)
        };
        let star = self.star;
        let resource = if subresource.is_empty() {
            let alone = self.part(resource);
            [alone, star, alone]
        } else {
            [join(resource), star, join("*")]
        };
        ResourceParts { group: [self.part(group), star], resource, name: [ANY_NAME, name] }
    }
}

impl Query<'_> {
    /// Shows `probe` every number that a rule of this shape allowing the question could have, until it says stop.
    pub fn any(&self, shape: &Shape, mut probe: impl FnMut(AtomKey) -> bool) -> bool {
        let [any_verb, any_group, any_resource, any_parent, named, unnamed] = shape.flags;
        let verbs = || pick(&self.verb, [true, any_verb]);
        match &self.resource {
            Some(r) => verbs().any(|verb| {
                pick(&r.group, [true, any_group]).any(|group| {
                    pick(&r.resource, [true, any_resource, any_parent]).any(|resource| {
                        pick(&r.name, [unnamed, named])
                            .any(|name| probe(resource_key(verb, group, resource, name)))
                    })
                })
            }),
            None => verbs().any(|verb| {
                probe(path_key(EXACT_PATH, verb, self.keys.part(self.path)))
                    || (self.prefixes(shape)).any(|prefix| probe(path_key(PREFIX_PATH, verb, prefix)))
            }),
        }
    }

    /// The starts of the path that a rule of this shape may have before its `*`.
    pub fn prefixes(&self, shape: &Shape) -> impl Iterator<Item = Part> {
        shape.prefixes.iter().filter_map(|n| self.path.get(..*n)).map(|prefix| self.keys.part(prefix))
    }
}

/// The parts that are wanted.
fn pick<const N: usize>(parts: &[Part; N], wanted: [bool; N]) -> impl Iterator<Item = Part> {
    parts.iter().zip(wanted).filter(|(_, wanted)| *wanted).map(|(part, _)| *part)
}

impl Shape {
    /// The shape of one rule.
    pub fn of(rule: &Rule) -> Self {
        let star = |list: &[Str]| list.iter().any(|s| s == "*");
        let mut prefixes: Vec<usize> = rule.urls.iter().filter_map(|u| url_prefix(u)).map(str::len).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        let any_parent = rule.resources.iter().any(|r| r.starts_with("*/"));
        let named = !rule.names.is_empty();
        let flags = [star(&rule.verbs), star(&rule.groups), star(&rule.resources), any_parent, named, !named];
        Self { flags, prefixes }
    }

    /// Takes in another shape.
    pub fn merge(&mut self, other: Self) {
        for (flag, more) in self.flags.iter_mut().zip(other.flags) {
            *flag |= more;
        }
        self.prefixes.extend(other.prefixes);
        self.prefixes.sort_unstable();
        self.prefixes.dedup();
    }
}

/// Parts are random already, so mixing need only tell their places apart.
fn resource_key(verb: Part, group: Part, resource: Part, name: Part) -> AtomKey {
    let mix = |v: u64, g: u64, r: u64, n: u64| {
        v.wrapping_mul(0xff51_afd7_ed55_8ccd)
            ^ g.wrapping_mul(0xc4ce_b9fe_1a85_ec53)
            ^ r.wrapping_mul(0x9fb2_1c65_1e98_df25)
            ^ n.wrapping_mul(0xd6e8_feb8_6659_fd93)
    };
    Part(mix(verb.0, group.0, resource.0, name.0), mix(verb.1, group.1, resource.1, name.1))
}

fn path_key(how: Part, verb: Part, path: Part) -> AtomKey {
    resource_key(verb, how, path, how)
}

impl Hash for Part {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// Takes a `u64` as its own hash.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AsIsHasher(u64);

impl Hasher for AsIsHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*b);
        }
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}
