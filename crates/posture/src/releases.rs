//! Minor releases of Kubernetes, and until when each gets fixes.
//!
//! Entry points: [`parse_version`] reads the version of a component, whoever built it; [`support`] says how long a minor
//! release is looked after.

use std::fmt;

use api::time::Timestamp;

/// When the table was made: releases after the last one in it are not known here.
pub(crate) const MADE: &str = "2026-08-22";

/// Minor releases, and the last day on which the project mends them: those that have ended by the list of
/// kubernetes.io/releases/patch-releases (which counts a last release after the day that was planned), the others as
/// planned there and by endoflife.date.
const ENDS: &[(u32, &str)] = &[
    (2, "2016-10-23"),
    (3, "2016-11-01"),
    (4, "2017-04-21"),
    (5, "2017-10-01"),
    (6, "2017-11-23"),
    (7, "2018-04-04"),
    (8, "2018-07-12"),
    (9, "2018-09-29"),
    (10, "2019-02-13"),
    (11, "2019-05-01"),
    (12, "2019-07-08"),
    (13, "2019-10-15"),
    (14, "2019-12-11"),
    (15, "2020-05-06"),
    (16, "2020-09-02"),
    (17, "2021-01-13"),
    (18, "2021-06-18"),
    (19, "2021-10-28"),
    (20, "2022-02-28"),
    (21, "2022-06-28"),
    (22, "2022-12-08"),
    (23, "2023-02-28"),
    (24, "2023-07-28"),
    (25, "2023-10-28"),
    (26, "2024-02-28"),
    (27, "2024-07-16"),
    (28, "2024-10-22"),
    (29, "2025-02-28"),
    (30, "2025-07-15"),
    (31, "2025-11-11"),
    (32, "2026-02-28"),
    (33, "2026-06-28"),
    (34, "2026-10-27"),
    (35, "2027-02-28"),
    (36, "2027-06-28"),
];

/// The newest minor release that is known here.
pub(crate) fn newest() -> u32 {
    ENDS.iter().map(|(minor, _)| *minor).max().unwrap_or_default()
}

/// A version of Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Release {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

/// How long a minor release is looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Support {
    /// Until that day, with how many days are left; negative when it has passed.
    Until(&'static str, i64),
    /// It is older than everything in the table.
    Ended,
    /// It is newer than the table.
    Unknown,
}

/// Reads `v1.33.4`, `1.33`, `v1.33.4-nks.1`, `v1.33.4+k3s1`; what follows the numbers is the builder's own.
pub(crate) fn parse_version(text: &str) -> Option<Release> {
    let text = text.trim();
    let text = text.strip_prefix('v').unwrap_or(text);
    let numbers = text.split(['-', '+', '_', ' ']).next()?;
    let mut parts = numbers.split('.');
    let mut number = || parts.next()?.parse::<u32>().ok();
    let (major, minor) = (number()?, number()?);
    let patch = match parts.next() {
        None => 0,
        Some(patch) => patch.parse().ok()?,
    };
    parts.next().is_none().then_some(Release { major, minor, patch })
}

/// How long the minor release 1.`minor` is looked after, at a time.
pub(crate) fn support(minor: u32, now: Timestamp) -> Support {
    match ENDS.iter().find(|(m, _)| *m == minor) {
        Some((_, day)) => Support::Until(day, days_until(day, now)),
        None if ENDS.first().is_some_and(|(first, _)| minor < *first) => Support::Ended,
        None => Support::Unknown,
    }
}

/// Whole days until the end of a day; negative from the day after it on.
fn days_until(day: &str, now: Timestamp) -> i64 {
    let start = Timestamp::parse(&format!("{day}T00:00:00Z")).map_or(0, Timestamp::seconds);
    (start + 86_399 - now.seconds()).div_euclid(86_400)
}

impl Release {
    /// A minor release of Kubernetes 1.
    pub(crate) const fn minor(minor: u32) -> Self {
        Self { major: 1, minor, patch: 0 }
    }
}

/// `1.33.4`.
impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: &str) -> Timestamp {
        Timestamp::parse(&format!("{day}T12:00:00Z")).unwrap()
    }

    #[test]
    fn versions_of_every_builder() {
        for text in [
            "v1.33.4",
            "1.33.4",
            "v1.33.4-nks.1",
            "v1.33.4-eks-113cf36",
            "v1.33.4+k3s1",
            "v1.33.4-gke.1000000",
        ] {
            assert_eq!(parse_version(text), Some(Release { major: 1, minor: 33, patch: 4 }), "{text}");
        }
        assert_eq!(parse_version("1.33"), Some(Release::minor(33)));
        for text in ["", "latest", "v1", "sha256:abc", "1.x.2", "1.2.3.4"] {
            assert_eq!(parse_version(text), None, "{text}");
        }
    }

    #[test]
    fn a_release_ends_with_its_last_day() {
        assert_eq!(support(33, at("2026-06-28")), Support::Until("2026-06-28", 0));
        assert_eq!(support(33, at("2026-06-29")), Support::Until("2026-06-28", -1));
        assert_eq!(support(33, at("2026-06-18")), Support::Until("2026-06-28", 10));
        assert_eq!(support(1, at("2026-06-18")), Support::Ended);
        assert_eq!(support(99, at("2026-06-18")), Support::Unknown);
    }

    #[test]
    fn the_table_has_no_gap() {
        assert!(ENDS.windows(2).all(|w| w[0].0 + 1 == w[1].0 && w[0].1 < w[1].1));
        assert!(ENDS.iter().all(|(_, day)| Timestamp::parse(&format!("{day}T00:00:00Z")).is_ok()));
    }
}
