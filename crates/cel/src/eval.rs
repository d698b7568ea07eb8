//! Running a program.
//!
//! Entry points: [`Program::evaluate`] and [`Activation`].

mod activation;
mod attribute;
mod fold;
mod slots;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use regex::Regex;

use crate::ast::Name;
use crate::cost;
use crate::env::Overload;
use crate::error::{Cause, Error};
use crate::library;
use crate::plan::{BinaryCost, Invocation, Node, PatternKind, Program};
use crate::policy::Composed;
use crate::stack;
use crate::types::Type;
use crate::value::{self, MapValue, Result, StructValue, Value};

pub use activation::Activation;
use activation::Slot;
use slots::Slots;

/// How much an evaluation may cost, and who may stop it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits<'a> {
    /// The largest cost, `None` for any.
    pub cost: Option<u64>,
    /// Set to true by whoever wants the evaluation to stop.
    pub cancel: Option<&'a AtomicBool>,
}

/// What came out, and what it cost.
#[derive(Debug)]
pub struct Outcome<'v> {
    /// The value, or why there is none.
    pub value: Result<'v>,
    /// The cost, in cel-go's units.
    pub cost: u64,
}

impl Program {
    /// Evaluates with the given values of variables.
    pub fn evaluate<'v>(&'v self, vars: &Activation<'v>, limits: &Limits<'_>) -> Outcome<'v> {
        if !self.deep {
            return self.run(vars, None, limits);
        }
        let outcome = stack::with_room(true, || self.run(vars, None, limits));
        outcome.unwrap_or_else(|e| Outcome { value: Err(e), cost: 0 })
    }

    /// Evaluates an expression of a policy with its variables, on a stack of its own if so many are being computed that
    /// it gets `deep`.
    pub(crate) fn evaluate_with<'v>(
        &'v self,
        vars: &Activation<'v>,
        composed: &Composed<'v>,
        limits: &Limits<'_>,
        deep: bool,
    ) -> Outcome<'v> {
        if !self.deep && !deep {
            return self.run(vars, Some(composed), limits);
        }
        let outcome = stack::with_room(true, || self.run(vars, Some(composed), limits));
        outcome.unwrap_or_else(|e| Outcome { value: Err(e), cost: 0 })
    }

    fn run<'v>(
        &'v self,
        vars: &Activation<'v>,
        composed: Option<&Composed<'v>>,
        limits: &Limits<'_>,
    ) -> Outcome<'v> {
        let mut run = Run {
            program: self,
            vars,
            composed,
            slots: Slots::default(),
            cost: 0,
            limit: limits.cost.unwrap_or(u64::MAX),
            cancel: limits.cancel,
        };
        run.slots.make_room(self.slots);
        let value = run.eval(&self.root);
        Outcome { value, cost: run.cost }
    }
}

/// The value of a step made of constants.
pub(crate) fn constant(node: &Node) -> std::result::Result<Value<'static>, Error> {
    static EMPTY: LazyLock<Program> = LazyLock::new(|| Program {
        root: Node::Const(Value::Null),
        inits: Vec::new(),
        slots: 0,
        variables: Arc::default(),
        deep: false,
        output: Type::Dyn,
    });
    let vars = Activation::default();
    let mut run = Run {
        program: &EMPTY,
        vars: &vars,
        composed: None,
        slots: Slots::default(),
        cost: 0,
        limit: u64::MAX,
        cancel: None,
    };
    owned(run.eval(node)?).ok_or_else(Error::no_such_overload)
}

/// A value that borrows nothing, `None` for one that is part of an object.
fn owned(value: Value<'_>) -> Option<Value<'static>> {
    Some(match value {
        Value::Str(s) => Value::text(s),
        Value::List(items) => Value::list(items.iter().cloned().map(owned).collect::<Option<_>>()?),
        Value::Map(map) => {
            let mut out = MapValue::default();
            for (k, v) in map.entries() {
                out.insert(owned(k.clone())?, owned(v.clone())?);
            }
            Value::Map(out.into())
        }
        Value::Optional(None) => Value::Optional(None),
        Value::Optional(Some(v)) => Value::some(owned((*v).clone())?),
        Value::Null => Value::Null,
        Value::Bool(b) => Value::Bool(b),
        Value::Int(i) => Value::Int(i),
        Value::Uint(u) => Value::Uint(u),
        Value::Double(d) => Value::Double(d),
        Value::Duration(d) => Value::Duration(d),
        Value::Timestamp(t) => Value::Timestamp(t),
        Value::Text(s) => Value::Text(s),
        Value::Bytes(b) => Value::Bytes(b),
        Value::Type(t) => Value::Type(t),
        Value::Array(..)
        | Value::Object(..)
        | Value::Fields(_)
        | Value::Composed
        | Value::Struct(_)
        | Value::Ext(_) => {
            return None;
        }
    })
}

/// One evaluation.
struct Run<'v, 'a> {
    program: &'v Program,
    vars: &'a Activation<'v>,
    /// The variables of the policy.
    composed: Option<&'a Composed<'v>>,
    /// The variables of loops; an accumulator that nobody asked for is `None`.
    slots: Slots<'v>,
    cost: u64,
    limit: u64,
    cancel: Option<&'a AtomicBool>,
}

impl<'v> Run<'v, '_> {
    #[inline]
    fn charge(&mut self, cost: u64) -> std::result::Result<(), Error> {
        self.cost = self.cost.saturating_add(cost);
        if self.cost > self.limit { Err(Error::of(Cause::CostLimit)) } else { Ok(()) }
    }

    fn check_cancelled(&self) -> std::result::Result<(), Error> {
        match self.cancel {
            Some(flag) if flag.load(Ordering::Relaxed) => Err(Error::of(Cause::Cancelled)),
            _ => Ok(()),
        }
    }

    fn eval(&mut self, node: &'v Node) -> Result<'v> {
        match node {
            Node::Const(Value::Text(text)) => Ok(Value::Str(text)),
            Node::Const(value) => Ok(value.clone()),
            Node::Variable { at, cost } => {
                self.charge(*cost)?;
                self.variable(*at)
            }
            Node::Local { slot, cost } => {
                self.charge(*cost)?;
                self.local(*slot)
            }
            Node::Accu { slot, init, cost, take } => {
                self.charge(*cost)?;
                self.accumulator(*slot, *init, *take)
            }
            Node::Path(path) => self.path(path),
            Node::Select { operand, key, optional, extra } => self.select(operand, key, *optional, *extra),
            Node::Has { operand, key } => self.has(operand, key),
            Node::Index { operand, index, optional, extra } => self.index(operand, index, *optional, *extra),
            Node::And(terms) => self.logic(terms, false),
            Node::Or(terms) => self.logic(terms, true),
            Node::Not(operand) => {
                let value = self.eval(operand);
                self.charge(1)?;
                value?.as_bool().map(|b| Value::Bool(!b)).ok_or_else(Error::no_such_overload)
            }
            Node::NotStrictlyFalse(operand) => {
                let value = self.eval(operand);
                self.charge(1)?;
                match value {
                    Err(e) if e.is_fatal() => Err(e),
                    Ok(Value::Bool(b)) => Ok(Value::Bool(b)),
                    _ => Ok(Value::Bool(true)),
                }
            }
            Node::Ternary(parts) => self.ternary(parts),
            _ => self.eval_call(node),
        }
    }

    #[inline(never)]
    fn eval_call(&mut self, node: &'v Node) -> Result<'v> {
        match node {
            Node::Equal(args, wanted) => {
                let (a, b) = self.both(args, |a, b| cost::smaller(a, b))?;
                Ok(Value::Bool(
                    value::equal(&a, &b).map_or_else(|e| if *wanted { Err(e) } else { Ok(false) }, Ok)?
                        == *wanted,
                ))
            }
            Node::Compare(op, args, price) => {
                let (a, b) = self.priced(args, *price)?;
                op.apply(&a, &b)
            }
            Node::Add(args, price) => {
                let (a, b) = self.priced(args, *price)?;
                library::add(a, b)
            }
            Node::Arithmetic(op, args) => {
                let (a, b) = self.priced(args, BinaryCost::One)?;
                op.apply(&a, &b)
            }
            Node::Among(operand, set) => {
                let value = self.eval(operand)?;
                Ok(Value::Bool(set.get(&value).is_some()))
            }
            Node::OrElse { operands, unwrap } => self.or_else(operands, *unwrap),
            Node::Call(call) => self.call(call),
            Node::Pattern { kind, regex, args, cost, single } => {
                self.pattern(*kind, regex, args, *cost, *single)
            }
            Node::List { items } => {
                let made = self.list(items);
                self.charge(cost::LIST)?;
                made
            }
            Node::Map { entries } => {
                let made = self.map(entries);
                self.charge(cost::MAP)?;
                made
            }
            Node::Struct { type_name, fields } => {
                let made = self.object(type_name, fields);
                self.charge(cost::STRUCT)?;
                made
            }
            Node::Quantifier(quantifier) => self.quantifier(quantifier),
            Node::Fold(fold) => self.fold(fold),
            _ => Err(Error::no_such_overload()),
        }
    }

    #[inline]
    fn local(&self, slot: usize) -> Result<'v> {
        self.slots.get(slot).cloned().unwrap_or_else(|| Err(Error::no_such_overload()))
    }

    fn variable(&self, at: usize) -> Result<'v> {
        match self.vars.slot(at) {
            Some(Slot::Known(value)) => Ok(value.clone()),
            Some(Slot::Failed(error)) => Err(error.clone()),
            Some(Slot::Partial(value, parts)) => {
                parts.first().map_or_else(|| Ok(value.clone()), |part| Err(part.error()))
            }
            Some(Slot::Unknown) => {
                let name = self.program.variables.get(at).cloned();
                Err(Error::of(Cause::Unknown(name.into_iter().collect())))
            }
            _ => {
                let name = self.program.variables.get(at).map_or("", |n| n);
                Err(Error::new(format!("no such attribute(s): {name}")))
            }
        }
    }

    /// `&&` and `||`: one term that decides is enough, whatever the other is.
    #[inline(never)]
    fn logic(&mut self, terms: &'v [Node; 2], decides: bool) -> Result<'v> {
        let mut failure: Option<Error> = None;
        for term in terms {
            let error = match self.eval(term) {
                Ok(Value::Bool(b)) if b == decides => return Ok(Value::Bool(decides)),
                Ok(Value::Bool(_)) => continue,
                Ok(_) => Error::no_such_overload(),
                Err(e) if e.is_fatal() => return Err(e),
                Err(e) => e,
            };
            failure = Some(worse(failure, error));
        }
        failure.map_or(Ok(Value::Bool(!decides)), Err)
    }

    #[inline(never)]
    fn ternary(&mut self, [condition, then, other]: &'v [Node; 3]) -> Result<'v> {
        match self.eval(condition)? {
            Value::Bool(true) => self.eval(then),
            Value::Bool(false) => self.eval(other),
            _ => Err(Error::no_such_overload()),
        }
    }

    /// Two operands, both evaluated, and what having them costs.
    #[inline]
    fn both(
        &mut self,
        [a, b]: &'v [Node; 2],
        price: impl FnOnce(&Value<'v>, &Value<'v>) -> u64,
    ) -> std::result::Result<(Value<'v>, Value<'v>), Error> {
        let (a, b) = (self.eval(a), self.eval(b));
        match (a, b) {
            (Ok(a), Ok(b)) => {
                self.charge(price(&a, &b))?;
                Ok((a, b))
            }
            (_, Err(e)) if e.is_fatal() => Err(e),
            (Err(e), _) if e.is_fatal() => Err(e),
            // One without a value has size 1.
            (Err(e), b) => {
                self.charge(price(&Value::Null, &b.unwrap_or_default()))?;
                Err(e)
            }
            (Ok(a), Err(e)) => {
                self.charge(price(&a, &Value::Null))?;
                Err(e)
            }
        }
    }

    #[inline]
    fn priced(
        &mut self,
        args: &'v [Node; 2],
        price: BinaryCost,
    ) -> std::result::Result<(Value<'v>, Value<'v>), Error> {
        self.both(args, |a, b| match price {
            BinaryCost::One => 1,
            BinaryCost::Smaller => cost::smaller(a, b),
            BinaryCost::Both => cost::both(a, b),
        })
    }

    #[inline(never)]
    fn or_else(&mut self, [first, second]: &'v [Node; 2], unwrap: bool) -> Result<'v> {
        match self.eval(first)? {
            Value::Optional(None) => self.eval(second),
            Value::Optional(Some(v)) if unwrap => Ok((*v).clone()),
            value => Ok(value),
        }
    }

    /// The arguments of a function in `values`, and what the call costs by their sizes; one without a value has size 1.
    fn arguments(
        &mut self,
        args: &'v [Node],
        values: &mut [Value<'v>],
        price: library::Cost,
        single: bool,
        stops: bool,
    ) -> std::result::Result<(), Error> {
        let mut failure = None;
        for (arg, value) in args.iter().zip(values.iter_mut()) {
            match self.eval(arg) {
                Ok(v) => *value = v,
                Err(e) if stops || e.is_fatal() => return Err(e),
                Err(e) => {
                    failure.get_or_insert(e);
                }
            }
        }
        if failure.is_some() || !by_result(price) {
            self.charge(cost::of_call(price, single, values, None))?;
        }
        failure.map_or(Ok(()), Err)
    }

    /// Calls a function; few arguments need no allocation.
    #[inline(never)]
    fn call(&mut self, call: &'v Invocation) -> Result<'v> {
        match call.args.len() {
            0 | 1 => self.call_with(call, &mut [Value::Null; 1]),
            2 => self.call_with(call, &mut [const { Value::Null }; 2]),
            3 => self.call_with(call, &mut [const { Value::Null }; 3]),
            n => self.call_with(call, &mut vec![Value::Null; n]),
        }
    }

    fn call_with(&mut self, call: &'v Invocation, values: &mut [Value<'v>]) -> Result<'v> {
        let values = values.get_mut(..call.args.len()).unwrap_or_default();
        let single = call.candidates.len() == 1;
        self.arguments(&call.args, values, call.cost, single, call.stops)?;
        let fitting = |o: &&&'static Overload| {
            o.args.len() == values.len() && o.args.iter().zip(values.iter()).all(|(t, v)| fits(t, v))
        };
        let chosen = match call.candidates.as_slice() {
            [one] => Some(*one),
            many => many.iter().find(fitting).copied(),
        };
        let result = match chosen {
            Some(overload) => {
                let result = (overload.row.call)(values);
                let refused = result.as_ref().is_err_and(Error::is_no_such_overload);
                if refused && !overload.args.iter().zip(values.iter()).all(|(t, v)| fits(t, v)) {
                    Err(no_overload(call.name, values))
                } else {
                    result
                }
            }
            None => Err(no_overload(call.name, values)),
        };
        if by_result(call.cost) {
            self.charge(cost::of_call(call.cost, single, &[], result.as_ref().ok()))?;
        }
        result
    }

    #[inline(never)]
    fn pattern(
        &mut self,
        kind: PatternKind,
        regex: &Regex,
        args: &'v [Node],
        price: library::Cost,
        single: bool,
    ) -> Result<'v> {
        let mut values = [const { Value::Null }; 3];
        let values = values.get_mut(..args.len()).ok_or_else(Error::no_such_overload)?;
        self.arguments(args, values, price, single, true)?;
        match kind {
            PatternKind::Matches => {
                let text = values.first().and_then(Value::as_str).ok_or_else(Error::no_such_overload)?;
                Ok(Value::Bool(regex.is_match(text)))
            }
            PatternKind::Find => library::find_with(regex, values),
            PatternKind::FindAll => library::find_all_with(regex, values),
        }
    }

    #[inline(never)]
    fn list(&mut self, items: &'v [(Node, bool)]) -> Result<'v> {
        let mut out = Vec::with_capacity(items.len());
        for (item, optional) in items {
            let value = self.eval(item)?;
            if !optional {
                out.push(value);
                continue;
            }
            match value {
                Value::Optional(v) => out.extend(v.map(|v| (*v).clone())),
                other => {
                    let message =
                        format!("cannot initialize optional list element from non-optional value {other}");
                    return Err(Error::new(message));
                }
            }
        }
        Ok(Value::list(out))
    }

    #[inline(never)]
    fn map(&mut self, entries: &'v [(Node, Node, bool)]) -> Result<'v> {
        let mut out = MapValue::default();
        for (key, value, optional) in entries {
            let (key, value) = (self.eval(key)?, self.eval(value)?);
            match unwrapped(&key, value, *optional)? {
                Some(value) => out.insert(key, value),
                None => out.remove(&key),
            }
        }
        Ok(Value::Map(out.into()))
    }

    #[inline(never)]
    fn object(&mut self, type_name: &Name, fields: &'v [(Name, Node, bool)]) -> Result<'v> {
        let mut out: Vec<(Name, Value<'v>)> = Vec::with_capacity(fields.len());
        for (name, value, optional) in fields {
            let value = self.eval(value)?;
            if let Some(value) = unwrapped(&Value::Str(name), value, *optional)? {
                out.push((name.clone(), value));
            }
        }
        Ok(Value::Struct(StructValue { type_name: type_name.clone(), fields: out }.into()))
    }
}

/// What two operands without a value come to: what is unknown matters more than what failed, and the first of two.
fn worse(before: Option<Error>, error: Error) -> Error {
    match before {
        Some(before) if before.is_unknown() && error.is_unknown() => before.merge(&error),
        Some(before) if before.is_unknown() || !error.is_unknown() => before,
        _ => error,
    }
}

/// Whether a cost depends on what comes out.
fn by_result(cost: library::Cost) -> bool {
    matches!(cost, library::Cost::Outcome(_) | library::Cost::Single(library::SingleCost::Made))
}

/// The value of an entry, `None` for an empty optional.
fn unwrapped<'v>(
    key: &Value<'v>,
    value: Value<'v>,
    optional: bool,
) -> std::result::Result<Option<Value<'v>>, Error> {
    match value {
        value if !optional => Ok(Some(value)),
        Value::Optional(v) => Ok(v.map(|v| (*v).clone())),
        other => {
            let key = value::show::bare(key);
            Err(Error::new(format!(
                "cannot initialize optional entry '{key}' from non-optional value {other}"
            )))
        }
    }
}

#[cold]
fn no_overload(name: &str, values: &[Value<'_>]) -> Error {
    match name {
        "contains" | "startsWith" | "endsWith" | "@in" | "-_" => return Error::no_such_overload(),
        "size" | "matches" | "sort" => return Error::new(format!("no such overload: {name}")),
        _ => {}
    }
    let types: Vec<String> = values.iter().map(|v| v.type_of().runtime_name().to_owned()).collect();
    Error::new(format!("no such overload: {name}({})", types.join(", ")))
}

/// Whether a value is of a type, contents aside.
fn fits(ty: &Type, value: &Value<'_>) -> bool {
    match ty {
        Type::Dyn | Type::Param(_) => true,
        Type::List(of) => {
            value.list_len().is_some() && value.item(0).is_none_or(|v| v.is_ok_and(|v| fits(of, &v)))
        }
        Type::Map(_) => value.map_len().is_some(),
        Type::Opaque(name, _) => value.type_of().runtime_name() == &**name,
        other => value.type_of().runtime_name() == other.runtime_name(),
    }
}
