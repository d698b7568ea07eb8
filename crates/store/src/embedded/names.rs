//! The names of the files of a store.

/// The next segment, being filled with zeros.
pub(super) const SPARE: &str = "spare.tmp";
/// The next segment when there was no time to prepare it.
pub(super) const NEXT: &str = "next.tmp";
/// A snapshot being written.
pub(super) const SNAPSHOT: &str = "snapshot.tmp";

const SEGMENT_ENDS: (&str, &str) = ("log-", ".log");
const SNAPSHOT_ENDS: (&str, &str) = ("snapshot-", ".snap");

/// The segment that starts with a revision.
pub(super) fn segment(revision: u64) -> String {
    numbered(SEGMENT_ENDS, revision)
}

/// The snapshot of a revision.
pub(super) fn snapshot(revision: u64) -> String {
    numbered(SNAPSHOT_ENDS, revision)
}

/// The revision in the name of a segment.
pub(super) fn parse_segment(name: &str) -> Option<u64> {
    number(SEGMENT_ENDS, name)
}

/// The revision in the name of a snapshot.
pub(super) fn parse_snapshot(name: &str) -> Option<u64> {
    number(SNAPSHOT_ENDS, name)
}

/// True for what an unfinished step left behind.
pub(super) fn is_temporary(name: &str) -> bool {
    [SPARE, NEXT, SNAPSHOT].contains(&name)
}

/// Twenty digits hold every revision, so that names sort as numbers do.
fn numbered((start, end): (&str, &str), revision: u64) -> String {
    format!("{start}{revision:020}{end}")
}

fn number((start, end): (&str, &str), name: &str) -> Option<u64> {
    let digits = name.strip_prefix(start)?.strip_suffix(end)?;
    let all_digits = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        assert_eq!(segment(2), "log-00000000000000000002.log");
        assert_eq!(parse_segment(&segment(u64::MAX)), Some(u64::MAX));
        assert_eq!(parse_snapshot(&snapshot(77)), Some(77));
        for wrong in
            ["log-2.log", "log-0000000000000000000x.log", "snapshot-00000000000000000002.log", "lock"]
        {
            assert_eq!((parse_segment(wrong), parse_snapshot(wrong)), (None, None), "{wrong}");
        }
        assert!(is_temporary("spare.tmp") && !is_temporary("mine.tmp"));
    }
}
