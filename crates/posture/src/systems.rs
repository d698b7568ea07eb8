//! Releases of Linux distributions, and until when each gets security updates for everybody.
//!
//! Entry point: [`end`].  What is sold beyond that is not counted: who has bought it, excepts the check.

/// The name and version as in `/etc/os-release`, and the last day.
const ENDS: &[(&str, &str, &str)] = &[
    ("almalinux", "8", "2029-05-31"),
    ("almalinux", "9", "2032-05-31"),
    ("almalinux", "10", "2035-05-31"),
    ("alpine", "3.13", "2022-11-01"),
    ("alpine", "3.14", "2023-05-01"),
    ("alpine", "3.15", "2023-11-01"),
    ("alpine", "3.16", "2024-05-23"),
    ("alpine", "3.17", "2024-11-22"),
    ("alpine", "3.18", "2025-05-09"),
    ("alpine", "3.19", "2025-11-01"),
    ("alpine", "3.20", "2026-04-01"),
    ("alpine", "3.21", "2026-11-01"),
    ("alpine", "3.22", "2027-05-01"),
    ("alpine", "3.23", "2027-11-01"),
    ("amzn", "2", "2026-06-30"),
    ("amzn", "2018", "2023-12-31"),
    ("amzn", "2023", "2029-06-30"),
    ("centos", "6", "2020-11-30"),
    ("centos", "7", "2024-06-30"),
    ("centos", "8", "2024-05-31"),
    ("centos", "9", "2027-05-31"),
    ("debian", "8", "2020-06-30"),
    ("debian", "9", "2022-06-30"),
    ("debian", "10", "2024-06-30"),
    ("debian", "11", "2026-08-31"),
    ("debian", "12", "2028-06-30"),
    ("debian", "13", "2030-06-30"),
    ("ol", "7", "2024-12-31"),
    ("ol", "8", "2029-07-31"),
    ("ol", "9", "2032-06-30"),
    ("rhel", "6", "2020-11-30"),
    ("rhel", "7", "2024-06-30"),
    ("rhel", "8", "2029-05-31"),
    ("rhel", "9", "2032-05-31"),
    ("rhel", "10", "2035-05-31"),
    ("rocky", "8", "2029-05-31"),
    ("rocky", "9", "2032-05-31"),
    ("rocky", "10", "2035-05-31"),
    ("sles", "12", "2024-10-31"),
    ("sles", "15", "2031-07-31"),
    ("ubuntu", "14.04", "2019-04-25"),
    ("ubuntu", "16.04", "2021-04-30"),
    ("ubuntu", "18.04", "2023-05-31"),
    ("ubuntu", "20.04", "2025-05-31"),
    ("ubuntu", "22.04", "2027-04-30"),
    ("ubuntu", "24.04", "2029-04-30"),
    ("ubuntu", "24.10", "2025-07-10"),
    ("ubuntu", "25.04", "2026-01-15"),
    ("ubuntu", "25.10", "2026-07-31"),
];

/// What scanners call distributions.
const OTHERS: [(&str, &str); 7] = [
    ("alma", "almalinux"),
    ("amazon", "amzn"),
    ("amazonlinux", "amzn"),
    ("oracle", "ol"),
    ("oraclelinux", "ol"),
    ("redhat", "rhel"),
    ("suse linux enterprise server", "sles"),
];

/// The last day of a release, by its whole version, by its first two parts or by the first.
pub(crate) fn end(name: &str, version: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let name = OTHERS.iter().find(|(other, _)| *other == name).map_or(name.as_str(), |(_, id)| id);
    let of = |wanted: &str| ENDS.iter().find(|(n, v, _)| *n == name && *v == wanted);
    let cut =
        |parts: usize| version.match_indices('.').nth(parts - 1).and_then(|(dot, _)| version.get(..dot));
    let found = of(version).or_else(|| cut(2).and_then(of)).or_else(|| cut(1).and_then(of));
    found.map(|(_, _, day)| *day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_or_its_first_parts() {
        for (name, version, day) in [
            ("ubuntu", "20.04", Some("2025-05-31")),
            ("rhel", "8.10", Some("2029-05-31")),
            ("redhat", "8", Some("2029-05-31")),
            ("alpine", "3.19.1", Some("2025-11-01")),
            ("Debian", "12.5", Some("2028-06-30")),
            ("ubuntu", "20.10", None),
            ("arch", "1", None),
            ("rhel", "", None),
        ] {
            assert_eq!(end(name, version), day, "{name} {version}");
        }
        assert!(ENDS.iter().all(|(_, _, day)| crate::when::moment(day).is_some()));
    }
}
