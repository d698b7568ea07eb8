//! Label selectors.
//!
//! Entry points: [`LabelSelector::parse`] for the query parameter, [`LabelSelector::from_object`] for
//! `metav1.LabelSelector`.

use std::fmt;

use super::SelectorError;
use super::lexer::{Token, scan};
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
        Parser { tokens: scan(text), at: 0 }.parse().map(Self::new)
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

fn check_key(errors: &mut field::Errors, path: &field::Path, key: &str) {
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

/// Whether `in` and `notin` are words of the language or plain values at this place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Operator,
    Value,
}

struct Parser {
    tokens: Vec<(Token, String)>,
    at: usize,
}

type Parsed<T> = Result<T, SelectorError>;

impl Parser {
    fn parse(mut self) -> Parsed<Vec<Requirement>> {
        let mut requirements = Vec::new();
        loop {
            match self.peek(Place::Value) {
                (Token::Identifier | Token::Not, _) => {
                    let requirement = self
                        .requirement()
                        .map_err(|e| SelectorError::new(format!("unable to parse requirement: {e}")))?;
                    requirements.push(requirement);
                }
                (Token::End, _) => return Ok(requirements),
                (_, found) => return Err(unexpected(&found, "!, identifier, or 'end of string'")),
            }
            match self.take(Place::Value) {
                (Token::End, _) => return Ok(requirements),
                (Token::Comma, _) => match self.peek(Place::Value) {
                    (Token::Identifier | Token::Not, _) => {}
                    (_, found) => return Err(unexpected(&found, "identifier after ','")),
                },
                (_, found) => return Err(unexpected(&found, "',' or 'end of string'")),
            }
        }
    }

    fn requirement(&mut self) -> Parsed<Requirement> {
        let (key, unary) = self.key()?;
        if let Some(operator) = unary {
            return Requirement::new(&key, operator, Vec::new());
        }
        let operator = self.operator()?;
        let mut values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => vec![self.exact_value()?],
        };
        values.sort();
        values.dedup();
        Requirement::new(&key, operator, values)
    }

    fn key(&mut self) -> Parsed<(String, Option<Operator>)> {
        let (mut token, mut literal) = self.take(Place::Value);
        let mut operator = None;
        if token == Token::Not {
            operator = Some(Operator::DoesNotExist);
            (token, literal) = self.take(Place::Value);
        }
        if token != Token::Identifier {
            return Err(unexpected(&literal, "identifier"));
        }
        let mut errors = field::Errors::new();
        check_key(&mut errors, &field::Path::root(), &literal);
        if !errors.is_empty() {
            return Err(SelectorError::new(errors.to_string()));
        }
        if matches!(self.peek(Place::Value).0, Token::End | Token::Comma) {
            operator = operator.or(Some(Operator::Exists));
        }
        Ok((literal, operator))
    }

    fn operator(&mut self) -> Parsed<Operator> {
        let (token, found) = self.take(Place::Operator);
        Ok(match token {
            Token::In => Operator::In,
            Token::NotIn => Operator::NotIn,
            Token::Equals => Operator::Equals,
            Token::DoubleEquals => Operator::DoubleEquals,
            Token::NotEquals => Operator::NotEquals,
            Token::GreaterThan => Operator::GreaterThan,
            Token::LessThan => Operator::LessThan,
            _ => return Err(unexpected(&found, "in, notin, =, ==, !=, gt, lt")),
        })
    }

    fn values(&mut self) -> Parsed<Vec<Str>> {
        let (token, found) = self.take(Place::Value);
        if token != Token::OpenPar {
            return Err(SelectorError::new(format!("found '{found}' expected: '('")));
        }
        match self.peek(Place::Value) {
            (Token::Identifier | Token::Comma, first) => {
                let values = self.value_list()?;
                if self.take(Place::Value).0 == Token::ClosedPar {
                    Ok(values)
                } else {
                    Err(unexpected(&first, "')'"))
                }
            }
            (Token::ClosedPar, _) => {
                self.take(Place::Value);
                Ok(vec![Str::default()])
            }
            (_, found) => Err(unexpected(&found, "',', ')' or identifier")),
        }
    }

    /// Values between commas; nothing between two commas is the empty value.
    fn value_list(&mut self) -> Parsed<Vec<Str>> {
        let mut values: Vec<Str> = Vec::new();
        loop {
            match self.take(Place::Value) {
                (Token::Identifier, literal) => {
                    values.push(literal.into());
                    match self.peek(Place::Value) {
                        (Token::Comma, _) => {}
                        (Token::ClosedPar, _) => return Ok(values),
                        (_, found) => return Err(unexpected(&found, "',' or ')'")),
                    }
                }
                (Token::Comma, _) => {
                    if values.is_empty() {
                        values.push(Str::default());
                    }
                    match self.peek(Place::Value).0 {
                        Token::ClosedPar => {
                            values.push(Str::default());
                            return Ok(values);
                        }
                        Token::Comma => values.push(Str::default()),
                        _ => {}
                    }
                }
                (_, found) => return Err(unexpected(&found, "',', or identifier")),
            }
        }
    }

    fn exact_value(&mut self) -> Parsed<Str> {
        if matches!(self.peek(Place::Value).0, Token::End | Token::Comma) {
            return Ok(Str::default());
        }
        match self.take(Place::Value) {
            (Token::Identifier, literal) => Ok(literal.into()),
            (_, found) => Err(unexpected(&found, "identifier")),
        }
    }

    fn peek(&self, place: Place) -> (Token, String) {
        let (token, literal) = self.tokens.get(self.at).cloned().unwrap_or((Token::End, String::new()));
        match token {
            Token::In | Token::NotIn if place == Place::Value => (Token::Identifier, literal),
            _ => (token, literal),
        }
    }

    fn take(&mut self, place: Place) -> (Token, String) {
        let item = self.peek(place);
        self.at += 1;
        item
    }
}

fn unexpected(found: &str, expected: &str) -> SelectorError {
    SelectorError::new(format!("found '{found}', expected: {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object;

    fn selects(selector: &str, labels: &[(&str, &str)]) -> bool {
        let get = |key: &str| labels.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
        LabelSelector::parse(selector).unwrap().matches(get)
    }

    #[test]
    fn matching() {
        let web = [("app", "web"), ("n", "5")];
        for yes in [
            "",
            "app",
            "app=web",
            "app==web",
            "app in (web,db)",
            "x notin (a)",
            "x!=a",
            "!x",
            "n>4",
            "n<6",
            "app=web,n=5",
            " app = web , ! x ",
            "app in (in, web)",
            "app!=db",
        ] {
            assert!(selects(yes, &web), "{yes}");
        }
        for no in [
            "app=db",
            "x",
            "!app",
            "app in ()",
            "n>5",
            "n<5",
            "app>1",
            "app!=web",
            "app notin (web)",
            "x=",
            "x in (,)",
        ] {
            assert!(!selects(no, &web), "{no}");
        }
        assert!(selects("e=", &[("e", "")]));
    }

    #[test]
    fn errors_read_as_upstreams() {
        for (text, want) in [
            ("=a", "found '=', expected: !, identifier, or 'end of string'"),
            ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
            ("a in b", "unable to parse requirement: found 'b' expected: '('"),
            ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
            ("a in (b,", "unable to parse requirement: found '', expected: ',', or identifier"),
            ("a,", "found '', expected: identifier after ','"),
            ("a=b c", "found 'c', expected: ',' or 'end of string'"),
            ("a=(", "unable to parse requirement: found '(', expected: identifier"),
            ("!", "unable to parse requirement: found '', expected: identifier"),
            ("!!a", "unable to parse requirement: found '!', expected: identifier"),
            ("a<>3", "unable to parse requirement: found '>', expected: identifier"),
            ("a\0b=c", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
            ("(a)", "found '(', expected: !, identifier, or 'end of string'"),
            ("a=b,,c=d", "found ',', expected: identifier after ','"),
            ("a in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier"),
            ("a=>b", "unable to parse requirement: found '>', expected: identifier"),
            (
                "a>x",
                "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
            ),
            (
                "a=-x",
                "unable to parse requirement: values[0][a]: Invalid value: \"-x\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
            ),
        ] {
            assert_eq!(LabelSelector::parse(text).unwrap_err().to_string(), want, "{text}");
        }
    }

    #[test]
    fn text_form_can_be_read_again() {
        for (text, want) in [
            ("b=1,a in (y,x)", "a in (x,y),b=1"),
            ("!a,c>1", "!a,c>1"),
            ("x in ()", "x in ()"),
            ("a==b", "a==b"),
        ] {
            let selector = LabelSelector::parse(text).unwrap();
            assert_eq!(selector.to_string(), want);
            assert_eq!(LabelSelector::parse(want).unwrap(), selector);
        }
    }

    #[test]
    fn from_objects() {
        let labels = object! { "app" => "web" };
        let read = |v: &Value| LabelSelector::from_object(v).unwrap().matches_map(labels.as_object());
        assert!(!read(&Value::Null));
        assert!(read(&object! {}));
        assert!(read(&object! { "matchLabels" => object! { "app" => "web" } }));
        let not_in = object! { "key" => "app", "operator" => "NotIn", "values" => vec!["web"] };
        assert!(!read(&object! { "matchExpressions" => vec![not_in] }));
        let odd = object! { "matchExpressions" => vec![object! { "key" => "a", "operator" => "Like" }] };
        let e = LabelSelector::from_object(&odd).unwrap_err();
        assert_eq!(e.to_string(), "\"Like\" is not a valid label selector operator");
    }

    #[test]
    fn exact_matches() {
        let s = LabelSelector::parse("a=1,b in (2),c in (1,2),d!=1").unwrap();
        assert_eq!(
            [s.exact_match("a"), s.exact_match("b"), s.exact_match("c")],
            [Some("1"), Some("2"), None]
        );
        assert_eq!(s.exact_match("d"), None);
    }
}
