//! The language in which Calico's policies choose by labels, such as `role == "web" && has(team)`.
//!
//! Entry points: [`Expression::parse`] and [`Expression::judge`], which also answers when some labels are not known.

use super::tokens::{Token, tokens};

/// How many operators one is in another at most.
const DEEPEST: usize = 64;

/// A condition on labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expression {
    /// `all()`.
    All,
    /// `global()`: of namespaces what is in none, else the same as `all()`.
    Global,
    /// A condition on one label.
    Label(String, Test),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

/// A condition on a label's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    Has,
    In(Vec<String>),
    /// What has no such label meets it too.
    NotIn(Vec<String>),
    Contains(String),
    StartsWith(String),
    EndsWith(String),
}

/// What is known of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label<'a> {
    Is(&'a str),
    Absent,
    Unknown,
}

impl<'a> From<Option<&'a str>> for Label<'a> {
    fn from(value: Option<&'a str>) -> Self {
        value.map_or(Self::Absent, Self::Is)
    }
}

impl Expression {
    /// Reads an expression; an empty one is for everything.  `None` when it cannot be read.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let tokens = tokens(text)?;
        if tokens.is_empty() {
            return Some(Self::All);
        }
        let mut parser = Parser { tokens: &tokens, depth: 0 };
        let expression = parser.any()?;
        parser.tokens.is_empty().then_some(expression)
    }

    /// True when it holds whatever the labels are.
    pub(crate) fn is_all(&self) -> bool {
        *self == Self::All
    }

    /// Both of them.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, one) | (one, Self::All) => one,
            (a, b) => Self::And(vec![a, b]),
        }
    }

    /// The same of labels whose names start with something more.
    pub(crate) fn prefixed(self, prefix: &str) -> Self {
        self.changed(&|leaf| match leaf {
            Self::Label(key, test) => Self::Label(format!("{prefix}{key}"), test),
            leaf => leaf,
        })
    }

    /// The same on namespaces, none of which is global.
    pub(crate) fn of_namespaces(self) -> Self {
        self.changed(&|leaf| match leaf {
            Self::Global => Self::Not(Box::new(Self::All)),
            leaf => leaf,
        })
    }

    /// Whether an expression on namespaces holds for what is in none.
    pub(crate) fn holds_nowhere(&self) -> bool {
        match self {
            Self::All => false,
            Self::Global => true,
            Self::Label(_, test) => test.judge(Label::Absent) == Some(true),
            Self::Not(one) => !one.holds_nowhere(),
            Self::And(all) => all.iter().all(Self::holds_nowhere),
            Self::Or(all) => all.iter().any(Self::holds_nowhere),
        }
    }

    fn changed(self, leaf: &impl Fn(Self) -> Self) -> Self {
        let each = |all: Vec<Self>| all.into_iter().map(|one| one.changed(leaf)).collect();
        match self {
            Self::Not(one) => Self::Not(Box::new(one.changed(leaf))),
            Self::And(all) => Self::And(each(all)),
            Self::Or(all) => Self::Or(each(all)),
            one => leaf(one),
        }
    }

    /// Whether it holds; `None` when that depends on labels that are not known.
    pub(crate) fn judge<'a>(&self, label: &impl Fn(&str) -> Label<'a>) -> Option<bool> {
        match self {
            Self::All | Self::Global => Some(true),
            Self::Label(key, test) => test.judge(label(key)),
            Self::Not(one) => one.judge(label).map(|holds| !holds),
            Self::And(all) => Self::until(all, label, false),
            Self::Or(all) => Self::until(all, label, true),
        }
    }

    /// The answer that one of them alone decides, else the other one.
    fn until<'a>(all: &[Self], label: &impl Fn(&str) -> Label<'a>, decisive: bool) -> Option<bool> {
        let mut doubt = false;
        for one in all {
            match one.judge(label) {
                Some(holds) if holds == decisive => return Some(decisive),
                Some(_) => {}
                None => doubt = true,
            }
        }
        (!doubt).then_some(!decisive)
    }
}

impl Test {
    fn judge(&self, label: Label<'_>) -> Option<bool> {
        let value = match label {
            Label::Unknown => return None,
            Label::Absent => return Some(matches!(self, Self::NotIn(_))),
            Label::Is(value) => value,
        };
        Some(match self {
            Self::Has => true,
            Self::In(values) => values.iter().any(|v| v == value),
            Self::NotIn(values) => values.iter().all(|v| v != value),
            Self::Contains(part) => value.contains(part.as_str()),
            Self::StartsWith(part) => value.starts_with(part.as_str()),
            Self::EndsWith(part) => value.ends_with(part.as_str()),
        })
    }
}

/// What is left to read.
struct Parser<'t> {
    tokens: &'t [Token],
    depth: usize,
}

impl Parser<'_> {
    fn take(&mut self) -> Option<&Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn takes(&mut self, wanted: &Token) -> bool {
        let found = self.tokens.first() == Some(wanted);
        if found {
            self.take();
        }
        found
    }

    fn any(&mut self) -> Option<Expression> {
        let mut all = vec![self.all()?];
        while self.takes(&Token::Or) {
            all.push(self.all()?);
        }
        Some(one_or(all, Expression::Or))
    }

    fn all(&mut self) -> Option<Expression> {
        let mut all = vec![self.operation()?];
        while self.takes(&Token::And) {
            all.push(self.operation()?);
        }
        Some(one_or(all, Expression::And))
    }

    fn operation(&mut self) -> Option<Expression> {
        let mut negated = false;
        while self.takes(&Token::Not) {
            negated = !negated;
        }
        let one = match self.take()?.clone() {
            Token::All => Expression::All,
            Token::Global => Expression::Global,
            Token::Has(key) => Expression::Label(key, Test::Has),
            Token::Label(key) => Expression::Label(key, self.test()?),
            Token::Open => self.inner()?,
            _ => return None,
        };
        Some(if negated { Expression::Not(Box::new(one)) } else { one })
    }

    fn inner(&mut self) -> Option<Expression> {
        self.depth = self.depth.checked_add(1).filter(|depth| *depth <= DEEPEST)?;
        let inner = self.any()?;
        self.depth = self.depth.saturating_sub(1);
        self.takes(&Token::Close).then_some(inner)
    }

    fn test(&mut self) -> Option<Test> {
        Some(match self.take()? {
            Token::Equal => Test::In(vec![self.text()?]),
            Token::Unequal => Test::NotIn(vec![self.text()?]),
            Token::Contains => Test::Contains(self.text()?),
            Token::StartsWith => Test::StartsWith(self.text()?),
            Token::EndsWith => Test::EndsWith(self.text()?),
            Token::In => Test::In(self.set()?),
            Token::NotIn => Test::NotIn(self.set()?),
            _ => return None,
        })
    }

    fn text(&mut self) -> Option<String> {
        match self.take()? {
            Token::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// `{"a", "b"}`; a comma may follow the last one.
    fn set(&mut self) -> Option<Vec<String>> {
        if !self.takes(&Token::OpenSet) {
            return None;
        }
        let mut values = Vec::new();
        while !self.takes(&Token::CloseSet) {
            values.push(self.text()?);
            if !self.takes(&Token::Comma) {
                return self.takes(&Token::CloseSet).then_some(values);
            }
        }
        Some(values)
    }
}

fn one_or(mut all: Vec<Expression>, of: fn(Vec<Expression>) -> Expression) -> Expression {
    match all.len() {
        1 => all.swap_remove(0),
        _ => of(all),
    }
}
