//! What a rule is about: resources and paths, as a role's rules say it, and namespaces.

use api::field::{Errors, Path};
use api::{Str, Value};

use crate::authorizer::{Attributes, Target};
use crate::rbac::Rule;

/// One entry of `match`.  What is left out restricts nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchRule {
    /// Which resources, `None` when it is about paths alone.
    pub resources: Option<Rule>,
    /// Namespaces, with a trailing `*` for all that start so, `""` for the cluster scope; empty for all.
    pub namespaces: Vec<Str>,
    /// Which paths, `None` when it is about resources alone.
    pub paths: Option<Rule>,
}

const FIELDS: [&str; 6] =
    ["verbs", "apiGroups", "resources", "resourceNames", "namespaces", "nonResourceURLs"];

impl MatchRule {
    /// Reads an entry.
    pub(super) fn read(value: &Value, path: &Path, errors: &mut Errors) -> Self {
        super::rule::check_fields(value, &FIELDS, path, errors);
        let list = |key: &str, errors: &mut Errors| {
            super::rule::check_texts(value.at(&[key]), &path.child(key), errors)
        };
        let [verbs, groups, resources, names, namespaces, urls] = FIELDS.map(|key| list(key, errors));
        let about_resources =
            [&groups, &resources, &names, &namespaces].into_iter().any(|list| !list.is_empty());
        let all = |list: Vec<Str>| if list.is_empty() { vec!["*".into()] } else { list };
        let verbs = all(verbs);
        let paths = (!urls.is_empty() || !about_resources).then(|| Rule {
            verbs: verbs.clone(),
            urls: all(urls.clone()),
            ..Rule::default()
        });
        let resources = (about_resources || urls.is_empty()).then(|| Rule {
            verbs,
            groups: all(groups),
            resources: all(resources),
            names,
            urls: Vec::new(),
        });
        Self { resources, namespaces, paths }
    }

    /// True when it is about what is asked.
    pub fn covers(&self, attributes: &Attributes) -> bool {
        let rule = match attributes.target {
            Target::Resource(r) if self.covers_namespace(r.namespace) => &self.resources,
            Target::Resource(_) => &None,
            Target::Path(_) => &self.paths,
        };
        rule.as_ref().is_some_and(|rule| rule.allows(attributes.verb, attributes.target))
    }

    pub(super) fn covers_namespace(&self, namespace: &str) -> bool {
        self.namespaces.is_empty()
            || self.namespaces.iter().any(|n| match n.strip_suffix('*') {
                Some(prefix) => namespace.starts_with(prefix) && !namespace.is_empty(),
                None => n == namespace,
            })
    }

    /// The names of the resources it is about, `None` for any.
    pub(super) fn named_resources(&self) -> Option<Vec<&str>> {
        let resources = self.resources.as_ref().map(|r| r.resources.as_slice()).unwrap_or_default();
        let base = |r: &'_ Str| r.split_once('/').map_or(r.len(), |(base, _)| base.len());
        resources.iter().map(|r| if r.starts_with('*') { None } else { r.get(..base(r)) }).collect()
    }
}
