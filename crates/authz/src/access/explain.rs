//! What access rules have to say beside their verdict: rules that nearly hold, whom they are for, what somebody may.

use std::sync::Arc;

use api::Str;
use api::field::go_quote;
use api::time::Timestamp;
use api::user::UserInfo;

use super::index::{RuleSet, variables};
use super::rule::{AccessRule, Effect};
use crate::authorizer::Attributes;
use crate::explain::{AllHeld, Explanation, Held, Holder, Holders, MOST_MISSES, Miss};
use crate::spec::review_spec;

/// Says which rules for the user and what is asked do not hold, and why.
pub(super) fn misses(set: &RuleSet, attributes: &Attributes, now: Timestamp, explanation: &mut Explanation) {
    let request = review_spec(attributes);
    let own = set.rules().iter().filter(|r| r.is_for(attributes.user) && r.is_about(attributes));
    let near = own.filter_map(|rule| {
        let why = not_now(rule, now).or_else(|| {
            let condition = rule.fails(&variables(&request, now))?;
            Some(format!("its condition `{condition}` is false"))
        })?;
        let effect = rule.effect.name();
        Some(Miss::other(format!("access rule {} ({effect}) does not hold: {why}", go_quote(&rule.name))))
    });
    explanation.misses.extend(near.take(MOST_MISSES));
}

fn not_now(rule: &AccessRule, now: Timestamp) -> Option<String> {
    match (rule.not_before, rule.not_after) {
        (Some(from), _) if now < from => Some(format!("it begins at {}", from.text())),
        (_, Some(until)) if until <= now => Some(format!("it ended at {}", until.text())),
        _ => None,
    }
}

/// The subjects of rules that allow what is asked.
pub(super) fn holders(set: &RuleSet, attributes: &Attributes, now: Timestamp, authorizer: &str) -> Holders {
    let mut holders = Holders::default();
    let about = set.rules().iter().filter(|r| r.is_current(now) && r.is_about(attributes));
    for rule in about {
        let name = go_quote(&rule.name);
        match rule.effect {
            Effect::Deny => holders.notes.push(format!("Access rule {name} may deny it.")),
            Effect::NoOpinion => {}
            Effect::Allow if rule.subjects.is_empty() => {
                holders.notes.push(format!("Access rule {name} allows it to everybody, {}.", source(rule)));
            }
            Effect::Allow => holders.list.extend(rule.subjects.iter().map(|subject| Holder {
                subject: subject.clone(),
                authorizer: authorizer.to_owned(),
                grant: None,
                source: format!("access rule {name}, {}", source(rule)),
            })),
        }
    }
    holders
}

fn source(rule: &AccessRule) -> String {
    let until = rule.not_after.map_or_else(String::new, |until| format!(", until {}", until.text()));
    let when = if rule.conditions.is_empty() { "without conditions" } else { "under conditions" };
    format!("{when}{until}")
}

/// What rules allow a user.
pub(super) fn held(set: &RuleSet, user: &UserInfo, now: Timestamp, authorizer: &str) -> AllHeld {
    let mut held = AllHeld::default();
    for rule in set.rules().iter().filter(|r| r.is_for(user) && r.is_current(now)) {
        let name = go_quote(&rule.name);
        if rule.effect == Effect::Deny {
            held.notes.push(format!("Access rule {name} may deny some of it."));
        }
        if rule.effect == Effect::Allow {
            held.list.extend(rule.allowed().into_iter().enumerate().map(|(at, (namespace, allowed))| Held {
                authorizer: authorizer.to_owned(),
                namespace: namespace.unwrap_or_else(Str::default),
                binding: None,
                role: None,
                rule: Some((at, Arc::new(allowed))),
                is_missing: false,
                source: format!("access rule {name}, {}", source(rule)),
            }));
        }
    }
    held
}
