//! Levels, versions, and what the labels of a namespace say of them.

use std::fmt;

use api::Value;
use api::field::{Errors, Path};

/// How much a pod may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Everything.
    #[default]
    Privileged,
    /// Nothing that is known to lead out of the container.
    Baseline,
    /// What a hardened pod needs.
    Restricted,
}

/// A minor version of Kubernetes, whose rules count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// `v1.<minor>`.
    Minor(u32),
    /// The newest that is known.
    #[default]
    Latest,
}

/// A level as a version defines it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LevelVersion {
    /// The level.
    pub level: Level,
    /// The version.
    pub version: Version,
}

/// What a namespace asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Pods beyond this are refused.
    pub enforce: LevelVersion,
    /// Pods beyond this are noted in the audit log.
    pub audit: LevelVersion,
    /// Whoever makes pods beyond this is warned.
    pub warn: LevelVersion,
}

/// The prefix of every label.
const PREFIX: &str = "pod-security.kubernetes.io/";

impl Level {
    /// Every level, the most lenient first.
    pub const ALL: [Self; 3] = [Self::Privileged, Self::Baseline, Self::Restricted];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }

    /// Reads a name.
    ///
    /// # Errors
    /// What a level may be, in upstream's words.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let found = Self::ALL.into_iter().find(|level| level.name() == text);
        found.ok_or("must be one of privileged, baseline, restricted")
    }
}

impl Version {
    /// Reads `latest` or `v1.<minor>`.
    ///
    /// # Errors
    /// What a version may be, in upstream's words.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text == "latest" {
            return Ok(Self::Latest);
        }
        let digits = text.strip_prefix("v1.").filter(|d| is_number(d));
        digits.and_then(|d| d.parse().ok()).map(Self::Minor).ok_or("must be \"latest\" or \"v1.x\"")
    }
}

/// Digits without a leading zero.
fn is_number(digits: &str) -> bool {
    !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
        && (digits.len() == 1 || !digits.starts_with('0'))
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minor(minor) => write!(f, "v1.{minor}"),
            Self::Latest => f.write_str("latest"),
        }
    }
}

impl fmt::Display for LevelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.level.name(), self.version)
    }
}

impl LevelVersion {
    /// True when both allow the same pods: privileged is the same in every version.
    fn equivalent(&self, other: &Self) -> bool {
        self.level == other.level && (self.level == Level::Privileged || self.version == other.version)
    }
}

/// What a label that cannot be read stands for.
#[derive(Clone, Copy)]
enum Otherwise {
    /// Refusing is safer than letting in.
    Strict,
    /// Being silent does no harm.
    Lenient,
}

/// Reads the labels of one namespace and gathers what is wrong with them.
struct Labels<'a> {
    labels: &'a Value,
    errors: Errors,
}

impl Labels<'_> {
    fn get(&self, mode: &str) -> Option<&str> {
        self.labels.get(&format!("{PREFIX}{mode}")).and_then(Value::as_str)
    }

    fn level(&mut self, mode: &str, into: &mut Level, otherwise: Otherwise) -> bool {
        let Some(text) = self.get(mode).map(str::to_owned) else { return false };
        match Level::parse(&text) {
            Ok(level) => *into = level,
            Err(why) => {
                *into = match otherwise {
                    Otherwise::Strict => Level::Restricted,
                    Otherwise::Lenient => Level::Privileged,
                };
                self.wrong(mode, &text, why);
                return false;
            }
        }
        true
    }

    fn version(&mut self, mode: &str, into: &mut Version) {
        let Some(text) = self.get(mode).map(str::to_owned) else { return };
        *into = Version::parse(&text).unwrap_or_else(|why| {
            self.wrong(mode, &text, why);
            Version::Latest
        });
    }

    fn wrong(&mut self, mode: &str, text: &str, why: &str) {
        let path = Path::new("metadata").child("labels").key(&format!("{PREFIX}{mode}"));
        self.errors.invalid(&path, &Value::from(text), why);
    }
}

impl Policy {
    /// What `labels`, those of a namespace, ask for; `defaults` where they are silent.  There is a policy even when
    /// labels are wrong: as strict as can be where pods are refused, silent elsewhere.
    pub fn of_labels(labels: &Value, defaults: &Self) -> (Self, Errors) {
        let mut policy = *defaults;
        let mut read = Labels { labels, errors: Errors::new() };
        let enforced = read.level("enforce", &mut policy.enforce.level, Otherwise::Strict);
        read.version("enforce-version", &mut policy.enforce.version);
        read.level("audit", &mut policy.audit.level, Otherwise::Lenient);
        read.version("audit-version", &mut policy.audit.version);
        let warns = read.get("warn").is_some();
        read.level("warn", &mut policy.warn.level, Otherwise::Lenient);
        let warn_version = read.get("warn-version").is_some();
        read.version("warn-version", &mut policy.warn.version);
        // What is refused in pods is at least warned of in workloads.
        if !warns && enforced && policy.enforce.level > policy.warn.level {
            policy.warn.level = policy.enforce.level;
            if !warn_version {
                policy.warn.version = policy.enforce.version;
            }
        }
        (policy, read.errors)
    }

    /// True when no pod is refused, noted or warned of.
    pub fn is_privileged(&self) -> bool {
        [self.enforce, self.audit, self.warn].iter().all(|lv| lv.level == Level::Privileged)
    }

    /// True when both treat all pods alike.
    pub(super) fn equivalent(&self, other: &Self) -> bool {
        self.enforce.equivalent(&other.enforce)
            && self.audit.equivalent(&other.audit)
            && self.warn.equivalent(&other.warn)
    }

    /// The modes with their names.
    pub(super) fn modes(&self) -> [(&'static str, LevelVersion); 3] {
        [("enforce", self.enforce), ("audit", self.audit), ("warn", self.warn)]
    }
}

/// True when `labels` say something of `mode`.
pub(super) fn mentions(labels: &Value, mode: &str) -> bool {
    ["", "-version"].iter().any(|suffix| labels.get(&format!("{PREFIX}{mode}{suffix}")).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    fn policy(labels: &[(&str, &str)]) -> (String, Vec<String>) {
        let mut map = api::Map::new();
        for (mode, value) in labels {
            map.insert(format!("{PREFIX}{mode}"), Value::from(*value));
        }
        let (policy, errors) = Policy::of_labels(&Value::Object(map), &Policy::default());
        let shown = policy.modes().map(|(name, lv)| format!("{name}={lv}")).join(" ");
        (shown, errors.0.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn labels_say_what_counts() {
        let (shown, errors) = policy(&[]);
        assert_eq!(shown, "enforce=privileged:latest audit=privileged:latest warn=privileged:latest");
        assert!(errors.is_empty());
        let (shown, _) = policy(&[("enforce", "baseline"), ("enforce-version", "v1.20")]);
        assert_eq!(shown, "enforce=baseline:v1.20 audit=privileged:latest warn=baseline:v1.20");
        let (shown, _) = policy(&[("enforce", "restricted"), ("warn", "baseline"), ("warn-version", "v1.0")]);
        assert_eq!(shown, "enforce=restricted:latest audit=privileged:latest warn=baseline:v1.0");
        let (shown, _) =
            policy(&[("enforce", "baseline"), ("enforce-version", "v1.3"), ("warn-version", "v1.4")]);
        assert_eq!(shown, "enforce=baseline:v1.3 audit=privileged:latest warn=baseline:v1.4");
    }

    #[test]
    fn labels_that_cannot_be_read() {
        let (shown, errors) =
            policy(&[("enforce", "strict"), ("audit", "x"), ("warn", ""), ("enforce-version", "v1.01")]);
        assert_eq!(shown, "enforce=restricted:latest audit=privileged:latest warn=privileged:latest");
        assert_eq!(
            errors.first().map(String::as_str),
            Some(
                "metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": \
                 must be one of privileged, baseline, restricted"
            )
        );
        assert_eq!(errors.len(), 4);
    }

    #[test]
    fn versions() {
        for good in ["latest", "v1.0", "v1.9", "v1.36", "v1.99"] {
            assert_eq!(Version::parse(good).unwrap().to_string(), good);
        }
        for bad in ["", "v1", "v1.", "1.2", "v2.0", "v1.-1", "v1.00", "v1.1.1", "v1.99999999999"] {
            assert!(Version::parse(bad).is_err(), "{bad}");
        }
        assert!(Version::Minor(u32::MAX) < Version::Latest);
        assert!(mentions(&object! { "pod-security.kubernetes.io/warn-version" => "x" }, "warn"));
    }
}
