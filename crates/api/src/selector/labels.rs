//! Label selectors.
//!
//! Entry points: [`LabelSelector::parse`] for the query parameter, [`LabelSelector::from_object`] for
//! `metav1.LabelSelector`.

use std::fmt;

use super::SelectorError;
use super::parser;
use crate::{Map, Str, Value, content, field};

/// How a requirement relates a label to its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// The label has one of the values.
    In,
    /// The label is missing or has none of the values.
    NotIn,
    /// The label has the value (`=`).
    Equals,
    /// The label has the value (`==`).
    DoubleEquals,
    /// The label is missing or has another value.
    NotEquals,
    /// The label is there.
    Exists,
    /// The label is not there.
    DoesNotExist,
    /// The label is an integer above the value.
    GreaterThan,
    /// The label is an integer below the value.
    LessThan,
}

/// One condition on one label.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Requirement {
    /// Label key.
    pub key: Str,
    /// How key and values relate.
    pub operator: Operator,
    /// The values; how many there are depends on the operator.
    pub values: Vec<Str>,
}

/// A condition on labels: all requirements hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
    nothing: bool,
}

impl LabelSelector {
    /// Matches every object.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Matches no object.
    pub fn nothing() -> Self {
        Self { nothing: true, ..Self::default() }
    }

    /// All of these requirements, sorted by key.
    pub fn new(mut requirements: Vec<Requirement>) -> Self {
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Self { requirements, nothing: false }
    }

    /// Reads the text form, such as `app=web,tier in (a, b),!old`.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        if text.is_empty() {
            return Ok(Self::everything());
        }
        parser::parse(text).map(Self::new)
    }

    /// Reads a `metav1.LabelSelector`: `matchLabels` and `matchExpressions`.  A null selects nothing, an empty one
    /// everything.
    pub fn from_object(selector: &Value) -> Result<Self, SelectorError> {
        let Some(selector) = selector.as_object() else { return Ok(Self::nothing()) };
        let mut requirements = Vec::new();
        if let Some(labels) = selector.get("matchLabels").and_then(Value::as_object) {
            for (key, value) in labels.iter() {
                let value = value.as_str().unwrap_or("").into();
                requirements.push(Requirement::new(key, Operator::Equals, vec![value])?);
            }
        }
        for expression in selector.get("matchExpressions").and_then(Value::as_array).unwrap_or(&[]) {
            requirements.push(Requirement::from_object(expression)?);
        }
        Ok(Self::new(requirements))
    }

    /// True when it leaves nothing out.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty() && !self.nothing
    }

    /// The requirements by key; `None` when it matches no object at all.
    pub fn requirements(&self) -> Option<&[Requirement]> {
        (!self.nothing).then_some(&self.requirements)
    }

    /// The one value that the label `key` must have, when there is just one.
    pub fn exact_match(&self, key: &str) -> Option<&str> {
        let r = self.requirements.iter().find(|r| r.key == key)?;
        match (r.operator, r.values.as_slice()) {
            (Operator::Equals | Operator::DoubleEquals | Operator::In, [one]) => Some(one),
            _ => None,
        }
    }

    /// True when the labels that `get` answers for satisfy every requirement.
    pub fn matches<'a>(&self, get: impl Fn(&str) -> Option<&'a str>) -> bool {
        !self.nothing && self.requirements.iter().all(|r| r.matches(get(&r.key)))
    }

    /// True when the labels of an object (`metadata.labels`) satisfy every requirement.
    pub fn matches_map(&self, labels: Option<&Map>) -> bool {
        self.matches(|key| labels?.get(key)?.as_str())
    }
}

impl Requirement {
    /// A checked requirement; the error lists everything that is wrong with it.
    pub fn new(key: &str, operator: Operator, values: Vec<Str>) -> Result<Self, SelectorError> {
        let mut errors = field::Errors::new();
        let (key_path, path) = (field::Path::new("key"), field::Path::new("values"));
        check_key(&mut errors, &key_path, key);
        check_count(&mut errors, &path, operator, &values);
        for (i, value) in values.iter().enumerate() {
            let complaints = content::label_value(value);
            if !complaints.is_empty() {
                errors.invalid(&path.index(i).key(key), &Value::String(value.clone()), complaints.join("; "));
            }
        }
        if errors.is_empty() {
            Ok(Self { key: key.into(), operator, values })
        } else {
            Err(SelectorError::new(errors.to_string()))
        }
    }

    /// Reads a `metav1.LabelSelectorRequirement`.
    pub fn from_object(expression: &Value) -> Result<Self, SelectorError> {
        let operator = match expression.str_at(&["operator"]) {
            "In" => Operator::In,
            "NotIn" => Operator::NotIn,
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            other => {
                let text = format!("{} is not a valid label selector operator", field::go_quote(other));
                return Err(SelectorError::new(text));
            }
        };
        let values =
            expression.array_at(&["values"]).iter().map(|v| v.as_str().unwrap_or("").into()).collect();
        Self::new(expression.str_at(&["key"]), operator, values)
    }

    /// True when a label with this value (`None`: missing) satisfies the requirement.
    pub fn matches(&self, label: Option<&str>) -> bool {
        let listed = |v: &str| self.values.iter().any(|x| x == v);
        match self.operator {
            Operator::In | Operator::Equals | Operator::DoubleEquals => label.is_some_and(listed),
            Operator::NotIn | Operator::NotEquals => !label.is_some_and(listed),
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
            Operator::GreaterThan => self.bound(label).is_some_and(|(have, bound)| have > bound),
            Operator::LessThan => self.bound(label).is_some_and(|(have, bound)| have < bound),
        }
    }

    fn bound(&self, label: Option<&str>) -> Option<(i64, i64)> {
        let [bound] = self.values.as_slice() else { return None };
        Some((label?.parse().ok()?, bound.parse().ok()?))
    }
}

pub(super) fn check_key(errors: &mut field::Errors, path: &field::Path, key: &str) {
    let complaints = content::label_key(key);
    if !complaints.is_empty() {
        errors.invalid(path, &key.into(), complaints.join("; "));
    }
}

fn check_count(errors: &mut field::Errors, path: &field::Path, operator: Operator, values: &[Str]) {
    let (fits, text) = match operator {
        Operator::In | Operator::NotIn => {
            (!values.is_empty(), "for 'in', 'notin' operators, values set can't be empty")
        }
        Operator::Equals | Operator::DoubleEquals | Operator::NotEquals => {
            (values.len() == 1, "exact-match compatibility requires one single value")
        }
        Operator::Exists | Operator::DoesNotExist => {
            (values.is_empty(), "values set must be empty for exists and does not exist")
        }
        Operator::GreaterThan | Operator::LessThan => {
            (values.len() == 1, "for 'Gt', 'Lt' operators, exactly one value is required")
        }
    };
    if !fits {
        errors.invalid(path, &Value::from(values.to_vec()), text);
    }
    if matches!(operator, Operator::GreaterThan | Operator::LessThan) {
        for (i, value) in values.iter().enumerate().filter(|(_, v)| v.parse::<i64>().is_err()) {
            let text = "for 'Gt', 'Lt' operators, the value must be an integer";
            errors.invalid(&path.index(i), &Value::String(value.clone()), text);
        }
    }
}

/// The text form, as it can be parsed again; values in order.
impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, requirement) in self.requirements.iter().enumerate() {
            write!(f, "{}{requirement}", if i > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut values: Vec<&str> = self.values.iter().map(Str::as_str).collect();
        values.sort_unstable();
        let (key, values) = (&self.key, values.join(","));
        match self.operator {
            Operator::In => write!(f, "{key} in ({values})"),
            Operator::NotIn => write!(f, "{key} notin ({values})"),
            Operator::Equals => write!(f, "{key}={values}"),
            Operator::DoubleEquals => write!(f, "{key}=={values}"),
            Operator::NotEquals => write!(f, "{key}!={values}"),
            Operator::Exists => f.write_str(key),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::GreaterThan => write!(f, "{key}>{values}"),
            Operator::LessThan => write!(f, "{key}<{values}"),
        }
    }
}

#[cfg(test)]
mod tests;
