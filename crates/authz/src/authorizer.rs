//! The contract of an authorizer: what is asked, what can be answered.
//!
//! An authorizer answers from memory and never blocks: what it must know is fed to it beforehand.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use api::request::RequestInfo;
use api::selector::{FieldSelector, FieldTerm, LabelSelector, Requirement};
use api::user::UserInfo;

use crate::explain::{AllHeld, Explanation, Holders, decisions};
use crate::rbac;

/// Decides whether a user may do something.
pub trait Authorizer: Send + Sync {
    /// May the user do this?
    fn authorize(&self, attributes: &Attributes) -> Verdict;

    /// Everything the user may do in `namespace`, as far as it can be listed.
    fn rules(&self, user: &UserInfo, namespace: &str) -> Rules;

    /// What people call it: its mode, or the name that a configuration file gives it.
    fn name(&self) -> &str {
        "authorizer"
    }

    /// The same answer as [`Authorizer::authorize`] with everything that can be said about it.  It may take its time.
    ///
    /// INVARIANT: its verdict is the one of `authorize`, from the same code; only what is said beside it is extra.
    fn explain(&self, attributes: &Attributes) -> Explanation {
        Explanation::of(self.name(), self.authorize(attributes))
    }

    /// Everybody who may do what is asked (whoever asks), as far as that can be listed.
    fn holders(&self, _: &Attributes) -> Holders {
        Holders::unknown(format!("{} cannot list whom it allows something", self.name()))
    }

    /// Everything that a user may do, as far as that can be listed.
    fn held(&self, _: &UserInfo) -> AllHeld {
        let note = format!("{} cannot list what it allows somebody", self.name());
        AllHeld { list: Vec::new(), notes: vec![note] }
    }
}

/// What is asked: who wants to do what with which.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    /// Who.
    pub user: &'a UserInfo,
    /// The verb of the API, or the HTTP method in lower case for a path.
    pub verb: &'a str,
    /// With which.
    pub target: Target<'a>,
}

/// A resource of the API or another path of the server.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// A resource.
    Resource(ResourceTarget<'a>),
    /// A path such as `/healthz`.
    Path(&'a str),
}

/// A resource; a part that is not given is `""`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ResourceTarget<'a> {
    /// API group, `""` for the core group.
    pub group: &'a str,
    /// API version, `*` for any.
    pub version: &'a str,
    /// Plural name.
    pub resource: &'a str,
    /// Subresource.
    pub subresource: &'a str,
    /// Namespace, `""` for the cluster scope.
    pub namespace: &'a str,
    /// Name of the object.
    pub name: &'a str,
    /// What a list, watch or deletecollection is restricted to (KEP-4601); `None` for nothing.
    pub selectors: Option<&'a Selectors>,
}

/// The selectors of a request, as far as they could be read.
///
/// Requirements are ANDed, so one that could not be read only makes the question broader.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selectors {
    /// Conditions on fields.
    pub fields: Vec<FieldTerm>,
    /// Why the field selector, or a part of it, could not be read.
    pub fields_error: Option<String>,
    /// Conditions on labels.
    pub labels: Vec<Requirement>,
    /// Why the label selector, or a part of it, could not be read.
    pub labels_error: Option<String>,
}

/// How an authorizer answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes; nobody else is asked.
    Allow,
    /// No; nobody else is asked.
    Deny,
    /// Not mine to say; no when nobody else says yes.
    NoOpinion,
}

/// An answer with its reason.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The answer.
    pub decision: Decision,
    /// Why; for audit, for reviews, and for the text of a 403.
    pub reason: Reason,
    /// What went wrong on the way.  With anything but [`Decision::Allow`] the request fails with 500.
    pub error: Option<String>,
}

/// Why an answer came out as it did.  It is turned into text only when somebody wants to read it.
#[derive(Clone, Debug, Default)]
pub enum Reason {
    /// Nothing to say.
    #[default]
    None,
    /// In words.
    Text(Cow<'static, str>),
    /// A binding, its role and the rule that allows.
    Rbac(rbac::Grant),
}

/// Everything a user may do in a namespace.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Rules about resources.
    pub resource: Vec<Arc<rbac::Rule>>,
    /// Rules about paths.
    pub non_resource: Vec<Arc<rbac::Rule>>,
    /// True when some authorizer cannot list its rules.
    pub incomplete: bool,
    /// What went wrong while gathering.
    pub errors: Vec<String>,
}

impl<'a> Attributes<'a> {
    /// The question that a request asks.
    pub fn of_request(user: &'a UserInfo, info: &'a RequestInfo, selectors: Option<&'a Selectors>) -> Self {
        let target = if decisions::is_request(info) {
            // Many questions in one request are for those who may ask them one by one.
            let (group, resource) = ("authorization.k8s.io", "subjectaccessreviews");
            Target::Resource(ResourceTarget { group, version: "v1", resource, ..ResourceTarget::default() })
        } else if info.is_resource {
            Target::Resource(ResourceTarget {
                group: &info.group,
                version: &info.version,
                resource: &info.resource,
                subresource: &info.subresource,
                namespace: &info.namespace,
                name: &info.name,
                selectors,
            })
        } else {
            Target::Path(&info.path)
        };
        Self { user, verb: &info.verb, target }
    }

    /// The question whether a user may do something with a resource.
    pub fn of_resource(user: &'a UserInfo, verb: &'a str, resource: ResourceTarget<'a>) -> Self {
        Self { user, verb, target: Target::Resource(resource) }
    }

    /// The namespace asked about, `""` for none.
    pub fn namespace(&self) -> &'a str {
        match self.target {
            Target::Resource(r) => r.namespace,
            Target::Path(_) => "",
        }
    }
}

impl Selectors {
    /// The selectors of a request, `None` when it has none.
    pub fn of_request(info: &RequestInfo) -> Option<Self> {
        if info.field_selector.is_empty() && info.label_selector.is_empty() {
            return None;
        }
        let mut selectors = Self::default();
        match FieldSelector::parse(&info.field_selector) {
            Ok(fields) => selectors.fields = fields.terms().to_vec(),
            Err(e) => selectors.fields_error = Some(e.to_string()),
        }
        match LabelSelector::parse(&info.label_selector) {
            Ok(labels) => selectors.labels = labels.requirements().unwrap_or_default().to_vec(),
            Err(e) => selectors.labels_error = Some(e.to_string()),
        }
        Some(selectors)
    }
}

impl Verdict {
    /// Yes.
    pub fn allow(reason: Reason) -> Self {
        Self { decision: Decision::Allow, reason, error: None }
    }

    /// No, whoever else is asked.
    pub fn deny(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { decision: Decision::Deny, reason: Reason::text(reason), error: None }
    }

    /// Not mine to say.
    pub fn no_opinion(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { decision: Decision::NoOpinion, reason: Reason::text(reason), error: None }
    }

    /// True for a yes.
    pub fn allowed(&self) -> bool {
        self.decision == Decision::Allow
    }
}

impl Reason {
    /// A reason in words; empty words are no reason.
    pub fn text(text: impl Into<Cow<'static, str>>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::None } else { Self::Text(text) }
    }

    /// True when there is nothing to say.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::None)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Text(text) => f.write_str(text),
            Self::Rbac(grant) => write!(f, "RBAC: allowed by {grant}"),
        }
    }
}
