//! Running a program.
//!
//! Entry points: [`Program::evaluate`] and [`Activation`].

mod activation;
mod attribute;
mod call;
mod fold;
mod make;
mod slots;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use crate::cost;
use crate::error::{Cause, Error};
use crate::library;
use crate::plan::{BinaryCost, Node, Program};
use crate::policy::Composed;
use crate::stack;
use crate::types::Type;
use crate::value::{self, MapValue, Result, Value};

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
}

/// What two operands without a value come to: what is unknown matters more than what failed, and the first of two.
fn worse(before: Option<Error>, error: Error) -> Error {
    match before {
        Some(before) if before.is_unknown() && error.is_unknown() => before.merge(&error),
        Some(before) if before.is_unknown() || !error.is_unknown() => before,
        _ => error,
    }
}
