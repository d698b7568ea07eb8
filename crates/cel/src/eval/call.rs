//! Calls of functions: arguments, the overload that fits them, and what the call costs.

use regex::Regex;

use super::Run;
use crate::cost;
use crate::env::Overload;
use crate::error::Error;
use crate::library;
use crate::plan::{Invocation, Node, PatternKind};
use crate::types::Type;
use crate::value::{Result, Value};

impl<'v> Run<'v, '_> {
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
    pub(super) fn call(&mut self, call: &'v Invocation) -> Result<'v> {
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
    pub(super) fn pattern(
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
}

/// Whether a cost depends on what comes out.
fn by_result(cost: library::Cost) -> bool {
    matches!(cost, library::Cost::Outcome(_) | library::Cost::Single(library::SingleCost::Made))
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
