//! One rule of a role: which verbs on which resources or paths.
//!
//! [`Rule::allows`] is the meaning of a rule; everything that is faster must answer the same.

use std::fmt;

use api::field::go_quote;
use api::{Map, Str, Value};

use crate::authorizer::Target;

/// A `PolicyRule`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rule {
    /// Verbs, `*` for all.
    pub verbs: Vec<Str>,
    /// API groups, `*` for all, `""` for the core group.
    pub groups: Vec<Str>,
    /// Resources: `pods`, `pods/log`, `*/scale`, `*` for all with their subresources.
    pub resources: Vec<Str>,
    /// Names of objects, empty for all.
    pub names: Vec<Str>,
    /// Paths, with a trailing `*` for every path that starts so.
    pub urls: Vec<Str>,
}

impl Rule {
    /// A rule about resources, each list separated by spaces; the group `-` is the core group.
    pub fn resources(verbs: &str, groups: &str, resources: &str) -> Self {
        let groups =
            groups.split_whitespace().map(|g| if g == "-" { Str::default() } else { g.into() }).collect();
        Self { verbs: words(verbs), groups, resources: words(resources), ..Self::default() }
    }

    /// A rule about paths, each list separated by spaces.
    pub fn urls(verbs: &str, urls: &str) -> Self {
        Self { verbs: words(verbs), urls: words(urls), ..Self::default() }
    }

    /// The same rule for these names only, separated by spaces.
    #[must_use]
    pub fn named(mut self, names: &str) -> Self {
        self.names = words(names);
        self
    }

    /// Reads a `PolicyRule`.
    pub fn from_value(value: &Value) -> Self {
        let list = |key| value.array_at(&[key]).iter().map(|v| v.as_str().unwrap_or("").into()).collect();
        Self {
            verbs: list("verbs"),
            groups: list("apiGroups"),
            resources: list("resources"),
            names: list("resourceNames"),
            urls: list("nonResourceURLs"),
        }
    }

    /// The rule as `PolicyRule`.
    pub fn value(&self) -> Value {
        let mut map = Map::new();
        map.insert("verbs", self.verbs.clone().into());
        let optional = [
            ("apiGroups", &self.groups),
            ("resources", &self.resources),
            ("resourceNames", &self.names),
            ("nonResourceURLs", &self.urls),
        ];
        for (key, list) in optional.into_iter().filter(|(_, list)| !list.is_empty()) {
            map.insert(key, list.clone().into());
        }
        map.into()
    }

    /// True when the rule allows the verb on the target.
    pub fn allows(&self, verb: &str, target: Target) -> bool {
        holds(&self.verbs, verb)
            && match target {
                Target::Path(path) => self.urls.iter().any(|url| url_covers(url, path)),
                Target::Resource(r) => {
                    holds(&self.groups, r.group)
                        && self.resources.iter().any(|x| resource_covers(x, r.resource, r.subresource))
                        && (self.names.is_empty() || self.names.iter().any(|n| n == r.name))
                }
            }
    }

    /// How many strings the rule has.
    pub(super) fn strings(&self) -> usize {
        self.verbs.len() + self.groups.len() + self.resources.len() + self.names.len() + self.urls.len()
    }
}

fn words(text: &str) -> Vec<Str> {
    text.split_whitespace().map(Str::from).collect()
}

fn holds(list: &[Str], wanted: &str) -> bool {
    list.iter().any(|x| x == "*" || x == wanted)
}

/// `*`, the resource with its subresource, or `*/subresource`.
fn resource_covers(pattern: &str, resource: &str, subresource: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    if subresource.is_empty() {
        return pattern == resource;
    }
    let split = pattern.strip_suffix(subresource).and_then(|p| p.strip_suffix('/'));
    split.is_some_and(|p| p == "*" || p == resource)
}

/// The path itself, or with a trailing `*` every path that starts so.
fn url_covers(pattern: &str, path: &str) -> bool {
    pattern == path || url_prefix(pattern).is_some_and(|prefix| path.starts_with(prefix))
}

/// The part before the trailing stars, `None` when there are none.
pub(super) fn url_prefix(pattern: &str) -> Option<&str> {
    pattern.ends_with('*').then(|| pattern.trim_end_matches('*'))
}

/// As upstream's escalation error names a rule: `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list"]}`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("APIGroups", &self.groups),
            ("Resources", &self.resources),
            ("NonResourceURLs", &self.urls),
            ("ResourceNames", &self.names),
            ("Verbs", &self.verbs),
        ];
        let shown = parts.iter().filter(|(_, list)| !list.is_empty());
        let shown: Vec<String> = shown.map(|(key, list)| format!("{key}:{}", quoted(list))).collect();
        write!(f, "{{{}}}", shown.join(", "))
    }
}

/// Strings as Go's `%q` writes a list: `["a" "b"]`.
pub(super) fn quoted<S: AsRef<str>>(list: &[S]) -> String {
    format!("[{}]", list.iter().map(|s| go_quote(s.as_ref())).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorizer::ResourceTarget;

    fn resource<'a>(group: &'a str, resource: &'a str, name: &'a str) -> Target<'a> {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        Target::Resource(ResourceTarget { group, resource, subresource, name, ..ResourceTarget::default() })
    }

    #[test]
    fn resources_and_subresources() {
        let rule = Rule::resources("get list", "- apps", "pods pods/log */scale");
        for (want, verb, target) in [
            (true, "get", resource("", "pods", "")),
            (true, "list", resource("apps", "pods", "x")),
            (true, "get", resource("", "pods/log", "x")),
            (true, "get", resource("apps", "anything/scale", "x")),
            (false, "get", resource("", "pods/status", "x")),
            (false, "get", resource("", "scale", "x")),
            (false, "watch", resource("", "pods", "")),
            (false, "get", resource("batch", "pods", "")),
            (false, "get", Target::Path("/pods")),
        ] {
            assert_eq!(rule.allows(verb, target), want, "{verb} {target:?}");
        }
        assert!(Rule::resources("*", "*", "*").allows("x", resource("y", "z/a", "b")));
        assert!(!Rule::resources("get", "-", "*/log").allows("get", resource("", "pods", "")));
    }

    #[test]
    fn names() {
        let rule = Rule::resources("get", "-", "configmaps").named("a b");
        assert!(rule.allows("get", resource("", "configmaps", "a")));
        assert!(!rule.allows("get", resource("", "configmaps", "")));
        assert!(!rule.allows("get", resource("", "configmaps", "c")));
    }

    #[test]
    fn paths() {
        let rule = Rule::urls("get", "/healthz /logs/*");
        for (want, path) in
            [(true, "/healthz"), (true, "/logs/"), (true, "/logs/a/b"), (false, "/logs"), (false, "/")]
        {
            assert_eq!(rule.allows("get", Target::Path(path)), want, "{path}");
        }
        assert!(Rule::urls("*", "*").allows("post", Target::Path("/any")));
        assert!(!Rule::urls("*", "*").allows("get", resource("", "pods", "")));
    }

    #[test]
    fn text_and_value() {
        let rule = Rule::resources("get list", "-", "pods").named("a");
        assert_eq!(
            rule.to_string(),
            r#"{APIGroups:[""], Resources:["pods"], ResourceNames:["a"], Verbs:["get" "list"]}"#
        );
        assert_eq!(Rule::from_value(&rule.value()), rule);
        assert_eq!(Rule::urls("get", "/x").to_string(), r#"{NonResourceURLs:["/x"], Verbs:["get"]}"#);
    }
}
