//! What came out of a scan.

use crate::catalogue::{Check, Severity};
use crate::finding::{Finding, Status};

/// How one check came out for everything it looked at.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The check.
    pub check: &'static Check,
    /// The worst of its findings; without any, whether there was something to look at.
    pub status: Status,
    /// How many things it looked at.
    pub examined: usize,
    /// What is not as it should be.
    pub findings: Vec<Finding>,
}

/// How every check came out, by name.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// One for each check.
    pub outcomes: Vec<Outcome>,
}

impl Report {
    /// Everything that is not as it should be, the worst first.
    pub fn findings(&self) -> Vec<&Finding> {
        let mut all: Vec<_> = self.outcomes.iter().flat_map(|outcome| &outcome.findings).collect();
        all.sort_by_key(|f| std::cmp::Reverse((f.status, f.check.severity)));
        all
    }

    /// How many checks came out so.
    pub fn count(&self, status: Status) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.status == status).count()
    }

    /// The severity of the worst failure.
    pub fn worst(&self) -> Option<Severity> {
        let failed = self.outcomes.iter().filter(|outcome| outcome.status == Status::Fail);
        failed.map(|outcome| outcome.check.severity).max()
    }
}
