//! The Kubernetes protobuf encoding of any built-in kind, both ways, by the wire numbers of the catalogue.
//!
//! Entry points: [`encode`] and [`decode`] for a message alone, [`Envelope`] for the `k8s\0` wrapping that bodies and
//! answers travel in, [`list_head`] for lists and [`watch_frame`] for watch events.
//!
//! What is written is byte for byte what upstream's generated code (gogo protobuf, proto2) writes: fields in the order
//! of their numbers, plain scalars and structures even when zero, pointers only when set, maps sorted by key.

mod decode;
mod encode;
mod envelope;
mod error;
mod list;
mod special;
mod wire;

use api::Value;
use schema::Message;

pub use envelope::{Envelope, PREFIX, has_prefix, watch_frame};
pub use error::{DecodeError, EncodeError};
pub use list::{LIST_TAIL, item_size, list_head, put_item};

/// The bytes of a value that has the shape of `message`, without an envelope.
///
/// The value is expected as `schema::canonicalize` leaves it: a member that is `null` is a pointer that is not set,
/// and a plain scalar that is missing is zero.  Members that the message does not have are left out.
///
/// # Errors
/// [`EncodeError`] when a member has another type than the catalogue says; values that went through `schema::coerce`
/// never have.
pub fn encode(value: &Value, message: &'static Message) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::with_capacity(1024);
    encode::message(&mut out, value, message)?;
    Ok(out)
}

/// Reads a message without an envelope.  Fields that the catalogue does not know are skipped.
///
/// Plain scalars that are not on the wire are missing in the value: `schema::canonicalize` writes them in.
///
/// # Errors
/// [`DecodeError`] for truncated or otherwise malformed bytes, with upstream's text where clients may see it.
pub fn decode(bytes: &[u8], message: &'static Message) -> Result<Value, DecodeError> {
    decode::message(bytes, message)
}

#[cfg(test)]
mod tests;
