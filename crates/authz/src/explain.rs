//! Why an answer came out as it did: each authorizer's part, what allowed, and what came closest.
//!
//! Entry point: [`Authorizer::explain`](crate::Authorizer::explain).  Explanations are made by the authorizers
//! themselves, beside the verdict they give anyway; nothing here decides.

use crate::authorizer::{Decision, Verdict};
use crate::rbac::Grant;

/// One authorizer's answer, explained.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Who answered: a mode such as `RBAC`, or the name that a configuration file gives the authorizer.
    pub authorizer: String,
    /// Whether it was asked at all.
    pub asked: Asked,
    /// The answer; [`Decision::NoOpinion`] where nobody was asked.
    pub verdict: Verdict,
    /// Every grant of RBAC that allows, the one that the verdict names first; at most [`MOST_GRANTS`].
    pub grants: Vec<Grant>,
    /// What would nearly have allowed, nearest first; only without a yes.
    pub misses: Vec<Miss>,
    /// What else is worth knowing, a sentence each.
    pub notes: Vec<String>,
    /// The answers of its members in the order they are asked, when it stands for several authorizers.
    pub members: Vec<Explanation>,
}

/// How many grants an explanation lists.
pub const MOST_GRANTS: usize = 16;

/// Whether an authorizer was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Yes.
    Yes,
    /// No: another one had decided before.
    NotReached,
    /// No: it cannot be asked from here, such as a webhook without a network.
    Unavailable,
}

/// Something that would nearly have allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Miss {
    /// In what it differs from the question.
    pub kind: MissKind,
    /// A sentence that names both sides of the difference.
    pub text: String,
}

/// In what a grant differs from the question, most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MissKind {
    /// Something else, in the authorizer's own words.
    Other,
}

impl Explanation {
    /// An answer and nothing beside it.
    pub fn of(authorizer: impl Into<String>, verdict: Verdict) -> Self {
        Self {
            authorizer: authorizer.into(),
            asked: Asked::Yes,
            verdict,
            grants: Vec::new(),
            misses: Vec::new(),
            notes: Vec::new(),
            members: Vec::new(),
        }
    }

    /// Somebody who was not asked; it has no opinion.
    pub fn unasked(authorizer: impl Into<String>, asked: Asked) -> Self {
        Self { asked, ..Self::of(authorizer, Verdict::no_opinion("")) }
    }

    /// The same with one more remark.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// True for a yes.
    pub fn allowed(&self) -> bool {
        self.verdict.decision == Decision::Allow
    }
}
