//! What a client should know whatever the answer (KEP-1693).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The warnings of one request, collected wherever they arise; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    /// Adds some.
    pub(crate) fn extend(&self, texts: impl IntoIterator<Item = String>) {
        self.lock().extend(texts);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Forgets all but the first, when what led to the others is done again.
    pub(crate) fn truncate(&self, count: usize) {
        self.lock().truncate(count);
    }

    /// All of them.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.lock().clone()
    }

    /// A panic cannot leave a list torn.
    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
