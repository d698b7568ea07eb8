//! Lists of any kind: all have their metadata as field 1 and their items as field 2.
//!
//! A list is written in pieces, [`list_head`], [`put_item`] for each item and [`LIST_TAIL`], so that it never exists as a
//! whole; only its length must be known before.

use api::Value;
use schema::Message;

use super::wire::{put_bytes, put_nested, put_tag, put_varint, wire_type};
use super::{EncodeError, PREFIX, encode};

/// What comes behind the last item: the envelope's empty encoding and media type.
pub const LIST_TAIL: [u8; 4] = [0x1a, 0, 0x22, 0];

/// What comes before the first item; `items` is the sum of [`item_size`] of all, `kind` that of the list, such as
/// `PodList`, and `metadata` its `metav1.ListMeta`.
///
/// # Errors
/// [`EncodeError`] when the metadata has not the shape of `list_meta`.
pub fn list_head(
    (api_version, kind): (&str, &str),
    metadata: &Value,
    list_meta: &'static Message,
    items: usize,
) -> Result<Vec<u8>, EncodeError> {
    let mut own = Vec::with_capacity(64);
    put_nested(&mut own, 1, |out| encode::message(out, metadata, list_meta))?;
    let mut out = PREFIX.to_vec();
    let Ok(()) = put_nested(&mut out, 1, |out| {
        put_bytes(out, 1, api_version.as_bytes());
        put_bytes(out, 2, kind.as_bytes());
        Ok::<(), std::convert::Infallible>(())
    });
    put_tag(&mut out, 2, wire_type::BYTES);
    put_varint(&mut out, (own.len() + items) as u64);
    out.extend_from_slice(&own);
    Ok(out)
}

/// How many bytes [`put_item`] writes for an item of `length` bytes.
pub fn item_size(length: usize) -> usize {
    let bits = usize::BITS - length.leading_zeros();
    1 + (bits.div_ceil(7).max(1) as usize) + length
}

/// Appends an item, encoded without an envelope.
pub fn put_item(out: &mut Vec<u8>, item: &[u8]) {
    put_bytes(out, 2, item);
}
