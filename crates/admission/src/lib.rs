//! The last gate of a write: plug-ins that may change an object (mutate) or refuse it (validate).
//!
//! Entry points: [`Plugin`] is the contract, [`Chain`] the plug-ins that are on, in upstream's order.  One file a plug-in.

mod certificates;
mod chain;
mod configuration;
mod defaults;
mod in_use;
mod namespace_lifecycle;
pub mod pod_security;
mod priority;
mod service_account;
mod taints;
mod tolerations;

use api::{ApiError, UserInfo, Value};

pub use chain::{Chain, ChainError};
pub use configuration::Configurations;
pub use service_account::secret_names;

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It is made.
    Create,
    /// It is changed, by any verb and through any subresource.
    Update,
    /// It is removed.
    Delete,
    /// A connection to it is opened (exec, attach, port-forward, proxy).
    Connect,
}

/// What is asked of admission.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    /// What is done.
    pub operation: Operation,
    /// API group of the resource.
    pub group: &'a str,
    /// API version of the request.
    pub version: &'a str,
    /// Plural name of the resource.
    pub resource: &'a str,
    /// Subresource, `""` for the object itself.
    pub subresource: &'a str,
    /// Kind of the object.
    pub kind: &'a str,
    /// Namespace, `""` for cluster-wide kinds; for a namespace its own name.
    pub namespace: &'a str,
    /// Name; `""` while it is to be generated.
    pub name: &'a str,
    /// Who asks.
    pub user: &'a UserInfo,
    /// Nothing will be committed.
    pub dry_run: bool,
    /// Now, in seconds since the Unix epoch.
    pub now: i64,
}

/// The objects a plug-in may look at, and the client it may warn.  Reads are consistent with every write
/// acknowledged before.
pub trait World: Sync {
    /// One object in its stored version.
    fn get(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Value>;

    /// All objects of a resource, of one namespace or (`""`) of all.
    fn list(&self, group: &str, resource: &str, namespace: &str) -> Vec<Value>;

    /// A name that begins with `prefix` and ends in random characters, as `generateName` makes them.
    fn generate_name(&self, prefix: &str) -> String;

    /// Tells the client something in a `Warning` header, whatever the answer.
    fn warn(&self, text: String);

    /// May the user of this write do that?  Only [`Plugin::validate`] of an update may ask; it is run again when somebody
    /// elsewhere has to be asked first.  Where nobody can be asked, nothing is allowed.
    fn allows(&self, _question: &Question<'_>) -> bool {
        false
    }
}

/// What a plug-in asks the authorizers, of something that belongs to no namespace and has no version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// What is to be done.
    pub verb: &'a str,
    /// API group.
    pub group: &'a str,
    /// Plural name of the resource, which need not be one that is served.
    pub resource: &'a str,
    /// Name of the object.
    pub name: &'a str,
}

/// One admission plug-in.
///
/// On create and update `object` is the new state and `old` the present one; on delete `object` is `None` (mutate is
/// not called) and `old` is what goes.  Objects are in the version of the request when mutating, in the stored version
/// when validating.
pub trait Plugin: Send + Sync {
    /// May change the object.
    ///
    /// # Errors
    /// The refusal, as the client shall see it.
    fn mutate(
        &self,
        _attributes: &Attributes<'_>,
        _object: &mut Value,
        _old: Option<&Value>,
        _world: &dyn World,
    ) -> Result<(), ApiError> {
        Ok(())
    }

    /// May refuse the write.
    ///
    /// # Errors
    /// The refusal, as the client shall see it.
    fn validate(
        &self,
        _attributes: &Attributes<'_>,
        _object: Option<&Value>,
        _old: Option<&Value>,
        _world: &dyn World,
    ) -> Result<(), ApiError> {
        Ok(())
    }
}

impl Attributes<'_> {
    /// True when `group`, `resource` and `subresource` are these.
    pub fn is(&self, group: &str, resource: &str, subresource: &str) -> bool {
        self.group == group && self.resource == resource && self.subresource == subresource
    }

    /// The resource in upstream's messages.
    pub fn group_resource(&self) -> api::GroupResource {
        api::GroupResource::new(self.group, self.resource)
    }

    /// 403 of a plug-in: `pods "x" is forbidden: why`.
    pub fn forbidden(&self, why: impl std::fmt::Display) -> ApiError {
        ApiError::forbidden(&self.group_resource(), self.name, why)
    }
}
