//! Operators and functions: those that the evaluator knows itself are steps of their own.

use super::node::{BinaryCost, Invocation, Node, PatternKind};
use super::{Planned, folded, relative, uncharged};
use crate::env::{self, Overload};
use crate::error::Error;
use crate::library::{self, Arithmetic, Comparison, Cost};
use crate::value::{MapValue, Value};

/// Operators that the evaluator knows itself; everything else is called.
pub(super) fn operator(
    name: &str,
    mut args: Vec<Node>,
    candidates: Vec<&'static Overload>,
    single: Option<&'static Overload>,
) -> Planned {
    let cost = match single.map(|o| o.row.cost) {
        Some(Cost::Single(library::SingleCost::Smaller)) => BinaryCost::Smaller,
        Some(Cost::Single(library::SingleCost::Both)) => BinaryCost::Both,
        _ => BinaryCost::One,
    };
    Ok(match name {
        "!_" | "@not_strictly_false" => {
            let operand = Box::new(args.pop().ok_or_else(Error::no_such_overload)?);
            if name == "!_" { Node::Not(operand) } else { Node::NotStrictlyFalse(operand) }
        }
        "_&&_" => Node::And(pair(args)?),
        "_||_" => Node::Or(pair(args)?),
        "_==_" => Node::Equal(pair(args)?, true),
        "_!=_" => Node::Equal(pair(args)?, false),
        "_?_:_" => {
            let [condition, then, other] =
                <[Node; 3]>::try_from(args).map_err(|_| Error::no_such_overload())?;
            Node::Ternary(Box::new([condition, uncharged(then), uncharged(other)]))
        }
        "_[_]" | "_[?_]" => {
            let [operand, index] = *pair(args)?;
            let extra = relative(&operand);
            let index = Box::new(uncharged(index));
            Node::Index { operand: Box::new(operand), index, optional: name == "_[?_]", extra }
        }
        "_<_" => Node::Compare(Comparison::Less, pair(args)?, cost),
        "_<=_" => Node::Compare(Comparison::LessEquals, pair(args)?, cost),
        "_>_" => Node::Compare(Comparison::Greater, pair(args)?, cost),
        "_>=_" => Node::Compare(Comparison::GreaterEquals, pair(args)?, cost),
        "_+_" => Node::Add(pair(args)?, cost),
        "_-_" => Node::Arithmetic(Arithmetic::Subtract, pair(args)?),
        "_*_" => Node::Arithmetic(Arithmetic::Multiply, pair(args)?),
        "_/_" => Node::Arithmetic(Arithmetic::Divide, pair(args)?),
        "_%_" => Node::Arithmetic(Arithmetic::Modulo, pair(args)?),
        "or" | "orValue" if args.len() == 2 => {
            Node::OrElse { operands: pair(args)?, unwrap: name == "orValue" }
        }
        "@in" => return membership(args, candidates),
        "matches" | "find" | "findAll" => return pattern(name, args, candidates),
        _ => return invocation(args, candidates),
    })
}

/// `x in ['a', 'b']` is looked up at once.
fn membership(args: Vec<Node>, candidates: Vec<&'static Overload>) -> Planned {
    let listed = matches!(candidates.as_slice(), [one] if one.row.id == "in_list");
    if let ([_, Node::Const(list)], true) = (args.as_slice(), listed) {
        let items = list.items()?;
        if items.is_empty() {
            return Ok(Node::Const(Value::Bool(false)));
        }
        let simple = |v: &Value<'_>| {
            v.as_str().is_some()
                || matches!(v, Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Double(_))
        };
        if items.iter().all(simple) {
            let mut set = MapValue::default();
            items.into_iter().for_each(|v| set.insert(v, Value::Null));
            let [value, _] = *pair(args)?;
            return Ok(Node::Among(Box::new(value), Box::new(set)));
        }
    }
    invocation(args, candidates)
}

/// A pattern that is written out is compiled once.
fn pattern(name: &str, args: Vec<Node>, candidates: Vec<&'static Overload>) -> Planned {
    let (Some(Node::Const(pattern)), Some(first)) = (args.get(1), candidates.first()) else {
        return invocation(args, candidates);
    };
    let Some(text) = pattern.as_str() else { return invocation(args, candidates) };
    let regex = Box::new(library::compile_regex(text)?);
    let kind = match name {
        "matches" => PatternKind::Matches,
        "find" => PatternKind::Find,
        _ => PatternKind::FindAll,
    };
    Ok(Node::Pattern { kind, regex, args: args.into(), cost: first.row.cost, single: candidates.len() == 1 })
}

/// The functions whose value for a constant is computed once.
const CONVERSIONS: [&str; 10] =
    ["bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"];

pub(super) fn invocation(args: Vec<Node>, candidates: Vec<&'static Overload>) -> Planned {
    let first = candidates.first().ok_or_else(Error::no_such_overload)?;
    let (name, cost) = (first.row.name, first.row.cost);
    let constant = CONVERSIONS.contains(&name) && matches!(args.as_slice(), [Node::Const(_)]);
    let stops = args.len() > 2 || (candidates.len() > 1 && env::is_variadic(name));
    folded(Node::Call(Box::new(Invocation { name, candidates, args: args.into(), cost, stops })), constant)
}

fn pair(args: Vec<Node>) -> Result<Box<[Node; 2]>, Error> {
    <[Node; 2]>::try_from(args).map(Box::new).map_err(|_| Error::no_such_overload())
}
