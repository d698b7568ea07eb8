//! Lists of any kind: all have their metadata as field 1 and their items as field 2.

use api::Value;
use schema::Message;

use super::wire::{put_bytes, put_nested};
use super::{EncodeError, Envelope, encode};

/// Builds a list item by item, so that items need not exist as values at the same time.
#[derive(Debug)]
pub struct ListEncoder {
    raw: Vec<u8>,
}

impl ListEncoder {
    /// Begins a list; `metadata` is its `metav1.ListMeta`.
    ///
    /// # Errors
    /// [`EncodeError`] when the metadata has not the shape of `list_meta`.
    pub fn new(metadata: &Value, list_meta: &'static Message) -> Result<Self, EncodeError> {
        let mut raw = Vec::with_capacity(4096);
        put_nested(&mut raw, 1, |out| encode::message(out, metadata, list_meta))?;
        Ok(Self { raw })
    }

    /// Adds an item.
    ///
    /// # Errors
    /// [`EncodeError`] when it has not the shape of `message`; the list is not to be used any more then.
    pub fn push(&mut self, item: &Value, message: &'static Message) -> Result<(), EncodeError> {
        put_nested(&mut self.raw, 2, |out| encode::message(out, item, message))
    }

    /// Adds an item that is encoded already, without its envelope.
    pub fn push_encoded(&mut self, item: &[u8]) {
        put_bytes(&mut self.raw, 2, item);
    }

    /// The list in its envelope; `kind` is that of the list, such as `PodList`.
    pub fn finish(self, api_version: &str, kind: &str) -> Vec<u8> {
        Envelope::wrap(api_version, kind, &self.raw)
    }
}
