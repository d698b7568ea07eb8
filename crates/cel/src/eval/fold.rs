//! Loops and bindings.

use super::{Run, worse};
use crate::error::Error;
use crate::plan::{Fold, Quantifier};
use crate::value::{Result, Value};

impl<'v> Run<'v, '_> {
    /// The value of an accumulator, whose first value is computed when it is first asked for.
    #[inline(never)]
    pub(super) fn accumulator(&mut self, slot: usize, init: usize, take: bool) -> Result<'v> {
        let current = match self.slots.place(slot) {
            Some(current) if take => current.take(),
            Some(current) => current.clone(),
            None => None,
        };
        if let Some(value) = current {
            return value;
        }
        let program = self.program;
        let Some(node) = program.inits.get(init) else { return Err(Error::no_such_overload()) };
        let value = self.eval(node);
        if !take {
            self.put(slot, Some(value.clone()));
        }
        value
    }

    fn put(&mut self, slot: usize, value: Option<Result<'v>>) {
        if let Some(place) = self.slots.place(slot) {
            *place = value;
        }
    }

    /// `all` and `exists`: an item that decides ends the loop, and matters more than items without a value.
    #[inline(never)]
    pub(super) fn quantifier(&mut self, asked: &'v Quantifier) -> Result<'v> {
        let range = self.eval(&asked.range)?;
        let mut answer = Answer { failure: None, decided: false };
        if let Some(len) = range.list_len() {
            for i in 0..len {
                let item = range.item(i).unwrap_or_else(|| Err(Error::no_such_overload()));
                let more = match asked.var2 {
                    Some(_) => self.ask(asked, Ok(Value::Int(i as i64)), Some(item), &mut answer)?,
                    None => self.ask(asked, item, None, &mut answer)?,
                };
                if !more {
                    break;
                }
            }
        } else {
            for (key, value) in entries(&range)? {
                if !self.ask(asked, Ok(key), asked.var2.map(|_| Ok(value)), &mut answer)? {
                    break;
                }
            }
        }
        self.charge(1)?;
        match answer.failure {
            Some(failure) if !answer.decided => Err(failure),
            _ => Ok(Value::Bool(answer.decided == asked.decides)),
        }
    }

    /// One item; false when the loop is over.  The cost is that of the loop that the macro stands for.
    fn ask(
        &mut self,
        asked: &'v Quantifier,
        first: Result<'v>,
        second: Option<Result<'v>>,
        answer: &mut Answer,
    ) -> std::result::Result<bool, Error> {
        self.check_cancelled()?;
        self.put(asked.var, Some(first));
        if let Some(var2) = asked.var2 {
            self.put(var2, second);
        }
        // The accumulator is read, for `exists` negated, and looked at.
        self.charge(if asked.decides { 3 } else { 2 })?;
        if answer.decided {
            return Ok(false);
        }
        self.charge(1)?;
        let error = match self.eval(&asked.predicate) {
            Ok(Value::Bool(found)) => {
                answer.decided = found == asked.decides;
                return Ok(true);
            }
            Ok(_) => Error::no_such_overload(),
            Err(e) if e.is_fatal() => return Err(e),
            Err(e) => e,
        };
        answer.failure = Some(worse(answer.failure.take(), error));
        Ok(true)
    }

    #[inline(never)]
    pub(super) fn fold(&mut self, fold: &'v Fold) -> Result<'v> {
        let range = if fold.bind { Ok(Value::Null) } else { self.eval(&fold.range) }?;
        self.put(fold.accu, None);
        if !fold.bind {
            self.walk(fold, &range)?;
        }
        let result = self.eval(&fold.result);
        self.put(fold.accu, None);
        result
    }

    /// Runs the steps of a loop; failures of steps stay in the accumulator.
    fn walk(&mut self, fold: &'v Fold, range: &Value<'v>) -> std::result::Result<(), Error> {
        if let Some(len) = range.list_len() {
            for i in 0..len {
                let item = range.item(i).unwrap_or_else(|| Err(Error::no_such_overload()));
                let (first, second) =
                    if fold.var2.is_some() { (Ok(Value::Int(i as i64)), Some(item)) } else { (item, None) };
                if !self.step(fold, first, second)? {
                    break;
                }
            }
            return Ok(());
        }
        for (key, value) in entries(range)? {
            if !self.step(fold, Ok(key), fold.var2.map(|_| Ok(value)))? {
                break;
            }
        }
        Ok(())
    }

    /// One round; false when the loop is over.
    fn step(
        &mut self,
        fold: &'v Fold,
        first: Result<'v>,
        second: Option<Result<'v>>,
    ) -> std::result::Result<bool, Error> {
        self.check_cancelled()?;
        self.put(fold.var, Some(first));
        if let Some(var2) = fold.var2 {
            self.put(var2, second);
        }
        match self.eval(&fold.condition) {
            Ok(Value::Bool(false)) => return Ok(false),
            Err(e) if e.is_fatal() => return Err(e),
            _ => {}
        }
        let next = self.eval(&fold.step);
        if let Err(e) = &next
            && e.is_fatal()
        {
            return Err(e.clone());
        }
        self.put(fold.accu, Some(next));
        Ok(true)
    }
}

/// What is known of a question so far.
struct Answer {
    /// Why some items had no value.
    failure: Option<Error>,
    decided: bool,
}

fn entries<'v>(range: &Value<'v>) -> std::result::Result<Vec<(Value<'v>, Value<'v>)>, Error> {
    if range.map_len().is_none() {
        let ty = range.type_of();
        return Err(Error::new(format!("got '{}', expected iterable type", ty.runtime_name())));
    }
    range.entries()
}
