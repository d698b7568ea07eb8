//! The variables of loops while they run.
//!
//! Entry point: [`Slots`].

use crate::value::Result;

/// How many need no allocation.
const FEW: usize = 4;

/// Values by place; those that nobody set are `None`.
#[derive(Default)]
pub(super) struct Slots<'v> {
    few: [Option<Result<'v>>; FEW],
    more: Vec<Option<Result<'v>>>,
}

impl<'v> Slots<'v> {
    /// Makes room for so many.
    pub(super) fn make_room(&mut self, count: usize) {
        if count > FEW {
            self.more.resize_with(count - FEW, || None);
        }
    }

    /// The value at a place.
    #[inline]
    pub(super) fn get(&self, at: usize) -> Option<&Result<'v>> {
        match self.few.get(at) {
            Some(slot) => slot.as_ref(),
            None => self.more.get(at - FEW)?.as_ref(),
        }
    }

    /// The place itself.
    #[inline]
    pub(super) fn place(&mut self, at: usize) -> Option<&mut Option<Result<'v>>> {
        if at < FEW { self.few.get_mut(at) } else { self.more.get_mut(at - FEW) }
    }
}
