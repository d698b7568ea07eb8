//! Rules in the form they are asked in.
//!
//! Entry point: [`Rule::matches`].  All conditions of a rule must hold; a list that is empty is no condition.  Wildcards
//! are only those of resources, groups of resources, and the ends of paths: everywhere else `*` is a text like others.

use api::Str;

use super::{Attributes, Level, Resource, Stages, Target};

/// Above this many names, a set is searched by halves.
const FEW: usize = 8;

/// A rule, with what the whole policy says in it.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub level: Level,
    pub users: Names,
    pub groups: Names,
    pub verbs: Names,
    pub scope: Scope,
    pub omit_stages: Stages,
    pub omit_managed_fields: bool,
}

/// A set of texts.  INVARIANT: sorted, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(Box<[Str]>);

/// What a rule is about.
#[derive(Clone, Debug)]
pub(super) enum Scope {
    Anything,
    Resources {
        /// Empty for every namespace and what is in none.
        namespaces: Names,
        /// Empty for everything.
        groups: Box<[GroupPattern]>,
    },
    Paths(Box<[PathPattern]>),
}

/// Resources of one group, or of all.
#[derive(Clone, Debug)]
pub(super) struct GroupPattern {
    /// `None` for all.
    pub group: Option<Str>,
    /// Empty for all of the group.
    pub resources: Box<[ResourcePattern]>,
    /// Empty for every name.
    pub names: Names,
}

/// `pods`, `pods/log`, `*`, `pods/*` or `*/log`.
#[derive(Clone, Debug)]
pub(super) struct ResourcePattern {
    pub text: Str,
    /// `log` of `*/log`.
    pub subresource_of_any: Option<Str>,
    /// `pods` of `pods/*`, which is the pods themselves, too.
    pub all_of: Option<Str>,
}

/// `/healthz`, or `/healthz*` for every path that begins so.
#[derive(Clone, Debug)]
pub(super) struct PathPattern {
    pub text: Str,
    /// What comes before the `*`.
    pub prefix: Option<Str>,
}

impl Rule {
    pub(super) fn matches(&self, attributes: &Attributes<'_>) -> bool {
        self.is_about_user(attributes)
            && (self.verbs.is_empty() || self.verbs.contains(attributes.verb))
            && self.scope.matches(&attributes.target)
    }

    pub(super) fn namespaces(&self) -> impl Iterator<Item = &str> {
        let names = match &self.scope {
            Scope::Resources { namespaces, .. } => Some(namespaces),
            Scope::Anything | Scope::Paths(_) => None,
        };
        names.into_iter().flat_map(Names::all)
    }

    fn is_about_user(&self, attributes: &Attributes<'_>) -> bool {
        if self.users.is_empty() && self.groups.is_empty() {
            return true;
        }
        let Some(user) = attributes.user else { return false };
        (self.users.is_empty() || self.users.contains(&user.name))
            && (self.groups.is_empty() || user.groups.iter().any(|group| self.groups.contains(group)))
    }
}

impl Scope {
    fn matches(&self, target: &Target<'_>) -> bool {
        match (self, target) {
            (Self::Anything, _) => true,
            (Self::Resources { namespaces, groups }, Target::Resource(resource)) => {
                (namespaces.is_empty() || namespaces.contains(resource.namespace))
                    && (groups.is_empty() || groups.iter().any(|group| group.matches(resource)))
            }
            (Self::Paths(paths), Target::Path(path)) => paths.iter().any(|pattern| pattern.matches(path)),
            _ => false,
        }
    }

    pub(super) fn is_for_resources(&self) -> bool {
        !matches!(self, Self::Paths(_))
    }

    pub(super) fn is_for_paths(&self) -> bool {
        !matches!(self, Self::Resources { .. })
    }
}

impl GroupPattern {
    fn matches(&self, resource: &Resource<'_>) -> bool {
        self.group.as_ref().is_none_or(|group| group == resource.group)
            && (self.resources.is_empty()
                || ((self.names.is_empty() || self.names.contains(resource.name))
                    && self.resources.iter().any(|pattern| pattern.matches(resource))))
    }
}

impl ResourcePattern {
    pub(super) fn new(text: &str) -> Self {
        Self {
            text: text.into(),
            subresource_of_any: text.strip_prefix("*/").map(Str::from),
            all_of: text.strip_suffix("/*").map(Str::from),
        }
    }

    fn matches(&self, asked: &Resource<'_>) -> bool {
        let Resource { resource, subresource, .. } = *asked;
        self.text == "*"
            || self.is(resource, subresource)
            || (!subresource.is_empty() && self.subresource_of_any.as_deref() == Some(subresource))
            || self.all_of.as_deref() == Some(resource)
    }

    /// True when the text is `resource`, or `resource/subresource` where there is one.
    fn is(&self, resource: &str, subresource: &str) -> bool {
        match self.text.strip_prefix(resource) {
            Some(rest) if subresource.is_empty() => rest.is_empty(),
            Some(rest) => rest.strip_prefix('/') == Some(subresource),
            None => false,
        }
    }
}

impl PathPattern {
    pub(super) fn new(text: &str) -> Self {
        let prefix = text.ends_with('*').then(|| Str::from(text.trim_end_matches('*')));
        Self { text: text.into(), prefix }
    }

    fn matches(&self, path: &str) -> bool {
        match &self.prefix {
            Some(prefix) => path.starts_with(prefix.as_str()),
            None => self.text == path,
        }
    }
}

impl Names {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        if self.0.len() <= FEW {
            self.0.iter().any(|known| known == name)
        } else {
            self.0.binary_search_by(|known| known.as_str().cmp(name)).is_ok()
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Str::as_str)
    }
}

impl FromIterator<Str> for Names {
    fn from_iter<I: IntoIterator<Item = Str>>(names: I) -> Self {
        let mut all: Vec<Str> = names.into_iter().collect();
        all.sort_unstable();
        all.dedup();
        Self(all.into())
    }
}
