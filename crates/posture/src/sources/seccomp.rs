//! Seccomp profiles: files as runtimes read them, and objects of the security-profiles operator.
//!
//! Entry point: [`profiles`].

use api::Value;

use crate::catalogue::Kind;
use crate::finding::Place;
use crate::input::Input;

/// A profile, where it stands.
pub(crate) struct Profile<'a> {
    pub place: Place,
    /// The path or name by which pods ask for it.
    pub name: String,
    value: &'a Value,
}

/// What a profile does with a call.
const ALLOWING: [&str; 3] = ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"];

/// Every profile that was given.
pub(crate) fn profiles(input: &Input) -> Vec<Profile<'_>> {
    let files =
        input.of_kind(Kind::Attestation).filter(|document| fits(&document.value)).map(|document| Profile {
            place: Place::named("File", &*document.origin.source, &document.origin),
            name: document.origin.source.to_string(),
            value: &document.value,
        });
    let objects = input.objects.of_kind("security-profiles-operator.x-k8s.io", "SeccompProfile");
    let objects = objects.map(|object| Profile {
        place: object.into(),
        name: format!("operator/{}/{}.json", object.namespace(), object.name()),
        value: object.value.at(&["spec"]),
    });
    files.chain(objects).collect()
}

pub(super) fn fits(value: &Value) -> bool {
    value.str_at(&["defaultAction"]).starts_with("SCMP_ACT_")
}

impl<'a> Profile<'a> {
    /// What is done with calls that it does not name, when that is to let them through.
    pub(crate) fn lets_all_through(&self) -> Option<&'a str> {
        let action = self.value.str_at(&["defaultAction"]);
        ALLOWING.contains(&action).then_some(action)
    }

    /// Which of these calls it lets through whatever the arguments, and for everybody.
    pub(crate) fn allows<'c>(&self, calls: &[&'c str]) -> Vec<&'c str> {
        let rules = self.value.array_at(&["syscalls"]);
        let bare = |rule: &&Value| {
            let is_empty = |member: &str| {
                let value = rule.at(&[member]);
                value.is_null()
                    || value.as_array().is_some_and(<[_]>::is_empty)
                    || value.as_object().is_some_and(api::Map::is_empty)
            };
            ALLOWING.contains(&rule.str_at(&["action"])) && is_empty("args") && is_empty("includes")
        };
        let named = |call: &str| {
            rules.iter().filter(bare).any(|rule| {
                let names = rule.array_at(&["names"]).iter().filter_map(Value::as_str);
                names.chain([rule.str_at(&["name"])]).any(|name| name == call)
            })
        };
        calls.iter().copied().filter(|call| named(call)).collect()
    }

    /// True when it is the one that a pod asks for by a path beneath the kubelet's directory of profiles.
    pub(crate) fn is(&self, path: &str) -> bool {
        let path = path.trim_start_matches('/');
        self.name.strip_suffix(path).is_some_and(|before| before.is_empty() || before.ends_with('/'))
    }
}
