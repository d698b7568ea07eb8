//! The hash behind [`Message::field`](crate::Message::field); the build script, which looks for a seed without
//! collisions, includes this file too.

/// The slot of a name in a table of `slots` slots, a power of two.
///
/// Long names count by their first, middle and last eight bytes; no two fields of a message agree in all of them.
#[inline]
pub fn slot(name: &str, seed: u32, slots: usize) -> usize {
    let bytes = name.as_bytes();
    let (first, last) = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => short(bytes),
    };
    let middle = match bytes.get(bytes.len() / 2..).and_then(|b| b.first_chunk::<8>()) {
        Some(middle) => u64::from_le_bytes(*middle),
        None => bytes.len() as u64,
    };
    let mixed = (first ^ u64::from(seed)).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ last.rotate_left(29) ^ middle;
    (mixed.wrapping_mul(0xd6e8_feb8_6659_fd93) >> 32) as usize & slots.wrapping_sub(1)
}

/// Fewer than eight bytes as two numbers.
#[inline]
fn short(bytes: &[u8]) -> (u64, u64) {
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)))
        }
        _ => (bytes.iter().fold(0, |n, b| n << 8 | u64::from(*b)), bytes.len() as u64),
    }
}
