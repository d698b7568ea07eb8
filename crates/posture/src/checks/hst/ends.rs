//! Releases of Linux distributions, and until when each gets security updates for everybody.
//!
//! Entry point: [`end`].  What is sold beyond that is not counted: who has bought it, excepts the check.

/// The name and version in `/etc/os-release`, and the last day.
const ENDS: &[(&str, &str, &str)] = &[
    ("almalinux", "8", "2029-05-31"),
    ("almalinux", "9", "2032-05-31"),
    ("almalinux", "10", "2035-05-31"),
    ("amzn", "2", "2026-06-30"),
    ("amzn", "2023", "2029-06-30"),
    ("centos", "7", "2024-06-30"),
    ("centos", "8", "2024-05-31"),
    ("centos", "9", "2027-05-31"),
    ("debian", "9", "2022-06-30"),
    ("debian", "10", "2024-06-30"),
    ("debian", "11", "2026-08-31"),
    ("debian", "12", "2028-06-30"),
    ("debian", "13", "2030-06-30"),
    ("ol", "7", "2024-12-31"),
    ("ol", "8", "2029-07-31"),
    ("ol", "9", "2032-06-30"),
    ("rhel", "7", "2024-06-30"),
    ("rhel", "8", "2029-05-31"),
    ("rhel", "9", "2032-05-31"),
    ("rhel", "10", "2035-05-31"),
    ("rocky", "8", "2029-05-31"),
    ("rocky", "9", "2032-05-31"),
    ("rocky", "10", "2035-05-31"),
    ("sles", "12", "2024-10-31"),
    ("sles", "15", "2031-07-31"),
    ("ubuntu", "16.04", "2021-04-30"),
    ("ubuntu", "18.04", "2023-05-31"),
    ("ubuntu", "20.04", "2025-05-31"),
    ("ubuntu", "22.04", "2027-04-30"),
    ("ubuntu", "24.04", "2029-04-30"),
    ("ubuntu", "24.10", "2025-07-10"),
    ("ubuntu", "25.04", "2026-01-15"),
    ("ubuntu", "25.10", "2026-07-31"),
];

/// The last day of a release, by its whole version or by the part before the first `.`.
pub(super) fn end(id: &str, version: &str) -> Option<&'static str> {
    let major = version.split('.').next().unwrap_or(version);
    let of = |wanted: &str| ENDS.iter().find(|(name, v, _)| *name == id && *v == wanted);
    of(version).or_else(|| of(major)).map(|(_, _, day)| *day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_or_its_first_part() {
        assert_eq!(end("ubuntu", "20.04"), Some("2025-05-31"));
        assert_eq!(end("rhel", "8.10"), Some("2029-05-31"));
        assert_eq!((end("ubuntu", "20.10"), end("arch", "1"), end("rhel", "")), (None, None, None));
        assert!(ENDS.iter().all(|(_, _, day)| crate::when::moment(day).is_some()));
    }
}
