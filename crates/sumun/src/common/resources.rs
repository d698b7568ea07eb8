//! Names of resources as people type them: `po`, `Deployment`, `deployments.apps`, `pods/log`, and those of custom
//! resources that the evidence defines.
//!
//! Entry point: [`Resources::resolve`].

use evidence::Evidence;

/// The resources that can be named: built in, and those of definitions in the evidence.
#[derive(Debug, Default)]
pub(crate) struct Resources {
    custom: Vec<Custom>,
}

#[derive(Debug)]
struct Custom {
    group: String,
    names: Vec<String>,
    namespaced: bool,
    /// Plural name.
    resource: String,
}

/// What a name stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// API group.
    pub group: String,
    /// Plural name.
    pub resource: String,
    /// Subresource, `""` for none.
    pub subresource: String,
    /// The name of an object, as in `pod/web`, `""` for none.
    pub name: String,
    /// True when its objects live in namespaces.
    pub namespaced: bool,
    /// What people should know, such as that nothing of that name is known.
    pub note: Option<String>,
}

/// Resources that authorization knows and no server lists: group, name.
const VIRTUAL: [(&str, &str); 5] = [
    ("", "users"),
    ("", "groups"),
    ("authentication.k8s.io", "userextras"),
    ("authentication.k8s.io", "uids"),
    ("certificates.k8s.io", "signers"),
];

/// Subresources that authorization knows and no server lists.
const VIRTUAL_SUBRESOURCES: [(&str, &str); 8] = [
    ("nodes", "metrics"),
    ("nodes", "stats"),
    ("nodes", "log"),
    ("nodes", "spec"),
    ("nodes", "configz"),
    ("nodes", "healthz"),
    ("nodes", "pods"),
    ("nodes", "checkpoint"),
];

struct Known<'a> {
    group: &'a str,
    resource: &'a str,
    namespaced: bool,
    subresources: Vec<&'a str>,
}

impl Resources {
    /// The built-in ones and those of definitions in the evidence.
    pub(crate) fn of(evidence: &Evidence) -> Self {
        let definitions = evidence.of_kind("apiextensions.k8s.io", "CustomResourceDefinition");
        let custom = definitions.map(|definition| {
            let spec = definition.value.at(&["spec"]);
            let names = spec.at(&["names"]);
            let one = |key| names.str_at(&[key]).to_lowercase();
            let short =
                names.array_at(&["shortNames"]).iter().filter_map(|n| n.as_str()).map(str::to_lowercase);
            Custom {
                group: spec.str_at(&["group"]).to_owned(),
                resource: names.str_at(&["plural"]).to_owned(),
                namespaced: spec.str_at(&["scope"]) != "Cluster",
                names: [one("plural"), one("singular"), one("kind")].into_iter().chain(short).collect(),
            }
        });
        Self { custom: custom.collect() }
    }

    /// What a name stands for: `TYPE[.GROUP][/SUBRESOURCE or /NAME]`.  What is not known is taken as it stands.
    pub(crate) fn resolve(&self, text: &str) -> Resolved {
        let (typed, rest) = text.split_once('/').unwrap_or((text, ""));
        if typed == "*" {
            return Resolved {
                group: "*".to_owned(),
                resource: "*".to_owned(),
                subresource: rest.to_owned(),
                namespaced: true,
                ..Resolved::default()
            };
        }
        let lower = typed.to_lowercase();
        let (name, group) = lower.split_once('.').map_or((lower.as_str(), None), |(n, g)| (n, Some(g)));
        let Some(found) = self.find(name, group) else { return unknown(typed, rest) };
        let is_virtual = VIRTUAL_SUBRESOURCES.contains(&(found.resource, rest));
        let subresource = rest.is_empty() || is_virtual || found.subresources.contains(&rest);
        Resolved {
            group: found.group.to_owned(),
            resource: found.resource.to_owned(),
            subresource: if subresource { rest.to_owned() } else { String::new() },
            name: if subresource { String::new() } else { rest.to_owned() },
            namespaced: found.namespaced,
            note: None,
        }
    }

    /// A name with or without group; a group may be cut (`ing.networking`), or have the version before it.
    fn find(&self, name: &str, group: Option<&str>) -> Option<Known<'_>> {
        let fits = |of: &str, version: &str| match group {
            None => true,
            Some(text) => {
                let text = text.strip_prefix(version).and_then(|t| t.strip_prefix('.')).unwrap_or(text);
                text == of || (!text.is_empty() && of.starts_with(text))
            }
        };
        let built_in = || {
            let named = |r: &&schema::Resource| {
                r.plural == name
                    || r.singular == name
                    || r.kind.to_lowercase() == name
                    || r.short_names.contains(&name)
            };
            let found = schema::resources().iter().filter(named).find(|r| fits(r.group, r.version))?;
            Some(Known {
                group: found.group,
                resource: found.plural,
                namespaced: found.namespaced,
                subresources: found.subresources.iter().map(|s| s.name).collect(),
            })
        };
        let custom = || {
            let found =
                self.custom.iter().find(|c| c.names.iter().any(|n| n == name) && fits(&c.group, ""))?;
            Some(Known {
                group: &found.group,
                resource: &found.resource,
                namespaced: found.namespaced,
                subresources: vec!["status", "scale", "finalizers"],
            })
        };
        let of_none = || {
            let (group, resource) = VIRTUAL.into_iter().find(|(g, n)| *n == name && fits(g, ""))?;
            Some(Known { group, resource, namespaced: false, subresources: Vec::new() })
        };
        built_in().or_else(custom).or_else(of_none)
    }
}

fn unknown(typed: &str, rest: &str) -> Resolved {
    let (resource, group) = typed.split_once('.').unwrap_or((typed, ""));
    let note = format!("no resource `{typed}` is known here; it is taken as it stands");
    Resolved {
        group: group.to_owned(),
        resource: resource.to_owned(),
        subresource: rest.to_owned(),
        namespaced: true,
        note: Some(note),
        ..Resolved::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resources() -> Resources {
        let mut reader = evidence::Reader::new(evidence::Wanted::All);
        let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n  group: cert-manager.io\n  scope: Namespaced\n  names: {kind: Certificate, plural: certificates, singular: certificate, shortNames: [cert]}\n";
        reader.text("x", &mut std::io::Cursor::new(definition));
        Resources::of(&reader.finish())
    }

    #[test]
    fn names_are_kubectls() {
        let resources = resources();
        for (typed, group, resource, subresource, name) in [
            ("po", "", "pods", "", ""),
            ("Pod", "", "pods", "", ""),
            ("pods/log", "", "pods", "log", ""),
            ("pod/web", "", "pods", "", "web"),
            ("deploy", "apps", "deployments", "", ""),
            ("deployments.apps/scale", "apps", "deployments", "scale", ""),
            ("deployments.v1.apps", "apps", "deployments", "", ""),
            ("ing.networking", "networking.k8s.io", "ingresses", "", ""),
            ("events.events.k8s.io", "events.k8s.io", "events", "", ""),
            ("ev", "", "events", "", ""),
            ("cert", "cert-manager.io", "certificates", "", ""),
            ("certificates.cert-manager.io/status", "cert-manager.io", "certificates", "status", ""),
            ("nodes/metrics", "", "nodes", "metrics", ""),
            ("users/bob", "", "users", "", "bob"),
            ("csr", "certificates.k8s.io", "certificatesigningrequests", "", ""),
            ("*", "*", "*", "", ""),
            ("*/scale", "*", "*", "scale", ""),
        ] {
            let found = resources.resolve(typed);
            assert_eq!(
                (
                    found.group.as_str(),
                    found.resource.as_str(),
                    found.subresource.as_str(),
                    found.name.as_str()
                ),
                (group, resource, subresource, name),
                "{typed}"
            );
            assert_eq!(found.note, None, "{typed}");
        }
        assert!(!resources.resolve("nodes").namespaced);
    }

    #[test]
    fn what_is_unknown_is_taken_as_it_stands() {
        let found = resources().resolve("widgets.example.com/status");
        assert_eq!(
            (found.group.as_str(), found.resource.as_str(), found.subresource.as_str()),
            ("example.com", "widgets", "status")
        );
        assert!(found.note.is_some());
        assert!(resources().resolve("deployments.nowhere").note.is_some());
    }
}
