//! Every check over everything that was given.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::catalogue::{Check, catalogue, check};
use crate::checks;
use crate::finding::{Finding, Place, Status};
use crate::input::Input;
use crate::objects::Objects;
use crate::report::{Outcome, Report};
use crate::settings::Settings;
use crate::words::Said;
use crate::workload::{Refused, Workloads};

/// What checks look at, and where they say what they found.
pub(crate) struct Scan<'a> {
    pub input: &'a Input,
    pub settings: &'a Settings,
    /// The objects of the input, by kind, namespace and name.
    pub objects: Rc<Objects<'a>>,
    pub workloads: Workloads<'a>,
    /// Workloads of which nobody can say what they would do.
    refused: Rc<Refused>,
    found: BTreeMap<&'static str, Found>,
    /// What the family that runs may decide: what it decides besides would be missing when only that is wanted.
    deciding: Vec<&'static str>,
}

#[derive(Default)]
struct Found {
    examined: usize,
    findings: Vec<Finding>,
    lacking: Vec<Said>,
    spared: bool,
}

/// Holds what was given against every check.
pub fn scan(input: &Input, settings: &Settings) -> Report {
    scan_only(input, settings, &|_| true)
}

/// The same with the checks that are wanted; what others would take is not spent.
pub fn scan_only(input: &Input, settings: &Settings, wanted: &dyn Fn(&Check) -> bool) -> Report {
    let workloads = Workloads::of(&input.objects);
    let objects = Rc::new(Objects::of(&input.objects));
    let refused = Rc::new(Refused::of(&workloads.0, &input.objects.objects));
    let (found, deciding) = (BTreeMap::new(), Vec::new());
    let mut scan = Scan { input, settings, objects, workloads, refused, found, deciding };
    let is_wanted = |id: &&'static str| check(id).is_some_and(wanted);
    for family in checks::families() {
        scan.deciding = (family.ids)();
        if scan.deciding.iter().any(is_wanted) {
            (family.run)(&mut scan);
        }
    }
    let outcomes = catalogue().iter().filter(|check| wanted(check));
    let outcomes = outcomes.map(|check| scan.outcome(check)).collect();
    Report { outcomes, ..Report::default() }
}

impl Scan<'_> {
    /// A check looks at something.
    pub(crate) fn examine(&mut self, id: &'static str) {
        self.of(id).examined += 1;
    }

    /// A check finds something, in an object or elsewhere.
    pub(crate) fn find(
        &mut self,
        id: &'static str,
        status: Status,
        place: impl Into<Place>,
        field: String,
        reason: Said,
    ) {
        let Some(check) = check(id) else { return };
        let Place { subject, origin } = place.into();
        let (exception, known) = (None, None);
        let finding = Finding { check, status, subject, origin, field, reason, exception, known };
        self.of(id).findings.push(finding);
    }

    /// A check cannot decide: something is there, but what would tell how it is was not given.  It is not evaluated
    /// then, unless it finds something elsewhere.
    pub(crate) fn lack(&mut self, id: &'static str, what: Said) {
        self.of(id).lacking.push(what);
    }

    /// Checks of pods cannot pass what nobody can read.
    pub(crate) fn lack_refused(&mut self, ids: impl IntoIterator<Item = &'static str>) {
        let refused = Rc::clone(&self.refused);
        for id in ids {
            // Several families may decide a check.
            let known = &mut self.of(id).lacking;
            let new: Vec<_> = refused.0.iter().filter(|why| !known.contains(why)).cloned().collect();
            known.extend(new);
        }
    }

    /// A check is about something that is certainly not here, such as flags that a provider keeps to itself: it is not
    /// applicable then, unless something else of its kind is looked at.
    pub(crate) fn spare(&mut self, id: &'static str) {
        self.of(id).spared = true;
    }

    fn of(&mut self, id: &'static str) -> &mut Found {
        debug_assert!(self.deciding.contains(&id), "{id} is not among what its family decides");
        self.found.entry(id).or_default()
    }

    fn outcome(&mut self, check: &'static Check) -> Outcome {
        let Found { examined, findings, mut lacking, spared } =
            self.found.remove(check.id).unwrap_or_default();
        let worst = findings.iter().map(|finding| finding.status).max();
        let given = check.inputs.iter().any(|kind| self.input.has(*kind));
        let given = given && checks::has(check.id);
        lacking.extend(self.settings.lacks(check.id).filter(|_| given));
        let status = worst.unwrap_or(match (examined, given) {
            _ if !lacking.is_empty() => Status::NotEvaluated,
            (0, _) if spared => Status::NotApplicable,
            (0, false) => Status::NotEvaluated,
            (0, true) => Status::NotApplicable,
            _ => Status::Pass,
        });
        Outcome { check, status, examined, findings, lacking }
    }
}
