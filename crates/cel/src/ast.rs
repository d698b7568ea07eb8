//! The tree of an expression.  The parser builds it with macros expanded; the checker resolves names in it.
//!
//! Entry point: [`Expr`].

use std::sync::Arc;

/// A shared name.
pub type Name = Arc<str>;

/// A node; `id` is unique in its tree and leads to its place and type.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Unique in the tree.
    pub id: u32,
    /// What it is.
    pub kind: Kind,
}

/// A literal.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "named after the types of the language")]
pub enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Name),
    Bytes(Arc<[u8]>),
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Something that could not be parsed.
    Unspecified,
    /// A literal.
    Literal(Literal),
    /// A variable or a type; a leading dot asks for the outermost scope.
    Ident(Name),
    /// `operand.field`, or `has(operand.field)`.
    Select(Box<Select>),
    /// A function or operator.
    Call(Box<Call>),
    /// `[a, ?b]`.
    List(Vec<Element>),
    /// `{k: v, ?k: v}`.
    Map(Vec<Entry>),
    /// `Type{field: value}`.
    Struct(Box<Struct>),
    /// A loop that a macro stands for.
    Comprehension(Box<Comprehension>),
}

/// A field of an operand.
#[derive(Clone, Debug)]
pub struct Select {
    /// Whose field.
    pub operand: Expr,
    /// Its name.
    pub field: Name,
    /// Whether only its presence is asked for.
    pub test_only: bool,
}

/// A call of a function or operator (operators have names such as `_+_`).
#[derive(Clone, Debug)]
pub struct Call {
    /// The name; the full one after checking.
    pub function: Name,
    /// The receiver of `target.function(args)`.
    pub target: Option<Expr>,
    /// The arguments without the receiver.
    pub args: Vec<Expr>,
}

/// An item of a list literal.
#[derive(Clone, Debug)]
pub struct Element {
    /// The value.
    pub value: Expr,
    /// Whether it is an optional to be unwrapped or left out.
    pub optional: bool,
}

/// An entry of a map literal.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Unique in the tree.
    pub id: u32,
    /// The key.
    pub key: Expr,
    /// The value.
    pub value: Expr,
    /// Whether the value is an optional to be unwrapped or left out.
    pub optional: bool,
}

/// An object literal.
#[derive(Clone, Debug)]
pub struct Struct {
    /// The type; the full name after checking.
    pub type_name: Name,
    /// The fields.
    pub fields: Vec<Field>,
}

/// A field of an object literal.
#[derive(Clone, Debug)]
pub struct Field {
    /// Unique in the tree.
    pub id: u32,
    /// Its name.
    pub name: Name,
    /// The value.
    pub value: Expr,
    /// Whether the value is an optional to be unwrapped or left out.
    pub optional: bool,
}

/// A fold: `accu` starts as `init` and becomes `step` for each item while `condition` holds; the value is `result`.
#[derive(Clone, Debug)]
pub struct Comprehension {
    /// What is walked over.
    pub range: Expr,
    /// The item of a list or key of a map; the index or key when there are two variables.
    pub var: Name,
    /// The item or value, when there are two variables.
    pub var2: Option<Name>,
    /// The accumulator's name.
    pub accu: Name,
    /// Its first value.
    pub init: Expr,
    /// Whether to go on.
    pub condition: Expr,
    /// Its next value.
    pub step: Expr,
    /// The value of the whole.
    pub result: Expr,
}

impl Expr {
    /// The nodes directly below, in the order they are written.
    pub fn children(&self) -> Vec<&Expr> {
        match &self.kind {
            Kind::Unspecified | Kind::Literal(_) | Kind::Ident(_) => Vec::new(),
            Kind::Select(s) => vec![&s.operand],
            Kind::Call(c) => c.target.iter().chain(&c.args).collect(),
            Kind::List(items) => items.iter().map(|e| &e.value).collect(),
            Kind::Map(entries) => entries.iter().flat_map(|e| [&e.key, &e.value]).collect(),
            Kind::Struct(s) => s.fields.iter().map(|f| &f.value).collect(),
            Kind::Comprehension(c) => vec![&c.range, &c.init, &c.condition, &c.step, &c.result],
        }
    }

    /// The name of an identifier.
    pub fn as_ident(&self) -> Option<&Name> {
        if let Kind::Ident(name) = &self.kind { Some(name) } else { None }
    }

    /// The literal.
    pub fn as_literal(&self) -> Option<&Literal> {
        if let Kind::Literal(literal) = &self.kind { Some(literal) } else { None }
    }

    /// `a.b.c` as its names, outermost first, when it is nothing but names.
    pub fn qualified_name(&self) -> Option<String> {
        match &self.kind {
            Kind::Ident(name) => Some(name.to_string()),
            Kind::Select(s) if !s.test_only => Some(format!("{}.{}", s.operand.qualified_name()?, s.field)),
            _ => None,
        }
    }
}

/// A parsed expression and the places of its nodes.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The outermost node.
    pub root: Expr,
    /// Where each node begins, by id, in code points.
    pub(crate) offsets: Vec<u32>,
}

impl Parsed {
    /// Where a node begins, in code points from the start of the text.
    pub fn offset(&self, id: u32) -> Option<u32> {
        self.offsets.get(id as usize).copied()
    }
}
