//! The tree of a document to a value: aliases followed within a budget, merge keys merged, keys made strings.

use std::collections::HashSet;

use api::{Map, Str, Value};

use super::gosyntax;
use super::nodes::{Alias, Data, Id, Scalar, Tree};
use super::resolve::{Resolved, resolve};
use super::scan::Result;
use super::{MAX_DEPTH, Parsed, error};
use crate::SyntaxError;

/// Builds the value of a document.
pub(super) fn compose(tree: &Tree) -> Result<Parsed> {
    let mut composer = Composer::new(tree);
    let value = match tree.root {
        Some(root) => composer.value(root)?,
        None => Value::Null,
    };
    if let Some(error) = composer.unwritable {
        return Err(error);
    }
    let complaints = composer.complaints;
    let duplicates =
        (!complaints.is_empty()).then(|| format!("yaml: unmarshal errors:\n  {}", complaints.join("\n  ")));
    Ok(Parsed { value, duplicates })
}

/// How many keys set twice are reported at most.
const MAX_COMPLAINTS: usize = 100;

struct Composer<'a> {
    tree: &'a Tree,
    /// Nodes visited, and those of them inside aliases: together they bound what aliases may multiply.
    steps: usize,
    alias_steps: usize,
    alias_depth: usize,
    /// Aliases being followed.
    following: HashSet<Id>,
    depth: usize,
    complaints: Vec<String>,
    /// The first thing that JSON cannot express.
    unwritable: Option<SyntaxError>,
}

/// Up to so many steps nearly all of them may come from aliases.
const FREE_STEPS: usize = 400_000;
/// From so many steps on a tenth of them may.
const COSTLY_STEPS: usize = 4_000_000;

impl<'a> Composer<'a> {
    fn new(tree: &'a Tree) -> Self {
        Self {
            tree,
            steps: 1,
            alias_steps: 0,
            alias_depth: 0,
            following: HashSet::new(),
            depth: 0,
            complaints: Vec::new(),
            unwritable: None,
        }
    }

    /// Counts a visit; fails when aliases made too many of them, by goyaml's measure.
    fn step(&mut self) -> Result<()> {
        self.steps += 1;
        if self.alias_depth > 0 {
            self.alias_steps += 1;
        }
        let span = (COSTLY_STEPS - FREE_STEPS) as f64;
        let over = self.steps.clamp(FREE_STEPS, COSTLY_STEPS) - FREE_STEPS;
        let allowed = 0.99 - 0.89 * (over as f64 / span);
        if self.alias_steps > 100
            && self.steps > 1000
            && self.alias_steps as f64 > allowed * self.steps as f64
        {
            return Err(error::plain("document contains excessive aliasing"));
        }
        Ok(())
    }

    /// Steps into a collection or alias.
    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(error::plain(&format!("exceeded max depth of {MAX_DEPTH}")));
        }
        Ok(())
    }

    fn value(&mut self, id: Id) -> Result<Value> {
        self.step()?;
        match self.tree.get(id).map(|node| &node.data) {
            None => Ok(Value::Null),
            Some(Data::Scalar(scalar)) => self.scalar(scalar),
            Some(Data::Alias(alias)) => self.follow(id, alias, Self::value),
            Some(Data::Sequence(items)) => {
                self.enter()?;
                let items = items.iter().map(|item| self.value(*item)).collect::<Result<_>>()?;
                self.depth -= 1;
                Ok(Value::Array(items))
            }
            Some(Data::Mapping(_)) => {
                let mut map = Map::new();
                self.mapping(id, &mut map)?;
                map.sort();
                Ok(Value::Object(map))
            }
        }
    }

    fn scalar(&mut self, scalar: &Scalar) -> Result<Value> {
        Ok(match resolve(scalar)? {
            Resolved::Null => Value::Null,
            Resolved::Bool(b) => Value::Bool(b),
            Resolved::Int(i) => Value::Int(i),
            Resolved::Uint(u) => Value::Float(u as f64),
            Resolved::Float(f) if f.is_finite() => number(f),
            Resolved::Float(f) => {
                let name = if f.is_nan() {
                    "NaN"
                } else if f > 0.0 {
                    "+Inf"
                } else {
                    "-Inf"
                };
                self.refuse(&format!("json: unsupported value: {name}"));
                Value::Null
            }
            Resolved::Text(text) => Value::String(Str::from(text)),
        })
    }

    /// Remembers that JSON cannot express something; what YAML itself forbids comes first.
    fn refuse(&mut self, text: &str) {
        self.unwritable.get_or_insert_with(|| SyntaxError::new(text, 0));
    }

    /// Does something with what an alias stands for.
    fn follow<T>(
        &mut self,
        id: Id,
        alias: &Alias,
        then: impl FnOnce(&mut Self, Id) -> Result<T>,
    ) -> Result<T> {
        if !self.following.insert(id) {
            return Err(error::plain(&format!("anchor '{}' value contains itself", alias.name)));
        }
        self.enter()?;
        self.alias_depth += 1;
        let result = then(self, alias.target)?;
        self.alias_depth -= 1;
        self.depth -= 1;
        self.following.remove(&id);
        Ok(result)
    }

    /// Adds the members of a mapping, which was stepped on.
    fn mapping(&mut self, id: Id, map: &mut Map) -> Result<()> {
        let Some(Data::Mapping(members)) = self.tree.get(id).map(|node| &node.data) else { return Ok(()) };
        self.enter()?;
        let (pairs, _) = members.as_chunks::<2>();
        for [key, value] in pairs {
            if self.is_merge(*key) {
                self.merge(*value, map)?;
                continue;
            }
            self.step()?;
            let name = self.key(*key, *value)?;
            let member = self.value(*value)?;
            let Some(name) = name else { continue };
            if map.contains_key(&name) {
                self.complain(*key, *value);
            }
            map.insert(name, member);
        }
        self.depth -= 1;
        Ok(())
    }

    fn is_merge(&self, key: Id) -> bool {
        match self.tree.get(key).map(|node| &node.data) {
            Some(Data::Scalar(key)) => {
                key.text == "<<" && (key.implicit || key.tag.as_deref() == Some("tag:yaml.org,2002:merge"))
            }
            _ => false,
        }
    }

    /// Adds what a merge key (`<<`) names: a mapping or several, of which earlier ones win.
    fn merge(&mut self, id: Id, map: &mut Map) -> Result<()> {
        match self.tree.get(id).map(|node| &node.data) {
            Some(Data::Sequence(items)) => items.iter().rev().try_for_each(|item| self.merge_one(*item, map)),
            _ => self.merge_one(id, map),
        }
    }

    fn merge_one(&mut self, id: Id, map: &mut Map) -> Result<()> {
        let no_map = || Err(error::plain("map merge requires map or sequence of maps as the value"));
        match self.tree.get(id).map(|node| &node.data) {
            Some(Data::Mapping(_)) => {
                self.step()?;
                self.mapping(id, map)
            }
            Some(Data::Alias(alias)) => {
                if !matches!(self.tree.get(alias.target).map(|node| &node.data), Some(Data::Mapping(_))) {
                    return no_map();
                }
                self.step()?;
                self.follow(id, alias, |composer, target| {
                    composer.step()?;
                    composer.mapping(target, map)
                })
            }
            _ => no_map(),
        }
    }

    /// The name of a member, `None` when it cannot have one in JSON.
    fn key(&mut self, id: Id, value: Id) -> Result<Option<Str>> {
        let mut target = id;
        while let Some(Data::Alias(alias)) = self.tree.get(target).map(|node| &node.data) {
            target = alias.target;
        }
        let Some(Data::Scalar(scalar)) = self.tree.get(target).map(|node| &node.data) else {
            return Err(gosyntax::invalid_key(&gosyntax::node(self.tree, id)?));
        };
        Ok(Some(match resolve(scalar)? {
            Resolved::Text(text) => Str::from(text),
            Resolved::Int(i) => Str::from(i.to_string()),
            Resolved::Bool(b) => Str::from(b.to_string()),
            Resolved::Float(f) => Str::from(gosyntax::short_float(f)),
            other @ (Resolved::Null | Resolved::Uint(_)) => {
                let name = if other == Resolved::Null { "%!s(<nil>)" } else { "uint64" };
                let (key, value) = (gosyntax::top(self.tree, id)?, gosyntax::top(self.tree, value)?);
                self.refuse(&format!("unsupported map key of type: {name}, key: {key}, value: {value}"));
                return Ok(None);
            }
        }))
    }

    fn complain(&mut self, key: Id, value: Id) {
        if self.complaints.len() < MAX_COMPLAINTS
            && let (Some(node), Ok(key)) = (self.tree.get(value), gosyntax::top(self.tree, key))
        {
            self.complaints.push(format!("line {}: key {key} already set in map", node.line + 1));
        }
    }
}

/// A float as it comes back from JSON, which writes whole numbers without a fraction.
pub(super) fn number(f: f64) -> Value {
    let whole = f.trunc() == f && f.abs() < 9_223_372_036_854_775_808.0;
    if whole { Value::Int(f as i64) } else { Value::Float(f) }
}
