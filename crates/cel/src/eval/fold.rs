//! Loops and bindings.

use super::Run;
use crate::error::Error;
use crate::plan::Fold;
use crate::value::{Result, Value};

impl<'v> Run<'v, '_> {
    /// The value of an accumulator, whose first value is computed when it is first asked for.
    #[inline(never)]
    pub(super) fn accumulator(&mut self, slot: usize, init: usize, take: bool) -> Result<'v> {
        let current = match self.slots.get_mut(slot) {
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
        if let Some(place) = self.slots.get_mut(slot) {
            *place = value;
        }
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
        if range.map_len().is_none() {
            return Err(Error::new(format!(
                "got '{}', expected iterable type",
                range.type_of().runtime_name()
            )));
        }
        for (key, value) in range.entries()? {
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
