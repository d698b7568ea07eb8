//! The hash behind [`Message::field`](crate::Message::field); the build script, which looks for a seed without
//! collisions, includes this file too.

/// The slot of a name in a table of `slots` slots, a power of two.
#[inline]
pub fn slot(name: &str, seed: u32, slots: usize) -> usize {
    let mut h = u64::from(seed) ^ (name.len() as u64) << 32;
    for chunk in name.as_bytes().chunks(8) {
        let mut word = [0u8; 8];
        for (to, from) in word.iter_mut().zip(chunk) {
            *to = *from;
        }
        h = (h ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        h ^= h >> 29;
    }
    (h >> 16) as usize & slots.wrapping_sub(1)
}
