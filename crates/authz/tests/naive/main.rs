//! Every authorizer, and unions of them, against evaluators that are as simple as the words of the documentation: they
//! look at every binding, every line and every object for each question.
//!
//! Policies and questions are random, from a seed that a failure tells.  `SUMUN_AUTHZ_QUESTIONS` sets how many
//! questions are asked (30,000 by default), `SUMUN_AUTHZ_SEED` where to begin.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod abac;
mod access;
mod node;
mod random;
mod rbac;

use std::sync::Arc;

use api::selector::FieldTerm;
use api::time::Timestamp;
use api::user::UserInfo;
use sumun_authz::{
    AlwaysAllow, AlwaysDeny, Attributes, Authorizer, Decision, ResourceTarget, Selectors, Target, Union,
};

use random::Random;

/// Questions to one set of policies.
const QUESTIONS: usize = 400;
const NOW: i64 = 1_795_428_000;

/// A question in words of its own.
#[derive(Clone, Debug)]
pub struct Question {
    user: String,
    groups: Vec<String>,
    verb: String,
    /// `None`: a path.
    resource: Option<Resource>,
    path: String,
}

/// The resource of a question, with a field selector on `spec.nodeName` or none.
#[derive(Clone, Debug)]
pub struct Resource {
    group: String,
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
    /// A field selector on `spec.nodeName`.
    node: Option<(bool, String)>,
}

/// The answers: yes, no, no opinion.
pub type Answer = Option<bool>;

/// What answers by brute force.
trait Naive {
    fn answer(&self, question: &Question) -> Answer;
}

/// A name, the real way of deciding and the simple one.
type Compared = (&'static str, Arc<dyn Authorizer>, Box<dyn Naive>);

/// Every way of deciding.
struct World {
    modes: Vec<Compared>,
}

struct Always(Answer);

impl Naive for Always {
    fn answer(&self, _: &Question) -> Answer {
        self.0
    }
}

impl World {
    fn new(random: &mut Random) -> Self {
        let rbac = rbac::world(random);
        let abac = abac::world(random);
        let node = node::world(random);
        let access = access::world(random, Timestamp::new(NOW, 0));
        let mut modes: Vec<Compared> = vec![
            ("RBAC", rbac.0, Box::new(rbac.1)),
            ("ABAC", abac.0, Box::new(abac.1)),
            ("Node", node.0, Box::new(node.1)),
            ("AccessRules", access.0, Box::new(access.1)),
        ];
        if random.one_in(10) {
            modes.push(("AlwaysAllow", Arc::new(AlwaysAllow), Box::new(Always(Some(true)))));
        }
        if random.one_in(10) {
            modes.push(("AlwaysDeny", Arc::new(AlwaysDeny), Box::new(Always(None))));
        }
        random.shuffle(&mut modes);
        Self { modes }
    }

    /// The answers of all modes and of their union.
    fn compare(&self, question: &Question, tally: &mut [usize; 3]) -> Result<(), String> {
        let mut first = question.groups.iter().any(|g| g == "system:masters").then_some(true);
        for (name, real, naive) in &self.modes {
            let (real, naive) = (ask(&**real, question), naive.answer(question));
            if real != naive {
                return Err(format!("{name}: {real:?}, but {naive:?} by hand, to {question:?}"));
            }
            first = first.or(naive);
        }
        let union = Union::new(self.modes.iter().map(|(_, real, _)| real.clone()));
        let real = ask(&union, question);
        if real != first {
            return Err(format!("union: {real:?}, but {first:?} by hand, to {question:?}"));
        }
        tally[match first {
            Some(true) => 0,
            Some(false) => 1,
            None => 2,
        }] += 1;
        Ok(())
    }
}

fn ask(authorizer: &dyn Authorizer, question: &Question) -> Answer {
    let user = UserInfo::new(question.user.as_str(), question.groups.iter().cloned());
    let node = question.resource.as_ref().and_then(|r| r.node.clone());
    let selectors = node.map(|(negated, value)| {
        let term = FieldTerm { field: "spec.nodeName".into(), negated, value: value.into() };
        Selectors { fields: vec![term], ..Selectors::default() }
    });
    let target = match &question.resource {
        None => Target::Path(&question.path),
        Some(r) => Target::Resource(ResourceTarget {
            group: &r.group,
            version: "v1",
            resource: &r.resource,
            subresource: &r.subresource,
            namespace: &r.namespace,
            name: &r.name,
            selectors: selectors.as_ref(),
        }),
    };
    let verdict = authorizer.authorize(&Attributes { user: &user, verb: &question.verb, target });
    assert_eq!(verdict.error, None);
    match verdict.decision {
        Decision::Allow => Some(true),
        Decision::Deny => Some(false),
        Decision::NoOpinion => None,
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn no_answer_differs() {
    let wanted = setting("SUMUN_AUTHZ_QUESTIONS").unwrap_or(30_000);
    let first = setting("SUMUN_AUTHZ_SEED").unwrap_or(1);
    let (mut asked, mut tally) = (0, [0; 3]);
    for seed in first.. {
        let mut random = Random::new(seed);
        let world = World::new(&mut random);
        for _ in 0..QUESTIONS {
            let question = random.question();
            if let Err(difference) = world.compare(&question, &mut tally) {
                panic!("SUMUN_AUTHZ_SEED={seed}: {difference}");
            }
        }
        asked += QUESTIONS as u64;
        if asked >= wanted {
            break;
        }
    }
    // Questions that always get the same answer would show nothing.
    let least = tally.iter().min().unwrap();
    assert!(*least > tally.iter().sum::<usize>() / 50, "{tally:?}");
}
