//! A part of the server that is there only after the parts that refer to it.

use std::sync::{Arc, OnceLock, Weak};

/// A weak reference that is set once.
#[derive(Debug)]
pub(crate) struct Late<T>(OnceLock<Weak<T>>);

impl<T> Default for Late<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T> Late<T> {
    /// Sets what it refers to; only the first call counts.
    pub(crate) fn set(&self, value: &Arc<T>) {
        let _ = self.0.set(Arc::downgrade(value));
    }

    /// What it refers to, `None` before it was set and after it is gone.
    pub(crate) fn get(&self) -> Option<Arc<T>> {
        self.0.get()?.upgrade()
    }
}
