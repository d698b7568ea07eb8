//! The wrapping of protobuf bodies: `k8s\0` and a `runtime.Unknown` that names the kind, and the frames of a watch.

use super::DecodeError;
use super::special::repaired;
use super::wire::{Reader, put_bytes, put_nested, wire_type};

/// What every protobuf body begins with.
pub const PREFIX: [u8; 4] = *b"k8s\0";

/// True when bytes begin as a protobuf body does.
pub fn has_prefix(bytes: &[u8]) -> bool {
    bytes.starts_with(&PREFIX)
}

/// A body with its kind (`runtime.Unknown`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// `apiVersion` of the object.
    pub api_version: String,
    /// `kind` of the object.
    pub kind: String,
    /// The message.
    pub raw: Vec<u8>,
    /// How `raw` is encoded, empty for plain.
    pub content_encoding: String,
    /// The media type of `raw`, empty for protobuf.
    pub content_type: String,
}

impl Envelope {
    /// Reads a body.
    ///
    /// # Errors
    /// [`DecodeError`] with upstream's text when the prefix is missing or what follows is malformed.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.is_empty() {
            return Err(DecodeError::new("empty data"));
        }
        let Some(unknown) = bytes.strip_prefix(&PREFIX) else {
            let text = format!(
                "provided data does not appear to be a protobuf message, expected prefix [{}]",
                PREFIX.map(|b| b.to_string()).join(" ")
            );
            return Err(DecodeError::new(text));
        };
        if unknown.is_empty() {
            return Err(DecodeError::new("empty body"));
        }
        Self::unknown(unknown)
    }

    fn unknown(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut envelope = Self::default();
        let mut reader = Reader::new(bytes, "Unknown");
        while let Some((number, wire_type)) = reader.tag()? {
            let name = match number {
                1 => "TypeMeta",
                2 => "Raw",
                3 => "ContentEncoding",
                4 => "ContentType",
                _ => {
                    reader.skip(wire_type)?;
                    continue;
                }
            };
            let piece = named(&mut reader, wire_type, name)?;
            match number {
                1 => envelope.type_meta(piece)?,
                2 => envelope.raw = piece.to_vec(),
                3 => envelope.content_encoding = repaired(piece).into(),
                _ => envelope.content_type = repaired(piece).into(),
            }
        }
        Ok(envelope)
    }

    fn type_meta(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        let mut reader = Reader::new(bytes, "TypeMeta");
        while let Some((number, wire_type)) = reader.tag()? {
            match number {
                1 => self.api_version = repaired(named(&mut reader, wire_type, "APIVersion")?).into(),
                2 => self.kind = repaired(named(&mut reader, wire_type, "Kind")?).into(),
                _ => reader.skip(wire_type)?,
            }
        }
        Ok(())
    }

    /// The message inside a body that [`Self::wrap`] made.
    ///
    /// # Errors
    /// [`DecodeError`] when it did not.
    pub fn raw_of(bytes: &[u8]) -> Result<&[u8], DecodeError> {
        let unknown = bytes.strip_prefix(&PREFIX).ok_or_else(|| DecodeError::new("no protobuf body"))?;
        let mut reader = Reader::new(unknown, "Unknown");
        while let Some((number, wire_type)) = reader.tag()? {
            if number == 2 {
                return named(&mut reader, wire_type, "Raw");
            }
            reader.skip(wire_type)?;
        }
        Err(DecodeError::new("a protobuf body without a message"))
    }

    /// Wraps a message whose kind is given.
    pub fn wrap(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(raw.len() + api_version.len() + kind.len() + 32);
        out.extend_from_slice(&PREFIX);
        let Ok(()) = put_nested(&mut out, 1, |out| {
            put_bytes(out, 1, api_version.as_bytes());
            put_bytes(out, 2, kind.as_bytes());
            Ok::<(), std::convert::Infallible>(())
        });
        put_bytes(&mut out, 2, raw);
        put_bytes(&mut out, 3, b"");
        put_bytes(&mut out, 4, b"");
        out
    }
}

fn named<'a>(reader: &mut Reader<'a>, wire_type: u8, name: &str) -> Result<&'a [u8], DecodeError> {
    if wire_type != wire_type::BYTES {
        return Err(DecodeError::new(format!("proto: wrong wireType = {wire_type} for field {name}")));
    }
    reader.bytes()
}

/// One event of a watch answered as `application/vnd.kubernetes.protobuf;stream=watch`: four bytes of length, big
/// endian, and a `metav1.WatchEvent` around the object, which is given with its envelope.
pub fn watch_frame(event_type: &str, object: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 4];
    put_bytes(&mut out, 1, event_type.as_bytes());
    let Ok(()) = put_nested(&mut out, 2, |out| {
        put_bytes(out, 1, object);
        Ok::<(), std::convert::Infallible>(())
    });
    let length = u32::try_from(out.len() - 4).unwrap_or(u32::MAX);
    if let Some(head) = out.first_chunk_mut::<4>() {
        *head = length.to_be_bytes();
    }
    out
}
