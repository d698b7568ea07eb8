//! Where random bytes come from: handed in, so that tests can own them.

use aws_lc_rs::rand;

/// A source of random bytes.
pub trait Random: Send + Sync {
    /// Fills the buffer; false when there is no randomness to be had.
    fn fill(&self, bytes: &mut [u8]) -> bool;
}

/// The operating system's.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> bool {
        rand::fill(bytes).is_ok()
    }
}

/// A random (version 4) UUID (RFC 9562).
pub fn uuid(random: &dyn Random) -> Option<String> {
    let mut bytes = [0u8; 16];
    if !random.fill(&mut bytes) {
        return None;
    }
    let number = u128::from_be_bytes(bytes) & !(0xf000 << 64 | 0xc000 << 48) | 0x4000 << 64 | 0x8000 << 48;
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    Some(format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);

    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) -> bool {
            bytes.fill(self.0);
            true
        }
    }

    #[test]
    fn uuids_carry_version_and_variant() {
        assert_eq!(uuid(&Fixed(0xff)).unwrap(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid(&Fixed(0)).unwrap(), "00000000-0000-4000-8000-000000000000");
        assert_ne!(uuid(&SystemRandom), uuid(&SystemRandom));
    }
}
