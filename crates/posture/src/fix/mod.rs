//! Patches of the files that findings stand in.
//!
//! Entry point: [`fixes`].  A patch is kept when the text reads as before but for what was to change, when the check
//! finds nothing any more, when no other check begins to fail, and when whoever asks agrees; else it is dropped and told.

mod draft;
mod object;
mod rules;

use std::collections::BTreeMap;

use api::Value;
use evidence::{Evidence, Object, Origin};

use crate::catalogue::{Check, Fix};
use crate::edit::{self, Step};
use crate::finding::{Finding, Status, Subject};
use crate::input::Input;
use crate::report::Report;
use crate::scan::{scan, scan_only};
use crate::settings::Settings;

pub use rules::has_patch;

/// What is wanted, and what the outside does for it.
pub struct Wish<'a> {
    /// Patches that somebody has to agree to, too.
    pub offered: bool,
    /// Reads a file by the name that origins have.
    pub read: &'a mut dyn FnMut(&str) -> Result<String, String>,
    /// Asks whether an object may become another one, such as a cluster; the text says why not.
    pub prove: &'a mut dyn FnMut(&Value) -> Result<(), String>,
}

/// What can be mended.
#[derive(Clone, Debug, Default)]
pub struct Fixes {
    /// A patch a file.
    pub patches: Vec<Patch>,
    /// What could have been mended, and why it is not.
    pub dropped: Vec<Dropped>,
}

/// What becomes of a file.
#[derive(Clone, Debug)]
pub struct Patch {
    /// Its name.
    pub source: String,
    /// Its text.
    pub before: String,
    /// Its text with everything mended.
    pub after: String,
    /// What is mended.
    pub mended: Vec<Mended>,
}

/// A check that finds nothing any more in an object.
#[derive(Clone, Debug)]
pub struct Mended {
    /// The check.
    pub check: &'static Check,
    /// The object.
    pub subject: Subject,
}

/// A patch that is not made.
#[derive(Clone, Debug)]
pub struct Dropped {
    /// The check.
    pub check: &'static Check,
    /// The object.
    pub subject: Subject,
    /// Where it is written.
    pub origin: Origin,
    /// Why.
    pub reason: String,
}

impl Fixes {
    /// Adds what was made out of what these patches make of the files, which decides what is dropped.
    pub fn extend(&mut self, more: Self) {
        for patch in more.patches {
            match self.patches.iter_mut().find(|known| known.source == patch.source) {
                Some(known) => {
                    known.after = patch.after;
                    known.mended.extend(patch.mended);
                }
                None => self.patches.push(patch),
            }
        }
        self.dropped = more.dropped;
    }
}

impl Patch {
    /// The difference, as `git apply` and `patch -p1` read it.
    pub fn diff(&self) -> String {
        edit::unified(&self.source, &self.before, &self.after)
    }
}

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}: {} is not patched: {}", self.origin, self.subject, self.check.id, self.reason)
    }
}

/// Objects of a file in their order, and the checks that found something in each.
type ByObject<'a> = BTreeMap<(&'a Origin, &'a Subject), Vec<&'static Check>>;

/// Makes the patches for what a report has found in files.
pub fn fixes(report: &Report, settings: &Settings, wish: &mut Wish<'_>) -> Fixes {
    let mut files: BTreeMap<&str, ByObject> = BTreeMap::new();
    for finding in report.outcomes.iter().flat_map(|outcome| &outcome.findings) {
        let Some(origin) = finding.origin.as_ref().filter(|_| is_wanted(finding, wish.offered)) else {
            continue;
        };
        let checks = files.entry(&origin.source).or_default().entry((origin, &finding.subject)).or_default();
        if checks.last() != Some(&finding.check) {
            checks.push(finding.check);
        }
    }
    let mut fixes = Fixes::default();
    for (source, objects) in files {
        fix_file(source, &objects, settings, wish, &mut fixes);
    }
    fixes
}

/// Something in an object of a file, for which a patch is wanted.
fn is_wanted(finding: &Finding, offered: bool) -> bool {
    let fix = finding.check.fix;
    finding.status >= Status::Warn
        && (fix == Fix::Safe || offered && fix == Fix::Offered)
        && !finding.subject.api_version.is_empty()
        && finding.origin.as_ref().is_some_and(|origin| origin.line > 0)
}

fn fix_file(
    source: &str,
    objects: &ByObject<'_>,
    settings: &Settings,
    wish: &mut Wish<'_>,
    fixes: &mut Fixes,
) {
    let before = match (wish.read)(source) {
        Ok(text) => text,
        Err(why) => {
            for ((origin, subject), checks) in objects {
                fixes.dropped.extend(checks.iter().map(|check| dropped(check, origin, subject, &why)));
            }
            return;
        }
    };
    let (mut after, mut mended) = (before.clone(), Vec::new());
    for ((origin, subject), checks) in objects {
        let at = Place { origin, subject, settings };
        match at.fix(&after, checks, wish) {
            Ok((text, done, dropped)) => {
                after = text;
                fixes.dropped.extend(dropped);
                mended.extend(done.into_iter().map(|check| Mended { check, subject: (*subject).clone() }));
            }
            Err(why) => {
                fixes.dropped.extend(checks.iter().map(|check| dropped(check, origin, subject, &why)));
            }
        }
    }
    if after != before {
        fixes.patches.push(Patch { source: source.to_owned(), before, after, mended });
    }
}

fn dropped(check: &'static Check, origin: &Origin, subject: &Subject, reason: &str) -> Dropped {
    Dropped { check, subject: subject.clone(), origin: origin.clone(), reason: reason.to_owned() }
}

/// An object in a file.
struct Place<'a> {
    origin: &'a Origin,
    subject: &'a Subject,
    settings: &'a Settings,
}

type Done = (String, Vec<&'static Check>, Vec<Dropped>);

impl Place<'_> {
    /// The text with what can be mended in the object, what that is, and what cannot.
    fn fix(&self, text: &str, checks: &[&'static Check], wish: &mut Wish<'_>) -> Result<Done, String> {
        let number = self.origin.document.saturating_sub(1);
        let range = edit::documents(text).into_iter().nth(number).ok_or("the document is not found again")?;
        let original = text.get(range.clone()).unwrap_or("");
        let (path, first) = object::find(original, self.subject, self.origin, text, range.start)?;
        if object::is_template(&first) {
            return Err("it is a template".to_owned());
        }
        let mut document = original.to_owned();
        let (mut done, mut left) = (Vec::new(), Vec::new());
        for check in checks {
            match self.mend(&document, &path, &first, check) {
                Ok(mended) => {
                    document = mended;
                    done.push(*check);
                }
                Err(why) => left.push(dropped(check, self.origin, self.subject, &why)),
            }
        }
        if document == original {
            return Ok((text.to_owned(), done, left));
        }
        let last = object::at(&document, &path, &first)?;
        self.nothing_new(&first, &last)?;
        (wish.prove)(&last)?;
        let (head, tail) = (text.get(..range.start).unwrap_or(""), text.get(range.end..).unwrap_or(""));
        Ok((format!("{head}{document}{tail}"), done, left))
    }

    /// The document with one check satisfied.
    fn mend(
        &self,
        document: &str,
        path: &[Step],
        first: &Value,
        check: &'static Check,
    ) -> Result<String, String> {
        let rule = rules::rule(check.id).ok_or("no patch is known; do it by hand")?;
        let whole = codec::yaml::parse(document.as_bytes()).map_err(|why| why.to_string())?.value;
        let value = object::name_kind(object::value_at(&whole, path)?, self.subject);
        let input = self.alone(&value);
        let findings = findings_of(check.id, &input, self.settings);
        let mut draft = draft::Draft::new(value, &findings, self.settings);
        rule(&mut draft);
        let refused = draft.refused;
        let mut text = document.to_owned();
        for change in draft.changes {
            text = edit::edit(&text, &change.below(path))?;
        }
        let left = findings_of(check.id, &self.alone(&draft.value), self.settings);
        match (left.is_empty(), text == document) {
            // The patch of another check may have been enough.
            (true, true) if findings_of(check.id, &self.alone(first), self.settings).is_empty() => {
                Err("what decides it is in another object".to_owned())
            }
            (true, _) => Ok(text),
            (false, true) => Err(refused.unwrap_or("no patch fits; do it by hand").to_owned()),
            (false, false) => Err(refused.unwrap_or("a patch would not be enough; do it by hand").to_owned()),
        }
    }

    /// The object without any other.
    fn alone(&self, value: &Value) -> Input {
        let object = Object { value: value.clone(), origin: self.origin.clone() };
        let mut input = Input { objects: Evidence::default(), ..Input::default() };
        input.add(object);
        input
    }

    /// Refuses a patch because of which another check begins to fail.
    fn nothing_new(&self, before: &Value, after: &Value) -> Result<(), String> {
        let [old, new] = [before, after].map(|value| scan(&self.alone(value), self.settings).outcomes);
        // What was about nothing here may have something to look at now.
        let mut pairs = old.iter().zip(&new);
        let worse = pairs.find(|(old, new)| old.status == Status::Pass && new.status >= Status::Warn);
        worse.map_or(Ok(()), |(_, new)| Err(format!("{} would fail then", new.check.id)))
    }
}

/// What one check finds.
fn findings_of(id: &str, input: &Input, settings: &Settings) -> Vec<Finding> {
    let outcomes = scan_only(input, settings, &|check| check.id == id).outcomes;
    outcomes.into_iter().flat_map(|outcome| outcome.findings).collect()
}
