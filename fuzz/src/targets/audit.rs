//! Audit policies and audit logs.

use api::UserInfo;
use audit::policy::{Attributes, Level, Policy, Reach, Resource, Target};

use crate::choice;

const WORDS: [&str; 8] = ["", "get", "pods", "log", "/healthz", "system:masters", "apps", "x"];

/// Whatever was read decides without a panic and alike each time; a rule that decides can be reached.
pub(crate) fn policy(bytes: &[u8]) {
    let (at, text) = choice(bytes, WORDS.len() * WORDS.len());
    let Ok(loaded) = Policy::read(text) else { return };
    let policy = loaded.policy;
    let word = |i: usize| WORDS.get(i % WORDS.len()).copied().unwrap_or("");
    let user = UserInfo::new(word(at), [word(at + 5)]);
    let resource = Resource {
        group: word(at / 8),
        resource: word(at + 2),
        subresource: word(at / 8 + 3),
        namespace: word(at + 7),
        name: word(at / 8 + 1),
    };
    for target in [Target::Resource(resource), Target::Path(word(at + 4))] {
        for user in [Some(&user), None] {
            let attributes = Attributes { user, verb: word(at / 8 + 1), target };
            let decision = policy.decide(&attributes);
            assert_eq!(decision, policy.decide(&attributes));
            assert!(decision.rule.is_some() || decision.level == Level::None);
            assert!(decision.rule.is_none_or(|rule| rule < policy.len()));
        }
    }
    for rule in 0..policy.len().min(20) {
        match policy.reach(rule) {
            // Only those before it can be in the way.
            Reach::Shadowed(by) => assert!(!by.is_empty() && by.iter().all(|other| *other < rule)),
            Reach::Decides | Reach::Nothing | Reach::Unknown => {}
        }
    }
}

/// Reading ends, and what an event says can be asked for.
pub(crate) fn log(bytes: &[u8]) {
    let mut events = 0;
    let mut sink = |event: &audit::Event| {
        events += 1;
        assert!(event.line > 0 && event.file == "log");
        let _ =
            (event.target(), event.outcome(), event.source(), event.annotation("a"), event.user.extra("a"));
        let _ = event.user.is_in("system:masters");
    };
    let mut reader = audit::log::Reader::new(&mut sink);
    reader.read("log", bytes);
    let summary = reader.finish();
    assert_eq!(summary.events, events);
}
