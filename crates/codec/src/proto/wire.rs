//! Varints, tags and length-delimited pieces of the protobuf wire format.

use super::DecodeError;

/// How a field's bytes are laid out; the low three bits of its tag.
pub(super) mod wire_type {
    pub(in crate::proto) const VARINT: u8 = 0;
    pub(in crate::proto) const FIXED64: u8 = 1;
    pub(in crate::proto) const BYTES: u8 = 2;
    pub(in crate::proto) const START_GROUP: u8 = 3;
    pub(in crate::proto) const END_GROUP: u8 = 4;
    pub(in crate::proto) const FIXED32: u8 = 5;
}

pub(super) fn put_varint(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

pub(super) fn put_tag(out: &mut Vec<u8>, number: u32, wire_type: u8) {
    put_varint(out, u64::from(number) << 3 | u64::from(wire_type));
}

pub(super) fn put_int(out: &mut Vec<u8>, number: u32, v: i64) {
    put_tag(out, number, wire_type::VARINT);
    put_varint(out, v.cast_unsigned());
}

pub(super) fn put_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_tag(out, number, wire_type::BYTES);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Writes a length-delimited field whose content is written by `content`.
pub(super) fn put_nested<E>(
    out: &mut Vec<u8>,
    number: u32,
    content: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    put_tag(out, number, wire_type::BYTES);
    // Most pieces are short: one byte of length is reserved and the rest made room for when it is needed.
    let at = out.len();
    out.push(0);
    content(out)?;
    let length = out.len() - at - 1;
    if let (Some(byte), 0..0x80) = (out.get_mut(at), length) {
        *byte = length as u8;
        return Ok(());
    }
    let mut varint = Vec::with_capacity(10);
    put_varint(&mut varint, length as u64);
    out.splice(at..=at, varint);
    Ok(())
}

/// Reads the fields of one message.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    /// Name of the message, for errors.
    message: &'static str,
}

impl<'a> Reader<'a> {
    pub(super) fn new(rest: &'a [u8], message: &'static str) -> Self {
        Self { rest, message }
    }

    /// The number and wire type of the next field, `None` at the end.
    pub(super) fn tag(&mut self) -> Result<Option<(u32, u8)>, DecodeError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        // As Go, which takes the number as an int32.
        let number = (tag >> 3) as u32;
        let wire_type = (tag & 7) as u8;
        if wire_type == wire_type::END_GROUP {
            return Err(self.error("wiretype end group for non-group"));
        }
        if number == 0 || number > i32::MAX as u32 {
            return Err(self.error(&format!("illegal tag {} (wire type {wire_type})", number.cast_signed())));
        }
        Ok(Some((number, wire_type)))
    }

    /// True at the end.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    fn error(&self, text: &str) -> DecodeError {
        DecodeError::new(format!("proto: {}: {text}", self.message))
    }

    pub(super) fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut v = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or_else(DecodeError::truncated)?;
            self.rest = rest;
            v |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(v);
            }
        }
        Err(DecodeError::new("proto: integer overflow"))
    }

    pub(super) fn fixed64(&mut self) -> Result<u64, DecodeError> {
        let (bytes, rest) = self.rest.split_first_chunk::<8>().ok_or_else(DecodeError::truncated)?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*bytes))
    }

    /// A length and that many bytes.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.varint()?;
        if length > i64::MAX as u64 {
            return Err(DecodeError::new("proto: negative length found during unmarshaling"));
        }
        let length = usize::try_from(length).map_err(|_| DecodeError::truncated())?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or_else(DecodeError::truncated)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// Passes over the content of a field nobody knows, groups of any depth included.
    pub(super) fn skip(&mut self, wire_type: u8) -> Result<(), DecodeError> {
        let mut depth = 0_usize;
        let mut wire_type = wire_type;
        loop {
            match wire_type {
                wire_type::VARINT => drop(self.varint()?),
                wire_type::FIXED64 => drop(self.fixed64()?),
                wire_type::BYTES => drop(self.bytes()?),
                wire_type::START_GROUP => depth += 1,
                wire_type::END_GROUP => {
                    depth = depth
                        .checked_sub(1)
                        .ok_or_else(|| DecodeError::new("proto: unexpected end of group"))?;
                }
                wire_type::FIXED32 => {
                    let (_, rest) = self.rest.split_first_chunk::<4>().ok_or_else(DecodeError::truncated)?;
                    self.rest = rest;
                }
                other => return Err(DecodeError::new(format!("proto: illegal wireType {other}"))),
            }
            if depth == 0 {
                return Ok(());
            }
            wire_type = (self.varint()? & 7) as u8;
        }
    }
}
