//! Checks of what is known of images: one row a check, one image at a time.
//!
//! Entry point: [`run`].  An image of which a check knows too little is not passed: when nothing is found elsewhere, the
//! check is not evaluated.

use super::{contents, reports};
use crate::catalogue::Kind;
use crate::checks::Flaw;
use crate::finding::Status;
use crate::scan::Scan;
use crate::settings::Settings;
use crate::sources::exposure::Exposure;
use crate::sources::images::{Images, Subject, subjects};
use crate::words::{Said, Words};

/// A check of one image.
pub(super) struct Row {
    pub id: &'static str,
    /// What is missing: of how many images, of how many, of which first.
    pub needs: Words,
    /// What was found.
    pub look: fn(&Known<'_>, &Subject<'_, '_>) -> Seen,
}

/// What a check sees in an image.
pub(super) enum Seen {
    /// Too little is known of it.
    Unknown,
    /// It is not about this one.
    Nothing,
    /// It was looked at: this is wrong.
    Flaws(Vec<Flaw>),
}

/// Everything that counts.
pub(super) struct Known<'a> {
    pub images: &'a Images<'a>,
    pub exposure: Exposure<'a>,
    pub settings: &'a Settings,
    /// Workloads were given: the images are those that run.
    pub runs: bool,
    /// It is known how services open the cluster.
    pub knows_services: bool,
}

fn rows() -> impl Iterator<Item = &'static Row> {
    reports::ROWS.iter().chain(contents::ROWS)
}

pub(super) fn ids() -> Vec<&'static str> {
    rows().map(|row| row.id).collect()
}

pub(super) fn run(scan: &mut Scan<'_>) {
    let input = scan.input;
    let images = Images::of(input);
    if images.facts.is_empty() {
        return rows().for_each(|row| scan.lack(row.id, Kind::Images.words().plain()));
    }
    let subjects = subjects(scan, &images);
    let known = Known {
        images: &images,
        exposure: Exposure::of(&input.objects, &scan.workloads),
        settings: scan.settings,
        runs: !scan.workloads.0.is_empty(),
        knows_services: input.whole_cluster || input.objects.of_kind("", "Service").next().is_some(),
    };
    for row in rows() {
        over(scan, row, &known, &subjects);
    }
    reports::catalogues(scan, &images);
}

fn over(scan: &mut Scan<'_>, row: &Row, known: &Known<'_>, subjects: &[Subject<'_, '_>]) {
    let mut unknown = Vec::new();
    for subject in subjects {
        match (row.look)(known, subject) {
            Seen::Unknown => unknown.push(subject.place.subject.name.as_str()),
            Seen::Nothing => {}
            Seen::Flaws(flaws) => {
                scan.examine(row.id);
                for flaw in flaws {
                    scan.find(row.id, flaw.status, subject.place.clone(), flaw.field, flaw.reason);
                }
            }
        }
    }
    if let Some(first) = unknown.first() {
        let counts = [unknown.len().to_string(), subjects.len().to_string(), (*first).to_owned()];
        scan.lack(row.id, row.needs.with(counts));
    }
}

impl Seen {
    /// One thing is wrong, or nothing.
    pub(super) fn one(flaw: Option<Flaw>) -> Self {
        Self::Flaws(flaw.into_iter().collect())
    }
}

/// A failure in a field.
pub(super) fn fail(field: impl Into<String>, reason: Said) -> Flaw {
    Flaw { status: Status::Fail, field: field.into(), reason }
}

/// A warning about a field.
pub(super) fn warn(field: impl Into<String>, reason: Said) -> Flaw {
    Flaw { status: Status::Warn, field: field.into(), reason }
}
