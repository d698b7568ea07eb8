//! Code that asks many questions one after the other, as impersonation and escalation checks do, over authorizers that
//! take their time.
//!
//! Entry point: [`Union::settle`].  The code stays synchronous: it runs until it needs an answer that is not there;
//! then somebody is asked, and it runs again.

use std::sync::{Mutex, PoisonError};

use api::user::UserInfo;

use super::Union;
use crate::authorizer::{Attributes, Authorizer, Rules, Verdict};
use crate::remote::{Member, Question};

/// The most questions to services elsewhere that one run may need.
const MOST: usize = 200;

impl Union {
    /// Runs `ask` with an authorizer that answers as [`Union::ask`] does.  `ask` is run again after each answer that
    /// took its time, so it must have no effects; without such members it runs once.
    pub async fn settle<T>(&self, mut ask: impl FnMut(&dyn Authorizer) -> T) -> T {
        if self.is_local() {
            return ask(self);
        }
        let mut answers = Vec::new();
        loop {
            let (member, question) = {
                let run = Run { union: self, answers: &answers, wanted: Mutex::default() };
                let outcome = ask(&run);
                match run.wanted.into_inner().unwrap_or_else(PoisonError::into_inner) {
                    Some(wanted) => wanted,
                    None => return outcome,
                }
            };
            let verdict = match self.members.get(member) {
                Some(Member::Remote(remote)) if answers.len() < MOST => {
                    remote.authorize(&question.attributes()).await
                }
                _ => {
                    let error = Some("too many questions to authorizers elsewhere".to_owned());
                    Verdict { error, ..Verdict::deny("") }
                }
            };
            answers.push((member, question, verdict));
        }
    }
}

/// One run, with the answers that are there.
struct Run<'a> {
    union: &'a Union,
    /// Place of the member, question and answer.
    answers: &'a [(usize, Question, Verdict)],
    /// The first question that has no answer yet.
    wanted: Mutex<Option<(usize, Question)>>,
}

impl Authorizer for Run<'_> {
    fn authorize(&self, attributes: &Attributes) -> Verdict {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        if wanted.is_some() {
            // What comes out of this run does not count any more.
            return Verdict::deny("");
        }
        let mut kept = None;
        self.union.decide(|at, member| {
            if wanted.is_some() {
                return Verdict::deny("");
            }
            if let Ok(known) = member.at_once(attributes) {
                return known;
            }
            let question = kept.get_or_insert_with(|| Question::of(attributes));
            let answered = self.answers.iter().find(|(member, asked, _)| *member == at && asked == question);
            answered.map(|(_, _, verdict)| verdict.clone()).unwrap_or_else(|| {
                *wanted = Some((at, question.clone()));
                Verdict::deny("")
            })
        })
    }

    fn rules(&self, user: &UserInfo, namespace: &str) -> Rules {
        self.union.rules(user, namespace)
    }
}
