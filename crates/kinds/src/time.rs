//! Points in time as the API writes them.

use jiff::Timestamp;

/// `metav1.Time`: RFC 3339 in UTC and whole seconds, from seconds since the Unix epoch.  A point outside the years
/// -9999 to 9999 becomes the epoch.
pub fn rfc3339(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn is_in_whole_seconds_and_utc() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(i64::MAX), "1970-01-01T00:00:00Z");
    }
}
