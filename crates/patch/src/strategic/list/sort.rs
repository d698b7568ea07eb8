//! A stable sort that makes the same comparisons in the same order as Go's, so that a comparison that contradicts
//! itself leads to the same outcome: insertion sort on blocks, which are then merged in place (SymMerge, Kim and
//! Kutzner 2004).
//!
//! Entry point: [`stable`].

/// Items in a block.
const BLOCK: usize = 20;

/// Sorts by `less`, with O(n log n) comparisons and O(n log² n) moves whatever it answers.
pub(super) fn stable<T>(items: &mut [T], less: &impl Fn(&T, &T) -> bool) {
    items.chunks_mut(BLOCK).for_each(|block| insertion(block, less));
    let mut size = BLOCK;
    while size < items.len() {
        for pair in items.chunks_mut(size * 2).filter(|pair| pair.len() > size) {
            merge(pair, size, less);
        }
        size *= 2;
    }
}

fn insertion<T>(items: &mut [T], less: &impl Fn(&T, &T) -> bool) {
    for end in 1..items.len() {
        let mut at = end;
        while at > 0 && is_less(items, at, at - 1, less) {
            items.swap(at, at - 1);
            at -= 1;
        }
    }
}

fn is_less<T>(items: &[T], a: usize, b: usize, less: &impl Fn(&T, &T) -> bool) -> bool {
    matches!((items.get(a), items.get(b)), (Some(a), Some(b)) if less(a, b))
}

/// Merges the sorted parts before and from `middle`.
fn merge<T>(items: &mut [T], middle: usize, less: &impl Fn(&T, &T) -> bool) {
    let len = items.len();
    if middle == 1 {
        let to = first(1, len, |at| !is_less(items, at, 0, less));
        return rotate(items, 0, 1, to);
    }
    if len - middle == 1 {
        let to = first(0, middle, |at| is_less(items, middle, at, less));
        return rotate(items, to, middle, len);
    }
    let half = len / 2;
    let both = half + middle;
    let (low, high) = if middle > half { (both - len, half) } else { (0, middle) };
    let start = first(low, high, |at| is_less(items, both - 1 - at, at, less));
    let end = both - start;
    if start < middle && middle < end {
        rotate(items, start, middle, end);
    }
    let Some((left, right)) = items.split_at_mut_checked(half) else { return };
    if 0 < start && start < half {
        merge(left, start, less);
    }
    if half < end && end < len {
        merge(right, end - half, less);
    }
}

/// The first of `low..high` that `holds`, found by halving; `high` when none does.
fn first(mut low: usize, mut high: usize, holds: impl Fn(usize) -> bool) -> usize {
    while low < high {
        let at = low.midpoint(high);
        if holds(at) {
            high = at;
        } else {
            low = at + 1;
        }
    }
    low
}

/// Brings what lies from `middle` to `end` before what lies from `start` to `middle`.
fn rotate<T>(items: &mut [T], start: usize, middle: usize, end: usize) {
    if let Some(part) = items.get_mut(start..end) {
        part.rotate_left(middle - start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_stably_at_every_size() {
        for len in 0..200_usize {
            let mut items: Vec<(usize, usize)> = (0..len).map(|i| (i * 7919 % 13, i)).collect();
            let mut want = items.clone();
            want.sort_by_key(|(key, _)| *key);
            stable(&mut items, &|a, b| a.0 < b.0);
            assert_eq!(items, want);
        }
    }

    #[test]
    fn a_comparison_that_contradicts_itself_costs_no_quadratic_time() {
        let mut items: Vec<usize> = (0..300_000).collect();
        stable(&mut items, &|_, _| true);
        items.sort_unstable();
        assert!(items.into_iter().eq(0..300_000));
    }
}
