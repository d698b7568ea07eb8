//! A report by the items of a guideline.

use super::{Outcome, Report};
use crate::finding::Status;
use crate::frameworks::{Framework, Item, items};
use crate::words::Language;

/// How many titles of checks make a title of an item.
const MOST_TITLES: usize = 2;

/// How an item of a guideline came out.
#[derive(Clone, Debug)]
pub struct ItemOutcome {
    /// The item.
    pub item: Item,
    /// The worst of its checks; not evaluated when one of them is not and none is worse, or when no check decides it.
    pub status: Status,
}

impl Report {
    /// The same with the checks of some guidelines only, told by their items too; with all when none is named.
    #[must_use]
    pub fn of(mut self, frameworks: &[Framework]) -> Self {
        self.frameworks = frameworks.to_vec();
        let wanted = |outcome: &Outcome| frameworks.iter().any(|f| !f.items_of(outcome.check).is_empty());
        self.outcomes.retain(|outcome| frameworks.is_empty() || wanted(outcome));
        self
    }

    /// How every item of a guideline came out.
    pub fn by_item(&self, framework: Framework) -> Vec<ItemOutcome> {
        let of = |item: Item| {
            let of_check = |id: &str| self.outcomes.iter().find(|o| o.check.id == id).map(|o| o.status);
            let statuses = item.checks.iter().filter_map(|check| of_check(check.id));
            let status = statuses.max_by_key(|status| rank(*status)).unwrap_or(Status::NotEvaluated);
            ItemOutcome { item, status }
        };
        items(framework).into_iter().map(of).collect()
    }
}

impl ItemOutcome {
    /// The names of its checks.
    pub fn checks(&self) -> Vec<&'static str> {
        self.item.checks.iter().map(|check| check.id).collect()
    }

    /// What it is about; its checks' titles where the guideline has a text of its own.
    pub fn title(&self, language: Language) -> String {
        match self.item.title {
            Some(title) => title.of(language).to_owned(),
            None => {
                let titles: Vec<_> = self.item.checks.iter().map(|check| check.title.of(language)).collect();
                if titles.len() > MOST_TITLES { String::new() } else { titles.join("; ") }
            }
        }
    }
}

/// What counts more when the checks of an item differ: a failure most, then what nobody knows.
fn rank(status: Status) -> usize {
    match status {
        Status::NotApplicable => 0,
        Status::Pass => 1,
        Status::Excepted => 2,
        Status::Manual => 3,
        Status::NotEvaluated => 4,
        Status::Warn => 5,
        Status::Fail => 6,
    }
}
