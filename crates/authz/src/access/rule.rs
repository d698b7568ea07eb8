//! One rule: what it says, and whether that holds for a request.
//!
//! Entry points: [`AccessRule::compile`], [`AccessRule::concerns`] for what needs no expression, [`AccessRule::holds`].

use api::field::{Errors, Path};
use api::time::Timestamp;
use api::user::UserInfo;
use api::{Str, Value};
use cel::environment::{self, Expression};
use cel::{Activation, Type};

use super::facts::Facts;
use super::index::environment as env;
use super::matching::MatchRule;
use super::{GROUP, KIND, VERSION};
use crate::authorizer::Attributes;
use crate::rbac::{Rule, Subject, SubjectKind};

/// How many entries a list of a rule may have.
const MOST: usize = 256;
/// How many conditions a rule may have.
const MOST_CONDITIONS: usize = 64;
/// How long a reason may be, in bytes.
const LONGEST_REASON: usize = 1024;

/// What a rule does when it holds; the strongest comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// No, whatever other rules and the authorizers that follow say.
    Deny,
    /// This authorizer says neither yes nor no; those that follow are asked.
    NoOpinion,
    /// Yes.
    Allow,
}

/// A rule, compiled.
#[derive(Debug)]
pub struct AccessRule {
    /// Its name.
    pub name: Str,
    /// What it does.
    pub effect: Effect,
    /// Whom it is for; empty for everybody.
    pub subjects: Vec<Subject>,
    /// What it is about; empty for everything.
    pub matches: Vec<MatchRule>,
    /// What must hold besides; all of them.
    pub conditions: Vec<Condition>,
    /// It counts from then on.
    pub not_before: Option<Timestamp>,
    /// It counts no more from then on.
    pub not_after: Option<Timestamp>,
    /// In words, for whoever reads the answer.
    pub reason: Str,
    pub(super) facts: Facts,
}

/// A condition of a rule.
#[derive(Debug)]
pub struct Condition {
    /// Its name, for messages; may be empty.
    pub name: Str,
    /// The expression.
    pub expression: Expression,
}

impl Effect {
    const NAMES: [(&'static str, Effect); 3] =
        [("Allow", Effect::Allow), ("Deny", Effect::Deny), ("NoOpinion", Effect::NoOpinion)];

    /// As it is written in a rule.
    pub fn name(self) -> &'static str {
        Self::NAMES.into_iter().find(|(_, effect)| *effect == self).map_or("", |(name, _)| name)
    }
}

impl AccessRule {
    /// Compiles an object of kind `AccessRule`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn compile(object: &Value) -> Result<Self, Errors> {
        let mut errors = Errors::new();
        check_head(object, &mut errors);
        let (spec, path) = (object.at(&["spec"]), Path::new("spec"));
        check_fields(spec, &FIELDS, &path, &mut errors);
        let subjects = each(spec, &path, "subjects", MOST, &mut errors, subject);
        let matches = each(spec, &path, "match", MOST, &mut errors, MatchRule::read);
        let mut facts = Facts::default();
        let conditions =
            each(spec, &path, "conditions", MOST_CONDITIONS, &mut errors, |value, path, errors| {
                condition(value, path, &mut facts, errors)
            });
        let [not_before, not_after] =
            ["notBefore", "notAfter"].map(|key| instant(spec.at(&[key]), &path.child(key), &mut errors));
        if let (Some(from), Some(until)) = (not_before, not_after)
            && until <= from
        {
            let value = spec.at(&["notAfter"]);
            errors.invalid(&path.child("notAfter"), value, "must be later than notBefore");
        }
        let reason = text(spec.at(&["reason"]), &path.child("reason"), &mut errors);
        if reason.len() > LONGEST_REASON {
            errors.too_long(&path.child("reason"), LONGEST_REASON);
        }
        let effect = effect(spec.at(&["effect"]), &path.child("effect"), &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            name: object.str_at(&["metadata", "name"]).into(),
            effect,
            subjects,
            matches,
            conditions: conditions.into_iter().flatten().collect(),
            not_before,
            not_after,
            reason,
            facts,
        })
    }

    /// True when the rule is for this user, as far as its subjects say.
    pub fn is_for(&self, user: &UserInfo) -> bool {
        self.subjects.is_empty() || self.subjects.iter().any(|s| s.is(user, ""))
    }

    /// True when the rule counts at this time.
    pub fn is_current(&self, now: Timestamp) -> bool {
        self.not_before.is_none_or(|from| from <= now) && self.not_after.is_none_or(|until| now < until)
    }

    /// True unless the rule is about others or other things; its conditions are not asked.
    pub fn concerns(&self, attributes: &Attributes, now: Timestamp) -> bool {
        self.is_current(now) && self.is_for(attributes.user) && self.is_about(attributes)
    }

    /// True when the rule is about what is asked, as far as no condition says otherwise.
    pub fn is_about(&self, attributes: &Attributes) -> bool {
        (self.matches.is_empty() || self.matches.iter().any(|m| m.covers(attributes)))
            && self.facts.suit(attributes.target)
    }

    /// The first condition that is false.
    pub(super) fn fails(&self, variables: &Activation) -> Option<&str> {
        let is_false = |c: &&Condition| c.evaluate(variables, &mut u64::MAX.clone()) == Ok(false);
        self.conditions
            .iter()
            .find(is_false)
            .map(|c| if c.name.is_empty() { c.expression.text() } else { &c.name })
    }

    /// Everything it allows, by namespace (`None`: everywhere).
    pub(super) fn allowed(&self) -> Vec<(Option<Str>, Rule)> {
        if self.matches.is_empty() {
            return vec![(None, Rule::resources("*", "*", "*")), (None, Rule::urls("*", "*"))];
        }
        let mut all = Vec::new();
        for entry in &self.matches {
            all.extend(entry.paths.clone().map(|rule| (None, rule)));
            let Some(rule) = &entry.resources else { continue };
            match entry.namespaces.as_slice() {
                [] => all.push((None, rule.clone())),
                names => all.extend(names.iter().map(|name| (Some(name.clone()), rule.clone()))),
            }
        }
        all
    }

    /// True when every condition holds.
    ///
    /// # Errors
    /// What stands in the way of an answer, when none of the others says no.
    pub fn holds(&self, variables: &Activation, budget: &mut u64) -> Result<bool, String> {
        let mut error = None;
        for condition in &self.conditions {
            let outcome = condition.evaluate(variables, budget);
            match outcome {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(why) => error = error.or(Some(format!("{}: {why}", condition.shown()))),
            }
        }
        error.map_or(Ok(true), Err)
    }

    /// What the rule allows in a namespace, as rules about resources and about paths.
    pub(super) fn listed(&self, namespace: &str) -> (impl Iterator<Item = Rule>, impl Iterator<Item = Rule>) {
        let everything = self.matches.is_empty();
        let here = self.matches.iter().filter(|m| m.covers_namespace(namespace));
        let resources = here.filter_map(|m| m.resources.clone()).collect::<Vec<_>>();
        let paths = self.matches.iter().filter_map(|m| m.paths.clone()).collect::<Vec<_>>();
        (
            resources.into_iter().chain(everything.then(|| Rule::resources("*", "*", "*"))),
            paths.into_iter().chain(everything.then(|| Rule::urls("*", "*"))),
        )
    }
}

impl Condition {
    fn evaluate(&self, variables: &Activation, budget: &mut u64) -> Result<bool, String> {
        if *budget == 0 {
            return Err("the conditions of this request cost too much already".to_owned());
        }
        let outcome = self.expression.evaluate(variables);
        *budget = budget.saturating_sub(outcome.cost);
        let value = outcome.value.map_err(|e| e.to_string())?;
        value.as_bool().ok_or_else(|| "gives no boolean".to_owned())
    }

    fn shown(&self) -> String {
        let what = if self.name.is_empty() { self.expression.text() } else { &self.name };
        format!("condition `{what}` cannot be evaluated")
    }
}

const FIELDS: [&str; 7] = ["effect", "subjects", "match", "conditions", "notBefore", "notAfter", "reason"];

fn check_head(object: &Value, errors: &mut Errors) {
    let api_version = format!("{GROUP}/{VERSION}");
    for (key, wanted) in [("apiVersion", api_version.as_str()), ("kind", KIND)] {
        if object.str_at(&[key]) != wanted {
            errors.not_supported(&Path::new(key), object.at(&[key]), &[wanted]);
        }
    }
    if object.str_at(&["metadata", "name"]).is_empty() {
        errors.required(&Path::new("metadata").child("name"), "");
    }
    check_fields(object, &["apiVersion", "kind", "metadata", "spec"], &Path::root(), errors);
}

/// Complains of members that nobody knows: a rule that means something else than it says is worse than none.
pub(super) fn check_fields(value: &Value, known: &[&str], path: &Path, errors: &mut Errors) {
    let Some(map) = value.as_object() else {
        errors.type_invalid(path, value, "must be an object");
        return;
    };
    for key in map.keys().filter(|key| !known.contains(key)) {
        errors.forbidden(&path.child(key), "no such field");
    }
}

/// A list of texts; nothing is an empty one.
pub(super) fn check_texts(value: &Value, path: &Path, errors: &mut Errors) -> Vec<Str> {
    if value.is_null() {
        return Vec::new();
    }
    let Some(items) = value.as_array() else {
        errors.type_invalid(path, value, "must be a list of strings");
        return Vec::new();
    };
    if items.len() > MOST {
        errors.too_many(path, items.len(), MOST);
    }
    items.iter().enumerate().map(|(i, item)| text(item, &path.index(i), errors)).collect()
}

fn text(value: &Value, path: &Path, errors: &mut Errors) -> Str {
    if !value.is_null() && value.as_str().is_none() {
        errors.type_invalid(path, value, "must be a string");
    }
    value.as_str().unwrap_or("").into()
}

fn each<T>(
    spec: &Value,
    path: &Path,
    key: &str,
    most: usize,
    errors: &mut Errors,
    mut read: impl FnMut(&Value, &Path, &mut Errors) -> T,
) -> Vec<T> {
    let (value, path) = (spec.at(&[key]), path.child(key));
    if !value.is_null() && value.as_array().is_none() {
        errors.type_invalid(&path, value, "must be a list");
    }
    let items = value.as_array().unwrap_or_default();
    if items.len() > most {
        errors.too_many(&path, items.len(), most);
    }
    items.iter().take(most).enumerate().map(|(i, item)| read(item, &path.index(i), errors)).collect()
}

fn subject(value: &Value, path: &Path, errors: &mut Errors) -> Subject {
    check_fields(value, &["kind", "name", "namespace", "apiGroup"], path, errors);
    let subject = Subject::from_value(value);
    if let SubjectKind::Other(_) = subject.kind {
        errors.not_supported(&path.child("kind"), value.at(&["kind"]), &["Group", "ServiceAccount", "User"]);
    }
    if subject.name.is_empty() {
        errors.required(&path.child("name"), "");
    }
    match (&subject.kind, subject.namespace.is_empty()) {
        (SubjectKind::ServiceAccount, true) => errors.required(&path.child("namespace"), ""),
        (SubjectKind::User | SubjectKind::Group, false) => {
            errors.forbidden(&path.child("namespace"), "only service accounts have one");
        }
        _ => {}
    }
    subject
}

fn condition(value: &Value, path: &Path, facts: &mut Facts, errors: &mut Errors) -> Option<Condition> {
    check_fields(value, &["name", "expression"], path, errors);
    let name = text(value.at(&["name"]), &path.child("name"), errors);
    let at = path.child("expression");
    let source = text(value.at(&["expression"]), &at, errors);
    if source.trim().is_empty() {
        errors.required(&at, "");
        return None;
    }
    match environment::compile(env(), &source, &[Type::Bool]) {
        Ok(expression) => {
            if let Ok(parsed) = env().parse(&source) {
                facts.learn(&parsed.root);
            }
            Some(Condition { name, expression })
        }
        Err(refusal) => {
            errors.invalid(&at, &source.as_str().into(), refusal);
            None
        }
    }
}

fn instant(value: &Value, path: &Path, errors: &mut Errors) -> Option<Timestamp> {
    if value.is_null() {
        return None;
    }
    let parsed = value.as_str().and_then(|text| Timestamp::parse(text).ok());
    if parsed.is_none() {
        errors.invalid(path, value, "must be an instant such as 2026-12-24T18:00:00Z");
    }
    parsed
}

fn effect(value: &Value, path: &Path, errors: &mut Errors) -> Effect {
    let found = Effect::NAMES.into_iter().find(|(name, _)| value.as_str() == Some(name));
    if value.is_null() {
        errors.required(path, "");
    } else if found.is_none() {
        errors.not_supported(path, value, &Effect::NAMES.map(|(name, _)| name));
    }
    found.map_or(Effect::Deny, |(_, effect)| effect)
}
