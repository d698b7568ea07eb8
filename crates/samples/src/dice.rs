//! The source of all choices.

/// Chooses by a seed (xorshift64*), or by bytes that somebody else picked until they run out.
#[derive(Clone, Debug)]
pub struct Dice<'a> {
    state: u64,
    bytes: Option<&'a [u8]>,
}

impl Dice<'static> {
    /// Choices that depend on the seed alone.
    pub fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, bytes: None }
    }
}

impl<'a> Dice<'a> {
    /// Choices that bytes make, one each; when there are no more, every choice is the first.
    pub fn of_bytes(bytes: &'a [u8]) -> Self {
        Self { state: 0, bytes: Some(bytes) }
    }

    /// A number below `n`; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        let n = n.max(1);
        if n > 256 {
            let high = self.below(256);
            return (high << 8 | self.below(256)) % n;
        }
        self.byte() % n
    }

    fn byte(&mut self) -> usize {
        if let Some(bytes) = &mut self.bytes {
            let first = bytes.split_off_first();
            return first.map_or(0, |b| usize::from(*b));
        }
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        (self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) + 1 == n.max(1)
    }

    /// One of some things, or the default when there are none.
    pub fn pick<T: Clone + Default>(&mut self, from: &[T]) -> T {
        from.get(self.below(from.len())).cloned().unwrap_or_default()
    }

    /// Brings items into any order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_choose_alike_and_bytes_choose_until_they_end() {
        let choices = |seed| {
            let mut dice = Dice::new(seed);
            [0; 20].map(|_| dice.below(1000))
        };
        assert_eq!(choices(7), choices(7));
        assert_ne!(choices(7), choices(8));
        let mut dice = Dice::of_bytes(&[9, 255]);
        assert_eq!([dice.below(10), dice.below(256), dice.below(3), dice.below(0)], [9, 255, 0, 0]);
        assert!(!dice.one_in(2) && dice.one_in(1));
    }
}
