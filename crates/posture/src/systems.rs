//! Releases of Linux distributions, and until when each gets security updates for everybody.
//!
//! Entry point: [`end`].  What is sold beyond that is not counted: who has bought it, excepts the check.

/// The name and version as in `/etc/os-release`, and the last day.  Of Debian (with its long-term support) and Ubuntu
/// as in their package distro-info-data, of the others as at endoflife.date, which follows their makers' pages; of
/// August 2026.  `centos` 8 and newer are CentOS Stream, which has outlived CentOS Linux 8.
const ENDS: &[(&str, &str, &str)] = &[
    ("almalinux", "8", "2029-05-31"),
    ("almalinux", "9", "2032-05-31"),
    ("almalinux", "10", "2035-05-31"),
    ("alpine", "3.6", "2019-05-01"),
    ("alpine", "3.7", "2019-11-01"),
    ("alpine", "3.8", "2020-05-01"),
    ("alpine", "3.9", "2020-11-01"),
    ("alpine", "3.10", "2021-05-01"),
    ("alpine", "3.11", "2021-11-01"),
    ("alpine", "3.12", "2022-05-01"),
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
    ("alpine", "3.24", "2028-06-01"),
    ("amzn", "2", "2026-06-30"),
    ("amzn", "2018", "2023-12-31"),
    ("amzn", "2023", "2029-06-30"),
    ("centos", "6", "2020-11-30"),
    ("centos", "7", "2024-06-30"),
    ("centos", "8", "2024-05-31"),
    ("centos", "9", "2027-05-31"),
    ("centos", "10", "2030-05-31"),
    ("debian", "7", "2018-05-31"),
    ("debian", "8", "2020-06-30"),
    ("debian", "9", "2022-06-30"),
    ("debian", "10", "2024-06-30"),
    ("debian", "11", "2026-08-31"),
    ("debian", "12", "2028-06-30"),
    ("debian", "13", "2030-06-30"),
    ("fedora", "34", "2022-06-07"),
    ("fedora", "35", "2022-12-13"),
    ("fedora", "36", "2023-05-16"),
    ("fedora", "37", "2023-12-05"),
    ("fedora", "38", "2024-05-21"),
    ("fedora", "39", "2024-11-26"),
    ("fedora", "40", "2025-05-13"),
    ("fedora", "41", "2025-12-15"),
    ("fedora", "42", "2026-05-27"),
    ("fedora", "43", "2026-12-09"),
    ("fedora", "44", "2027-06-02"),
    ("ol", "6", "2021-03-31"),
    ("ol", "7", "2024-12-31"),
    ("ol", "8", "2029-07-31"),
    ("ol", "9", "2032-06-30"),
    ("opensuse-leap", "15.0", "2019-12-03"),
    ("opensuse-leap", "15.1", "2021-02-02"),
    ("opensuse-leap", "15.2", "2022-01-04"),
    ("opensuse-leap", "15.3", "2022-12-31"),
    ("opensuse-leap", "15.4", "2023-12-07"),
    ("opensuse-leap", "15.5", "2024-12-31"),
    ("opensuse-leap", "15.6", "2026-04-30"),
    ("opensuse-leap", "16.0", "2027-10-31"),
    ("rhel", "6", "2020-11-30"),
    ("rhel", "7", "2024-06-30"),
    ("rhel", "8", "2029-05-31"),
    ("rhel", "9", "2032-05-31"),
    ("rhel", "10", "2035-05-31"),
    ("rocky", "8", "2029-05-31"),
    ("rocky", "9", "2032-05-31"),
    ("rocky", "10", "2035-05-31"),
    ("sl-micro", "6.0", "2028-06-30"),
    ("sl-micro", "6.1", "2028-11-30"),
    ("sl-micro", "6.2", "2029-11-30"),
    ("sle-micro", "5.1", "2025-10-31"),
    ("sle-micro", "5.2", "2026-04-30"),
    ("sle-micro", "5.3", "2026-10-30"),
    ("sle-micro", "5.4", "2027-04-30"),
    ("sle-micro", "5.5", "2027-10-31"),
    ("sles", "12", "2024-10-31"),
    ("sles", "15.1", "2021-01-31"),
    ("sles", "15.2", "2021-12-31"),
    ("sles", "15.3", "2022-12-31"),
    ("sles", "15.4", "2023-12-31"),
    ("sles", "15.5", "2024-12-31"),
    ("sles", "15.6", "2025-12-31"),
    ("sles", "15.7", "2031-07-31"),
    ("sles", "16.0", "2027-11-30"),
    ("ubuntu", "4.10", "2006-04-30"),
    ("ubuntu", "5.04", "2006-10-31"),
    ("ubuntu", "5.10", "2007-04-13"),
    ("ubuntu", "6.06", "2009-07-14"),
    ("ubuntu", "6.10", "2008-04-25"),
    ("ubuntu", "7.04", "2008-10-19"),
    ("ubuntu", "7.10", "2009-04-18"),
    ("ubuntu", "8.04", "2011-05-12"),
    ("ubuntu", "8.10", "2010-04-30"),
    ("ubuntu", "9.04", "2010-10-23"),
    ("ubuntu", "9.10", "2011-04-30"),
    ("ubuntu", "14.04", "2019-04-25"),
    ("ubuntu", "14.10", "2015-07-23"),
    ("ubuntu", "15.04", "2016-02-04"),
    ("ubuntu", "15.10", "2016-07-28"),
    ("ubuntu", "16.04", "2021-04-30"),
    ("ubuntu", "16.10", "2017-07-20"),
    ("ubuntu", "17.04", "2018-01-13"),
    ("ubuntu", "17.10", "2018-07-19"),
    ("ubuntu", "18.04", "2023-05-31"),
    ("ubuntu", "18.10", "2019-07-18"),
    ("ubuntu", "19.04", "2020-01-23"),
    ("ubuntu", "19.10", "2020-07-17"),
    ("ubuntu", "20.04", "2025-05-29"),
    ("ubuntu", "20.10", "2021-07-22"),
    ("ubuntu", "21.04", "2022-01-20"),
    ("ubuntu", "21.10", "2022-07-14"),
    ("ubuntu", "22.04", "2027-06-01"),
    ("ubuntu", "22.10", "2023-07-20"),
    ("ubuntu", "23.04", "2024-01-25"),
    ("ubuntu", "23.10", "2024-07-11"),
    ("ubuntu", "24.04", "2029-05-31"),
    ("ubuntu", "24.10", "2025-07-10"),
    ("ubuntu", "25.04", "2026-01-15"),
    ("ubuntu", "25.10", "2026-07-09"),
    ("ubuntu", "26.04", "2031-05-29"),
    ("ubuntu", "26.10", "2027-07-15"),
];

/// What scanners call distributions.
const OTHERS: [(&str, &str); 9] = [
    ("alma", "almalinux"),
    ("amazon", "amzn"),
    ("amazonlinux", "amzn"),
    ("opensuse.leap", "opensuse-leap"),
    ("oracle", "ol"),
    ("oraclelinux", "ol"),
    ("redhat", "rhel"),
    ("rockylinux", "rocky"),
    ("suse linux enterprise server", "sles"),
];

/// The last day of a release, by its whole version, by its first two parts or by the first.
pub(crate) fn end(name: &str, version: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let name = OTHERS.iter().find(|(other, _)| *other == name).map_or(name.as_str(), |(_, id)| id);
    // `2 (Karoo)`, `2023.6.20250203 (Amazon Linux)`.
    let version = version.split(' ').next().unwrap_or_default();
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
            ("ubuntu", "20.04", Some("2025-05-29")),
            ("rhel", "8.10", Some("2029-05-31")),
            ("redhat", "8", Some("2029-05-31")),
            ("alpine", "3.19.1", Some("2025-11-01")),
            ("Debian", "12.5", Some("2028-06-30")),
            ("ubuntu", "20.10", Some("2021-07-22")),
            ("ubuntu", "99.10", None),
            ("amazon", "2 (Karoo)", Some("2026-06-30")),
            ("amazon", "2023.6.20250203 (Amazon Linux)", Some("2029-06-30")),
            ("sles", "15.5", Some("2024-12-31")),
            ("sles", "15", None),
            ("arch", "1", None),
            ("rhel", "", None),
        ] {
            assert_eq!(end(name, version), day, "{name} {version}");
        }
        assert!(ENDS.iter().all(|(_, _, day)| crate::when::moment(day).is_some()));
    }
}
