//! Audit policies (`audit.k8s.io/v1` `Policy`): what is written of a request, and how much of it.
//!
//! Entry points: [`Policy::read`] compiles a policy once, [`Policy::decide`] answers each request without allocating.  The
//! first rule that matches decides; where none does, nothing is written.

mod matcher;
mod reach;
mod read;
#[cfg(test)]
mod tests;

use std::fmt;

use api::UserInfo;

use crate::Stage;
use matcher::Rule;

pub use reach::Reach;
pub use read::{Loaded, PolicyError};

/// How much of a request is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing.
    #[default]
    None,
    /// Who asked for what when, and the answer's code.
    Metadata,
    /// And the body of the request.
    Request,
    /// And the body of the answer.
    RequestResponse,
}

/// A set of stages.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Stages(u8);

/// A policy that is ready to decide.
#[derive(Clone, Debug)]
pub struct Policy {
    rules: Box<[Rule]>,
    /// Positions of the rules that can be about a resource, and about another path.
    for_resources: Box<[usize]>,
    for_paths: Box<[usize]>,
    omit_stages: Stages,
    omit_managed_fields: bool,
}

/// A request, as a policy looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    /// Who asks; `None` before anybody was found, when no rule that names users or groups matches.
    pub user: Option<&'a UserInfo>,
    /// The verb of the API, or the HTTP method in lower case for a path.
    pub verb: &'a str,
    /// What it is about.
    pub target: Target<'a>,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// A resource.
    Resource(Resource<'a>),
    /// Another path of the server, without its query.
    Path(&'a str),
}

/// A resource; a part that a request does not have is `""`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resource<'a> {
    /// API group, `""` for the core group.
    pub group: &'a str,
    /// Plural name.
    pub resource: &'a str,
    /// Subresource.
    pub subresource: &'a str,
    /// Namespace, `""` for what is in none.
    pub namespace: &'a str,
    /// Name.
    pub name: &'a str,
}

/// What rules name, sorted, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named<'p> {
    /// Names of users.
    pub users: Vec<&'p str>,
    /// Groups of users.
    pub groups: Vec<&'p str>,
    /// Namespaces, `""` among them for what is in none.
    pub namespaces: Vec<&'p str>,
}

/// What a policy says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// How much is written.
    pub level: Level,
    /// Stages at which nothing is written, whatever the level.
    pub omit_stages: Stages,
    /// Bodies are written without `managedFields`.
    pub omit_managed_fields: bool,
    /// The position of the rule that decides, from 0; `None` when no rule matches.
    pub rule: Option<usize>,
}

impl Policy {
    /// What is written of a request.
    pub fn decide(&self, attributes: &Attributes<'_>) -> Decision {
        let candidates = match attributes.target {
            Target::Resource(_) => &self.for_resources,
            Target::Path(_) => &self.for_paths,
        };
        for at in candidates {
            if let Some(rule) = self.rules.get(*at).filter(|rule| rule.matches(attributes)) {
                return Decision {
                    level: rule.level,
                    omit_stages: rule.omit_stages,
                    omit_managed_fields: rule.omit_managed_fields,
                    rule: Some(*at),
                };
            }
        }
        Decision {
            level: Level::None,
            omit_stages: self.omit_stages,
            omit_managed_fields: self.omit_managed_fields,
            rule: None,
        }
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Never true: a policy without rules is not read.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What the rule at a position would write.
    pub fn level(&self, rule: usize) -> Option<Level> {
        self.rules.get(rule).map(|rule| rule.level)
    }

    /// The stages that a rule leaves out, those of the whole policy included.
    pub fn omitted(&self, rule: usize) -> Stages {
        self.rules.get(rule).map_or(self.omit_stages, |rule| rule.omit_stages)
    }

    /// The stages that no rule writes at.
    pub fn omitted_everywhere(&self) -> Stages {
        self.omit_stages
    }

    /// Users, groups and namespaces that rules name, each once: who and what may be judged unlike everything else.
    pub fn named(&self) -> Named<'_> {
        let mut named = Named {
            users: self.rules.iter().flat_map(|rule| rule.users.all()).collect(),
            groups: self.rules.iter().flat_map(|rule| rule.groups.all()).collect(),
            namespaces: self.rules.iter().flat_map(Rule::namespaces).collect(),
        };
        for list in [&mut named.users, &mut named.groups, &mut named.namespaces] {
            list.sort_unstable();
            list.dedup();
        }
        named
    }
}

impl Decision {
    /// True when something is written when the request is through, or while it runs.
    pub fn writes(&self) -> bool {
        let stages = [Stage::RequestReceived, Stage::ResponseStarted, Stage::ResponseComplete];
        self.level > Level::None && stages.into_iter().any(|stage| !self.omit_stages.contains(stage))
    }
}

impl Level {
    /// Every level, the least first.
    pub const ALL: [Self; 4] = [Self::None, Self::Metadata, Self::Request, Self::RequestResponse];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Metadata => "Metadata",
            Self::Request => "Request",
            Self::RequestResponse => "RequestResponse",
        }
    }

    /// The level of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

impl Stages {
    /// True when the stage is one of them.
    pub fn contains(self, stage: Stage) -> bool {
        self.0 & 1 << stage as u8 != 0
    }

    /// These stages and one more.
    #[must_use]
    pub fn with(self, stage: Stage) -> Self {
        Self(self.0 | 1 << stage as u8)
    }

    /// These stages and those.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// The stages, in the order a request goes through them.
    pub fn iter(self) -> impl Iterator<Item = Stage> {
        Stage::ALL.into_iter().filter(move |stage| self.contains(*stage))
    }
}

impl fmt::Debug for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
