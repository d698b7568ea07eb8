//! Lists of indexes of a job, such as `0-2,5`.
//!
//! Entry points: [`count`] and [`overlap`].

/// An interval of indexes, both ends included.
type Interval = (i64, i64);

/// How many indexes a list names; why not, when it cannot be read or does not grow.
pub(super) fn count(list: &str, completions: i64) -> Result<i64, String> {
    if list.is_empty() {
        return Ok(0);
    }
    let (mut total, mut last) = (0, None);
    for text in list.split(',') {
        let (first, end) = interval(text, completions)?;
        if let Some(last) = last.filter(|last| *last >= first) {
            return Err(not_growing(last, first));
        }
        total += end - first + 1;
        last = Some(end);
    }
    Ok(total)
}

fn not_growing(previous: i64, current: i64) -> String {
    format!("non-increasing order, previous: {previous}, current: {current}")
}

fn interval(text: &str, completions: i64) -> Result<Interval, String> {
    let mut parts = text.split('-');
    let (first, second, third) = (parts.next().unwrap_or(""), parts.next(), parts.next());
    if third.is_some() {
        let quoted = api::field::go_quote(text);
        let why =
            "violates the requirement that an index interval can have at most two parts separated by '-'";
        return Err(format!("the fragment {quoted} {why}"));
    }
    let first = index(first, completions)?;
    let Some(second) = second else { return Ok((first, first)) };
    let second = index(second, completions)?;
    if first >= second { Err(not_growing(first, second)) } else { Ok((first, second)) }
}

fn index(text: &str, completions: i64) -> Result<i64, String> {
    let quoted = || api::field::go_quote(text);
    let number: i64 =
        text.parse().map_err(|_| format!("cannot convert string to integer for index: {}", quoted()))?;
    if number >= completions { Err(format!("too large index: {}", quoted())) } else { Ok(number) }
}

/// The first index that both lists name; what cannot be read is passed over.
pub(super) fn overlap(completed: &str, failed: &str, completions: i64) -> Option<i64> {
    let read = |list: &str| -> Vec<Interval> {
        let parts = list.split(',').filter(|_| !list.is_empty());
        parts.filter_map(|text| interval(text, completions).ok()).collect()
    };
    let (completed, failed) = (read(completed), read(failed));
    let (mut left, mut right) = (completed.iter().peekable(), failed.iter().peekable());
    while let (Some(&&(a, b)), Some(&&(c, d))) = (left.peek(), right.peek()) {
        if a <= d && c <= b {
            return Some(a.max(c));
        }
        if a <= c {
            left.next()
        } else {
            right.next()
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting() {
        assert_eq!(count("", 5), Ok(0));
        assert_eq!(count("0-2,4", 5), Ok(4));
        assert_eq!(count("2,1", 5), Err("non-increasing order, previous: 2, current: 1".to_owned()));
        assert_eq!(count("2-1", 5), Err("non-increasing order, previous: 2, current: 1".to_owned()));
        assert_eq!(count("5", 5), Err("too large index: \"5\"".to_owned()));
        assert_eq!(count("x", 5), Err("cannot convert string to integer for index: \"x\"".to_owned()));
        assert!(count("1-2-3", 5).is_err());
    }

    #[test]
    fn overlapping() {
        assert_eq!(overlap("0-2,5-7", "3,6", 10), Some(6));
        assert_eq!(overlap("0-2", "3", 10), None);
        assert_eq!(overlap("x,3", "3", 10), Some(3));
    }
}
