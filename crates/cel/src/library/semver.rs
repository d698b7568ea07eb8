//! Semantic versions (semver.org 2.0.0).

use std::cmp::Ordering;
use std::fmt;

use super::{Cost, Ext, ONE, Row, boolean, ext, extension, row, text};
use crate::error::Error;
use crate::value::{Result, Value};

const READ: Cost = Cost::First(0.1);

pub(super) static ROWS: &[Row] = &[
    row("semver", "string_to_semver", "(string): kubernetes.Semver", READ, parse),
    row("semver", "string_bool_to_semver", "(string, bool): kubernetes.Semver", READ, parse),
    row("isSemver", "is_semver_string", "(string): bool", READ, is_semver),
    row("isSemver", "is_semver_string_bool", "(string, bool): bool", READ, is_semver),
    row("isGreaterThan", "semver_is_greater_than", "kubernetes.Semver.(kubernetes.Semver): bool", ONE, |a| {
        Ok(Value::Bool(compare(a)?.is_gt()))
    }),
    row("isLessThan", "semver_is_less_than", "kubernetes.Semver.(kubernetes.Semver): bool", ONE, |a| {
        Ok(Value::Bool(compare(a)?.is_lt()))
    }),
    row("compareTo", "semver_compare_to", "kubernetes.Semver.(kubernetes.Semver): int", ONE, |a| {
        Ok(Value::Int(compare(a)? as i64))
    }),
    row("major", "semver_major", "kubernetes.Semver.(): int", ONE, |a| number(a, 0)),
    row("minor", "semver_minor", "kubernetes.Semver.(): int", ONE, |a| number(a, 1)),
    row("patch", "semver_patch", "kubernetes.Semver.(): int", ONE, |a| number(a, 2)),
];

/// A version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    numbers: [u64; 3],
    pre: Vec<Part>,
    build: Vec<String>,
}

/// A part of a pre-release; numbers come before texts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u64),
    Text(String),
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")?;
        for (i, part) in self.pre.iter().enumerate() {
            let separator = if i == 0 { '-' } else { '.' };
            match part {
                Part::Number(n) => write!(f, "{separator}{n}")?,
                Part::Text(t) => write!(f, "{separator}{t}")?,
            }
        }
        for (i, part) in self.build.iter().enumerate() {
            write!(f, "{}{part}", if i == 0 { '+' } else { '.' })?;
        }
        Ok(())
    }
}

impl Version {
    /// Order without build metadata; a pre-release comes before its release.
    pub(crate) fn cmp_precedence(&self, other: &Self) -> Ordering {
        let release = self.pre.is_empty().cmp(&other.pre.is_empty());
        self.numbers.cmp(&other.numbers).then(release).then_with(|| self.pre.cmp(&other.pre))
    }

    fn read(text: &str) -> std::result::Result<Self, String> {
        if text.is_empty() {
            return Err("Version string empty".to_owned());
        }
        let mut parts = text.splitn(3, '.');
        let (Some(major), Some(minor), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
            return Err("No Major.Minor.Patch elements found".to_owned());
        };
        let end = rest.find(['-', '+']).unwrap_or(rest.len());
        let (patch, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let numbers = [component("major", major)?, component("minor", minor)?, component("patch", patch)?];
        let (pre, build) = match rest.split_once('+') {
            Some((pre, build)) => (pre, Some(build)),
            None => (rest, None),
        };
        let pre = pre.strip_prefix('-').map(|p| p.split('.').map(pre_part).collect()).transpose()?;
        let build = build.map(|b| b.split('.').map(build_part).collect()).transpose()?;
        Ok(Self { numbers, pre: pre.unwrap_or_default(), build: build.unwrap_or_default() })
    }

    /// Reads what looks like a version: a leading `v`, zeros and missing numbers are put right.
    fn read_leniently(text: &str) -> std::result::Result<Self, String> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let mut parts: Vec<String> = text.splitn(3, '.').map(without_zeros).collect();
        if parts.len() < 3 {
            if parts.last().is_some_and(|p| p.contains(['+', '-'])) {
                return Err("short version cannot contain PreRelease/Build meta data".to_owned());
            }
            parts.resize(3, "0".to_owned());
        }
        Self::read(&parts.join("."))
    }
}

fn without_zeros(part: &str) -> String {
    if part.len() < 2 {
        return part.to_owned();
    }
    let bare = part.trim_start_matches('0');
    if bare.starts_with(|c: char| c.is_ascii_digit()) { bare.to_owned() } else { format!("0{bare}") }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn component(name: &str, text: &str) -> std::result::Result<u64, String> {
    let title = || {
        let mut chars = name.chars();
        chars.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(chars).collect::<String>()
    };
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("Invalid character(s) found in {name} number \"{text}\""));
    }
    if text.len() > 1 && text.starts_with('0') {
        return Err(format!("{} number must not contain leading zeroes \"{text}\"", title()));
    }
    text.parse().map_err(|_| {
        let why = if text.is_empty() { "invalid syntax" } else { "value out of range" };
        format!("strconv.ParseUint: parsing \"{text}\": {why}")
    })
}

fn pre_part(text: &str) -> std::result::Result<Part, String> {
    if text.is_empty() {
        return Err("Prerelease is empty".to_owned());
    }
    if is_number(text) {
        if text.len() > 1 && text.starts_with('0') {
            return Err(format!("Numeric PreRelease version must not contain leading zeroes \"{text}\""));
        }
        return text.parse().map(Part::Number).map_err(|_| format!("Invalid Prerelease \"{text}\""));
    }
    if is_word(text) {
        Ok(Part::Text(text.to_owned()))
    } else {
        Err(format!("Invalid character(s) found in prerelease \"{text}\""))
    }
}

fn build_part(text: &str) -> std::result::Result<String, String> {
    if text.is_empty() {
        return Err("Build meta data is empty".to_owned());
    }
    if is_word(text) {
        Ok(text.to_owned())
    } else {
        Err(format!("Invalid character(s) found in build meta data \"{text}\""))
    }
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn read(args: &[Value<'_>]) -> std::result::Result<std::result::Result<Version, String>, Error> {
    let lenient = if args.len() > 1 { boolean(args, 1)? } else { false };
    let text = text(args, 0)?;
    Ok(if lenient { Version::read_leniently(text) } else { Version::read(text) })
}

fn parse<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    Ok(ext(Ext::Semver(read(args)?.map_err(Error::new)?)))
}

fn is_semver<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    Ok(Value::Bool(read(args)?.is_ok()))
}

fn get<'a>(args: &'a [Value<'_>], i: usize) -> std::result::Result<&'a Version, Error> {
    if let Ext::Semver(v) = extension(args, i)? { Ok(v) } else { Err(Error::no_such_overload()) }
}

fn compare(args: &[Value<'_>]) -> std::result::Result<Ordering, Error> {
    Ok(get(args, 0)?.cmp_precedence(get(args, 1)?))
}

fn number<'v>(args: &[Value<'v>], i: usize) -> Result<'v> {
    let number = get(args, 0)?.numbers.get(i).copied().unwrap_or(0);
    Ok(Value::Int(number as i64))
}
