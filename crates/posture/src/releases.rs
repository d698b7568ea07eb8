//! Minor releases of Kubernetes, and until when each gets fixes.
//!
//! Entry points: [`parse_version`] reads the version of a component, whoever built it; [`support`] says how long a minor
//! release is looked after.

use std::fmt;

use api::time::Timestamp;

use crate::settings::Profile;

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

/// Until when EKS, GKE and AKS look after a minor release themselves, without what is sold beyond that; by
/// endoflife.date, which follows their calendars, of August 2026.
const PROVIDERS: &[(u32, [&str; 3])] = &[
    (30, ["2025-07-23", "2025-09-30", "2025-08-22"]),
    (31, ["2025-11-26", "2026-01-16", "2025-11-01"]),
    (32, ["2026-03-23", "2026-04-11", "2026-03-31"]),
    (33, ["2026-07-29", "2026-08-03", "2026-07-31"]),
    (34, ["2026-12-02", "2026-10-01", "2026-11-30"]),
    (35, ["2027-03-27", "2027-04-11", "2027-03-31"]),
    (36, ["2027-08-02", "2027-08-09", "2027-06-30"]),
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

/// How long the minor release 1.`minor` is looked after, at a time: by the provider that runs it, else by the project.
pub(crate) fn support(minor: u32, profile: Profile, now: Timestamp) -> Support {
    let of_project = ENDS.iter().find(|(m, _)| *m == minor).map(|(_, day)| *day);
    match of_provider(minor, profile).or(of_project) {
        Some(day) => Support::Until(day, days_until(day, now)),
        None if ENDS.first().is_some_and(|(first, _)| minor < *first) => Support::Ended,
        None => Support::Unknown,
    }
}

fn of_provider(minor: u32, profile: Profile) -> Option<&'static str> {
    let at = match profile {
        Profile::Eks => 0,
        Profile::Gke => 1,
        Profile::Aks => 2,
        Profile::Nks | Profile::SelfManaged => return None,
    };
    let (_, days) = PROVIDERS.iter().find(|(m, _)| *m == minor)?;
    days.get(at).copied()
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
        assert_eq!(support(33, Profile::SelfManaged, at("2026-06-28")), Support::Until("2026-06-28", 0));
        assert_eq!(support(33, Profile::SelfManaged, at("2026-06-29")), Support::Until("2026-06-28", -1));
        assert_eq!(support(33, Profile::SelfManaged, at("2026-06-18")), Support::Until("2026-06-28", 10));
        assert_eq!(support(1, Profile::SelfManaged, at("2026-06-18")), Support::Ended);
        assert_eq!(support(99, Profile::SelfManaged, at("2026-06-18")), Support::Unknown);
    }

    #[test]
    fn a_provider_has_days_of_its_own() {
        let end = |profile| support(33, profile, at("2026-07-01"));
        assert_eq!(end(Profile::Eks), Support::Until("2026-07-29", 28));
        assert_eq!(end(Profile::Nks), end(Profile::SelfManaged));
        assert_eq!(support(29, Profile::Gke, at("2026-07-01")), support(29, Profile::Nks, at("2026-07-01")));
    }

    #[test]
    fn the_table_has_no_gap() {
        assert!(PROVIDERS.windows(2).all(|w| w[0].0 + 1 == w[1].0));
        assert!(PROVIDERS.iter().flat_map(|(_, days)| days).all(|day| crate::when::moment(day).is_some()));
        assert!(ENDS.windows(2).all(|w| w[0].0 + 1 == w[1].0 && w[0].1 < w[1].1));
        assert!(ENDS.iter().all(|(_, day)| Timestamp::parse(&format!("{day}T00:00:00Z")).is_ok()));
    }
}
