//! How messages name containers and values.

use std::collections::BTreeSet;

/// `one` for one, `more` otherwise.
pub(super) fn plural(count: usize, one: &'static str, more: &'static str) -> &'static str {
    if count == 1 { one } else { more }
}

/// `"a", "b"`.
pub(super) fn quoted<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| format!("\"{item}\"")).collect();
    items.join(", ")
}

/// `container "a"` or `containers "a", "b"`.
pub(super) fn containers(names: &[&str]) -> String {
    format!("{} {}", plural(names.len(), "container", "containers"), quoted(names.iter().copied()))
}

/// Who sets something: the pod itself, containers, or both; empty for nobody.
pub(super) fn setters(pod: bool, names: &[&str]) -> Vec<String> {
    let pod = pod.then(|| "pod".to_owned());
    let names = (!names.is_empty()).then(|| containers(names));
    pod.into_iter().chain(names).collect()
}

/// Values in the order of their texts, each once.
pub(super) type Values<'a> = BTreeSet<&'a str>;
