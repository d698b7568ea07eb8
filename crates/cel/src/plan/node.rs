//! The steps that a program is made of.

use regex::Regex;

use crate::ast::Name;
use crate::env::Overload;
use crate::library::{Arithmetic, Comparison, Cost};
use crate::value::{MapValue, Value};

/// A step of a program.  Costs that a step has whatever its operands are part of it.
#[derive(Debug)]
pub(crate) enum Node {
    Const(Value<'static>),
    Variable {
        at: usize,
        cost: u64,
    },
    Local {
        slot: usize,
        cost: u64,
    },
    /// An accumulator; the step of its loop takes the value away, because it makes the next one of it.
    Accu {
        slot: usize,
        init: usize,
        cost: u64,
        take: bool,
    },
    /// Fields of fields of a variable.
    Path(Box<Path>),
    Select {
        operand: Box<Node>,
        key: Name,
        optional: bool,
        extra: u64,
    },
    Has {
        operand: Box<Node>,
        key: Name,
    },
    Index {
        operand: Box<Node>,
        index: Box<Node>,
        optional: bool,
        extra: u64,
    },
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    Not(Box<Node>),
    NotStrictlyFalse(Box<Node>),
    Ternary(Box<[Node; 3]>),
    Equal(Box<[Node; 2]>, bool),
    Compare(Comparison, Box<[Node; 2]>, BinaryCost),
    Add(Box<[Node; 2]>, BinaryCost),
    Arithmetic(Arithmetic, Box<[Node; 2]>),
    /// Membership in a list of constants.
    Among(Box<Node>, Box<MapValue<'static>>),
    OrElse {
        operands: Box<[Node; 2]>,
        unwrap: bool,
    },
    Call(Box<Invocation>),
    Pattern {
        kind: PatternKind,
        regex: Box<Regex>,
        args: Box<[Node]>,
        cost: Cost,
        single: bool,
    },
    List {
        items: Box<[(Node, bool)]>,
    },
    Map {
        entries: Box<[(Node, Node, bool)]>,
    },
    Struct {
        type_name: Name,
        fields: Box<[(Name, Node, bool)]>,
    },
    Quantifier(Box<Quantifier>),
    Fold(Box<Fold>),
}

/// What two operands cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum BinaryCost {
    One,
    Smaller,
    Both,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum PatternKind {
    Matches,
    Find,
    FindAll,
}

#[derive(Debug)]
pub(crate) struct Invocation {
    pub name: &'static str,
    pub candidates: Vec<&'static Overload>,
    pub args: Box<[Node]>,
    pub cost: Cost,
    /// Whether the first argument without a value ends the call, so that it costs nothing.
    pub stops: bool,
}

#[derive(Debug)]
pub(crate) struct Fold {
    pub range: Node,
    pub var: usize,
    pub var2: Option<usize>,
    pub accu: usize,
    pub condition: Node,
    pub step: Node,
    pub result: Node,
    /// A binding: nothing is walked over.
    pub bind: bool,
}

/// `variable.key.key`; what is on the way is not made a value.
#[derive(Debug)]
pub(crate) struct Path {
    pub root: Root,
    /// What reading the variable costs.
    pub cost: u64,
    pub keys: Vec<Name>,
}

/// Where a path begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Root {
    /// A declared variable.
    Variable(usize),
    /// A variable of a loop.
    Local(usize),
}

/// A loop that asks whether all items, or any, are like something.
#[derive(Debug)]
pub(crate) struct Quantifier {
    pub range: Node,
    pub var: usize,
    pub var2: Option<usize>,
    /// What is asked of each item.
    pub predicate: Node,
    /// What an item must give to decide.
    pub decides: bool,
}
