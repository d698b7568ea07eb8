//! DeviceClass: which devices a request for a class may get.

use api::{Value, field};

use crate::kind::{Generation, Kind};
use crate::{Cursor, MetaCheck, NameRule, amounts, equal, names};

use super::parts;

pub(crate) static DEVICE_CLASS: Kind = Kind {
    name_rule: NameRule::Custom,
    name_faults,
    generation: Generation::Of(&["spec"]),
    update_checks: &[MetaCheck::New, MetaCheck::Change],
    validate: |class, _, errors| check(class, None, errors),
    validate_update: |new, old, _, errors| check(new, Some(old), errors),
    ..Kind::PLAIN
};

/// A prefix may end in a dash; the name itself is told in the words of upstream's declarative validation.
fn name_faults(name: &str, prefix: bool) -> names::Faults {
    if prefix { names::object_name(NameRule::Subdomain, name, true) } else { names::long_name(name) }
}

fn check(class: &Value, old: Option<&Value>, errors: &mut field::Errors) {
    let root = Cursor::root(class);
    let spec = root.child("spec");
    parts::items(&spec.child("selectors"), parts::MAX_SELECTORS, errors, parts::selector);
    let configs = spec.child("config");
    let stored = old.is_some_and(|old| equal::semantic(configs.value(), old.at(&["spec", "config"])));
    parts::items(&configs, parts::MAX_CONFIG, errors, |config, errors| {
        parts::configuration(config, stored, errors);
    });
    let name = spec.child("extendedResourceName");
    if name.is_set() && !amounts::is_extended(name.str()) {
        name.invalid(errors, "must be a valid extended resource name");
    }
}

#[cfg(test)]
mod tests {
    use super::name_faults;

    #[test]
    fn a_prefix_may_end_in_a_dash() {
        for (name, prefix, good) in
            [("dc-", true, true), ("dc-", false, false), ("dc", false, true), ("D-", true, true)]
        {
            assert_eq!(name_faults(name, prefix).is_empty(), good, "{name} {prefix}");
        }
    }
}
