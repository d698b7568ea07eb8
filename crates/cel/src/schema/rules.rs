//! The rules of a schema, compiled, and run over objects.
//!
//! Entry points: [`Rules::of`] and [`Rules::validate`].

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use api::Value;
use api::field::{Errors, Path};

use super::compile::{Compiled, Compiler};
use super::correlate::{self, Pair};
use super::decl::Decl;
use super::judge::Judge;
use super::{Rule, Structural};
use crate::ast::Name;
use crate::eval::Activation;
use crate::shape::Shape;

/// All rules of a schema; share them between threads.
///
/// ```
/// use cel::schema::Rules;
///
/// let schema = api::object! {
///     "type" => "object",
///     "properties" => api::object! { "spec" => api::object! {
///         "type" => "object",
///         "properties" => api::object! { "min" => api::object! { "type" => "integer" } },
///         "x-kubernetes-validations" => vec![api::object! { "rule" => "self.min >= oldSelf.min" }],
///     } },
/// };
/// let rules = Rules::of(&schema).unwrap();
/// let object = |min: i64| api::object! { "spec" => api::object! { "min" => min } };
/// let outcome = rules.validate(&object(1), Some(&object(2)), cel::environment::REQUEST_BUDGET, None);
/// assert_eq!(outcome.errors.to_string(), "spec: Invalid value: failed rule: self.min >= oldSelf.min");
/// ```
#[derive(Debug)]
pub struct Rules(Node);

/// What comes of running rules over an object.
#[derive(Debug)]
pub struct Outcome {
    /// Why the object is refused.
    pub errors: Errors,
    /// What is wrong, but was before and did not change.
    pub warnings: Vec<String>,
    /// What is left of the budget; `None` when it was spent before the end.
    pub budget: Option<u64>,
}

/// The rules at a place of a schema and below.
#[derive(Debug)]
pub(super) struct Node {
    pub schema: Arc<Structural>,
    pub shape: Shape,
    pub rules: Vec<(Rule, Compiled)>,
    /// The variables of the rules, without values.
    pub variables: Activation<'static>,
    /// There are rules but no declaration they could be compiled with.
    pub undeclared: bool,
    items: Option<Box<Node>>,
    properties: HashMap<Name, Node>,
    additional: Option<Box<Node>>,
    all_of: Vec<Node>,
}

impl Rules {
    /// Compiles the rules of a custom resource's schema; `None` when there are none.  A rule that does not compile fails
    /// for every object.
    pub fn of(schema: &Value) -> Option<Self> {
        let schema = Arc::new(Structural::read(schema));
        if !schema.has_rules() {
            return None;
        }
        Node::of(&schema, &schema, true, Decl::of(&schema, true).as_ref()).map(Self)
    }

    /// Runs all rules over an object, of a change when there is an old one, spending at most `budget`.
    pub fn validate(
        &self,
        new: &Value,
        old: Option<&Value>,
        budget: u64,
        cancel: Option<&AtomicBool>,
    ) -> Outcome {
        let mut judge = Judge::new(budget, cancel);
        let pair = old.map(|old| Pair::new(&self.0.schema, new, old));
        let correlation = Correlation { current: pair.as_ref(), nearest: None };
        self.0.walk(&Path::root(), new, old, correlation, &mut judge);
        judge.outcome()
    }
}

/// The part before the change, as far as it is known which it is.
#[derive(Clone, Copy)]
pub(super) struct Correlation<'c, 'a> {
    current: Option<&'c Pair<'a>>,
    nearest: Option<&'c Pair<'a>>,
}

impl<'c, 'a> Correlation<'c, 'a> {
    const NONE: Self = Self { current: None, nearest: None };

    /// Whether nothing changed here, so that what is wrong was wrong before.
    pub(super) fn unchanged(self) -> bool {
        self.current.or(self.nearest).is_some_and(Pair::same)
    }

    /// What is inside, given what of it is known.
    fn inside<'d>(self, pair: Option<&'d Pair<'a>>) -> Correlation<'d, 'a>
    where
        'c: 'd,
    {
        match self.current {
            Some(current) => Correlation { current: pair, nearest: Some(current) },
            None => self,
        }
    }

    fn is_root(self) -> bool {
        self.current.is_some() && self.nearest.is_none()
    }
}

impl Node {
    /// The rules of `rules` for data of `schema`.
    fn of(
        rules: &Structural,
        schema: &Arc<Structural>,
        resource: bool,
        decl: Option<&Arc<Decl>>,
    ) -> Option<Self> {
        let (compiled, variables) = match decl {
            Some(decl) if !rules.rules.is_empty() => {
                let compiler = Compiler::new(decl);
                let compiled = |rule: &Rule| (rule.clone(), compiler.rule(rule, schema));
                (rules.rules.iter().map(compiled).collect(), compiler.variables())
            }
            _ => (Vec::new(), Activation::default()),
        };
        let element = decl.and_then(|decl| decl.element());
        let inner = |rules: Option<&Arc<Structural>>, schema: Option<&Arc<Structural>>| {
            let (rules, schema) = rules.zip(schema)?;
            Node::of(rules, schema, schema.embedded, element).map(Box::new)
        };
        let node = Self {
            shape: Shape::of(schema, resource),
            undeclared: decl.is_none() && !rules.rules.is_empty(),
            rules: compiled,
            variables,
            items: inner(rules.items.as_ref(), schema.items.as_ref()),
            properties: properties(rules, schema, decl),
            additional: inner(rules.additional.schema(), schema.additional.schema()),
            all_of: rules.all_of.iter().filter_map(|part| Node::of(part, schema, resource, decl)).collect(),
            schema: schema.clone(),
        };
        node.says_something().then_some(node)
    }

    fn says_something(&self) -> bool {
        self.undeclared
            || !self.rules.is_empty()
            || self.items.is_some()
            || self.additional.is_some()
            || !self.properties.is_empty()
            || !self.all_of.is_empty()
    }

    /// Runs the rules over a value and what is in it; a value that is `null` has none.
    fn walk(
        &self,
        at: &Path,
        new: &Value,
        old: Option<&Value>,
        correlation: Correlation<'_, '_>,
        judge: &mut Judge<'_>,
    ) {
        if new.is_null() {
            return;
        }
        judge.rules(self, at, new, old.filter(|old| !old.is_null()), correlation);
        for part in &self.all_of {
            if judge.is_over() {
                return;
            }
            // What other schemas demand in addition is not forgiven for being so before.
            let correlation = Correlation { current: None, ..correlation };
            part.walk(at, new, old, correlation, judge);
        }
        match new {
            Value::Array(items) if !judge.is_over() => {
                self.walk_items(at, items, old, correlation, judge);
            }
            Value::Object(members) if !judge.is_over() => {
                self.walk_members(at, members, old, correlation, judge);
            }
            _ => {}
        }
    }

    fn walk_items(
        &self,
        at: &Path,
        items: &[Value],
        old: Option<&Value>,
        correlation: Correlation<'_, '_>,
        judge: &mut Judge<'_>,
    ) {
        let Some(node) = &self.items else { return };
        let old = old.and_then(Value::as_array).unwrap_or_default();
        let before = correlate::Keyed::new(&self.schema, old);
        for (i, item) in items.iter().enumerate() {
            let old = before.find(item);
            let pair = correlation.current.and_then(|current| current.item(i));
            node.walk(&at.index(i), item, old, correlation.inside(pair.as_ref()), judge);
            if judge.is_over() {
                return;
            }
        }
    }

    fn walk_members(
        &self,
        at: &Path,
        members: &api::Map,
        old: Option<&Value>,
        correlation: Correlation<'_, '_>,
        judge: &mut Judge<'_>,
    ) {
        let old = old.filter(|_| self.schema.correlates_members());
        let mut member = |node: &Node, path: Path, name: &str, value: &Value| {
            let pair = correlation.current.and_then(|current| current.member(name));
            // Versions are converted before they are compared, so that a change of these two is not seen.
            let unseen = correlation.is_root() && matches!(name, "apiVersion" | "kind");
            let inside = if unseen { Correlation::NONE } else { correlation.inside(pair.as_ref()) };
            node.walk(&path, value, old.and_then(|old| old.get(name)), inside, judge);
            !judge.is_over()
        };
        if let Some(node) = &self.additional
            && !members.iter().all(|(name, value)| member(node, at.key(name), name, value))
        {
            return;
        }
        for (name, value) in members.iter() {
            if let Some(node) = self.properties.get(name)
                && !member(node, at.child(name), name, value)
            {
                return;
            }
        }
    }
}

fn properties(rules: &Structural, schema: &Structural, decl: Option<&Arc<Decl>>) -> HashMap<Name, Node> {
    let node = |(name, rules): (&Name, &Arc<Structural>)| {
        let property = schema.properties.get(name)?;
        let own;
        let declared = if crate::escape::escape(name).is_some() {
            // What expressions cannot see is not looked at.
            decl?.property(name)?
        } else {
            own = Decl::of(property, property.embedded)?;
            &own
        };
        Some((name.clone(), Node::of(rules, property, property.embedded, Some(declared))?))
    };
    rules.properties.iter().filter_map(node).collect()
}
