//! What is wrong with the rules of a schema before there is any object.
//!
//! Entry point: [`Scope::root`], then down the schema with [`Scope::property`] and the like.

use std::sync::Arc;

use api::Value;
use api::field::{Errors, Path};

use super::compile::{Compiled, Compiler};
use super::costs::{Costs, report_one};
use super::decl::Decl;
use super::{Additional, Structural};

/// A place in a schema, and how often it may be there in an object.
#[derive(Clone, Debug)]
pub struct Scope {
    schema: Arc<Structural>,
    resource: bool,
    /// `None` where the place above has none.
    decl: Option<Arc<Decl>>,
    /// `None` when a list or map above has no bound.
    times: Option<u64>,
}

/// Where a schema stands in its definition.
#[derive(Debug)]
pub struct Place<'a> {
    /// The path of the schema.
    pub path: &'a Path,
    /// The path of the nearest schema above whose members or items before and after a change cannot be told to belong
    /// together.
    pub uncorrelated: Option<&'a Path>,
    /// Whether expressions may cost what they like, since they did before.
    pub keeps_costs: bool,
}

impl Scope {
    /// The whole schema of a version; `None` when it has no rules.
    pub fn root(json: &Value) -> Option<Self> {
        let schema = Arc::new(Structural::read(json));
        schema.has_rules().then(|| {
            let decl = Decl::of(&schema, true);
            Self { schema, resource: true, decl, times: Some(1) }
        })
    }

    /// The schema of a property.
    pub fn property(&self, name: &str) -> Option<Self> {
        let schema = self.schema.properties.get(name)?;
        Some(self.child(schema, self.decl.as_ref().and_then(|d| d.property(name))))
    }

    /// The schema of members that have no names.
    pub fn additional(&self) -> Option<Self> {
        let schema = self.schema.additional.schema()?;
        Some(self.child(schema, self.decl.as_ref().and_then(|d| d.element())))
    }

    /// The schema of items.
    pub fn items(&self) -> Option<Self> {
        let schema = self.schema.items.as_ref()?;
        Some(self.child(schema, self.decl.as_ref().and_then(|d| d.element())))
    }

    fn child(&self, schema: &Arc<Structural>, decl: Option<&Arc<Decl>>) -> Self {
        let times = self.times.zip(self.most()).map(|(times, most)| times.saturating_mul(most));
        Self { schema: schema.clone(), resource: schema.embedded, decl: decl.cloned(), times }
    }

    /// How many there may be of what is inside, `None` for any number.
    fn most(&self) -> Option<u64> {
        match (&*self.schema.ty, &self.schema.additional) {
            ("object", Additional::Unsaid) => Some(1),
            ("object", _) => self.schema.max_properties,
            ("array", _) => self.schema.max_items,
            _ => Some(1),
        }
    }

    /// All failures of the rules at this place; `show` gives a rule as messages show it.
    pub fn check(
        &self,
        place: &Place<'_>,
        show: &dyn Fn(usize) -> Value,
        costs: &mut Costs,
        errors: &mut Errors,
    ) {
        if self.schema.rules.is_empty() {
            return;
        }
        let rules = place.path.child("x-kubernetes-validations");
        let Some(decl) = self.decl.clone().or_else(|| Decl::of(&self.schema, self.resource)) else {
            let why = "internal error: failed to construct type information for x-kubernetes-validations rules: unable \
                       to convert structural schema to CEL declarations";
            return errors.internal(&rules, why);
        };
        let compiler = Compiler::new(&decl);
        let times = self.times.unwrap_or_else(|| decl.most_in_request());
        for (i, rule) in self.schema.rules.iter().enumerate() {
            let compiled = compiler.rule(rule, &self.schema);
            let at = rules.index(i);
            let cost = compiled.cost.saturating_mul(times);
            check_cost("estimated rule cost", cost, &at.child("rule"), place, costs, errors);
            if let Some(Err(why)) = &compiled.program {
                errors.invalid(&at.child("rule"), &show(i), why);
            }
            match &compiled.message {
                Some(Err(why)) => errors.invalid(&at.child("messageExpression"), &show(i), why),
                Some(Ok(_)) => {
                    let (path, cost) = (at.child("messageExpression"), compiled.message_cost);
                    check_cost("estimated messageExpression cost", cost, &path, place, costs, errors);
                }
                None => {}
            }
            check_old_self(&compiled, rule.optional_old_self, &rule.rule, &at, place, errors);
        }
    }
}

fn check_cost(what: &str, cost: u64, path: &Path, place: &Place<'_>, costs: &mut Costs, errors: &mut Errors) {
    if !place.keeps_costs {
        report_one(what, cost, path, errors);
    }
    costs.observe(path, cost);
}

/// `oldSelf` needs something to be compared with, and its being optional is said only where it is used.
fn check_old_self(
    compiled: &Compiled,
    optional: Option<bool>,
    rule: &str,
    at: &Path,
    place: &Place<'_>,
    errors: &mut Errors,
) {
    if compiled.uses_old_self {
        if let Some(above) = place.uncorrelated {
            let why =
                format!("oldSelf cannot be used on the uncorrelatable portion of the schema within {above}");
            errors.invalid(&at.child("rule"), &rule.into(), why);
        }
    } else if let Some(optional) = optional {
        let why = "may not be set if oldSelf is not used in rule";
        errors.invalid(&at.child("optionalOldSelf"), &optional.into(), why);
    }
}
