//! Finalizers of the garbage collector: who decides whether dependents go, stay or go first.

use api::Value;

use super::meta;
use crate::http::options::DeleteOptions;

/// Dependents are to lose their owner before it goes.
pub(crate) const ORPHAN: &str = "orphan";
/// Dependents are to go before their owner.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    Orphan,
    Foreground,
    Background,
}

/// Adds and removes the garbage collector's finalizers as the options, the finalizers already there, and the kind say,
/// in this order.
pub(super) fn settle(object: &mut Value, options: &DeleteOptions, orphans_by_default: bool) {
    let policy = asked(options).or_else(|| standing(object)).unwrap_or(if orphans_by_default {
        Policy::Orphan
    } else {
        Policy::Background
    });
    let mut list: Vec<Value> =
        meta::finalizers(object).filter(|f| *f != ORPHAN && *f != FOREGROUND).map(Value::from).collect();
    match policy {
        Policy::Orphan => list.push(ORPHAN.into()),
        Policy::Foreground => list.push(FOREGROUND.into()),
        Policy::Background => {}
    }
    let same = list.len() == meta::finalizers(object).count()
        && meta::finalizers(object).all(|f| list.iter().any(|l| l.as_str() == Some(f)));
    if same {
        return;
    }
    if list.is_empty() {
        object.remove_at(&["metadata", "finalizers"]);
    } else {
        object.set_at(&["metadata", "finalizers"], list);
    }
}

fn asked(options: &DeleteOptions) -> Option<Policy> {
    match (options.orphan_dependents, options.propagation_policy.as_deref()) {
        (Some(true), _) | (None, Some("Orphan")) => Some(Policy::Orphan),
        (None, Some("Foreground")) => Some(Policy::Foreground),
        (Some(false), _) | (None, Some(_)) => Some(Policy::Background),
        (None, None) => None,
    }
}

fn standing(object: &Value) -> Option<Policy> {
    meta::finalizers(object).find_map(|f| match f {
        ORPHAN => Some(Policy::Orphan),
        FOREGROUND => Some(Policy::Foreground),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    fn settled(present: &[&str], policy: Option<&str>, default: bool) -> Vec<String> {
        let finalizers: Vec<Value> = present.iter().map(|f| Value::from(*f)).collect();
        let mut o = object! { "metadata" => object! { "finalizers" => finalizers } };
        let options =
            DeleteOptions { propagation_policy: policy.map(str::to_owned), ..DeleteOptions::default() };
        settle(&mut o, &options, default);
        meta::finalizers(&o).map(str::to_owned).collect()
    }

    #[test]
    fn options_beat_finalizers_beat_the_kind() {
        assert_eq!(settled(&["x"], None, false), ["x"]);
        assert_eq!(settled(&["x"], None, true), ["x", ORPHAN]);
        assert_eq!(settled(&[FOREGROUND], None, true), [FOREGROUND]);
        assert_eq!(settled(&[FOREGROUND, "x"], Some("Background"), true), ["x"]);
        assert_eq!(settled(&[], Some("Foreground"), false), [FOREGROUND]);
        assert_eq!(settled(&[ORPHAN], Some("Orphan"), false), [ORPHAN]);
    }
}
