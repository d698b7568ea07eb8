//! Kubernetes protobuf.

use codec::proto::{self, Envelope};

use crate::targets::object::as_json;

/// A message of any structure of the catalogue, which the first two bytes name: what was read is written so that it reads
/// the same.
pub(crate) fn message(bytes: &[u8]) {
    let [high, low, bytes @ ..] = bytes else { return };
    let messages = schema::messages();
    let at = usize::from(u16::from_be_bytes([*high, *low])) % messages.len();
    let Some(message) = messages.get(at) else { return };
    let Ok(mut value) = proto::decode(bytes, message) else { return };
    schema::canonicalize(&mut value, message);
    let written = proto::encode(&value, message).expect("what was read has its shape");
    let mut again = proto::decode(&written, message).expect("what was written is protobuf");
    schema::canonicalize(&mut again, message);
    assert_eq!(proto::encode(&again, message).as_deref(), Ok(&written[..]));
    as_json(&value);
}

/// The wrapping of a body.
pub(crate) fn envelope(bytes: &[u8]) {
    let Ok(envelope) = Envelope::decode(bytes) else { return };
    let wrapped = Envelope::wrap(&envelope.api_version, &envelope.kind, &envelope.raw);
    let again = Envelope::decode(&wrapped).expect("what was wrapped is wrapped");
    assert_eq!(
        (again.api_version, again.kind, again.raw),
        (envelope.api_version, envelope.kind, envelope.raw)
    );
}
