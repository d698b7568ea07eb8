//! The plug-ins that are on, in upstream's order.

use std::path::Path;

use api::{ApiError, Value};

use crate::certificates::{CertificateApproval, CertificateSigning, CertificateSubjectRestriction};
use crate::configuration::Configurations;
use crate::in_use::StorageObjectInUseProtection;
use crate::namespace_lifecycle::NamespaceLifecycle;
use crate::pod_security::{self, Configuration};
use crate::priority::Priority;
use crate::service_account::ServiceAccount;
use crate::taints::TaintNodesByCondition;
use crate::tolerations::DefaultTolerationSeconds;
use crate::{Attributes, Plugin, World, defaults};

/// A plug-in this build has.
struct Known {
    name: &'static str,
    default_on: bool,
    make: Make,
}

/// Makes a plug-in with its part of the configuration file, when there is one; plug-ins that have nothing to configure
/// do not look.
type Make = fn(Option<&[u8]>) -> Result<Box<dyn Plugin>, String>;

/// A plug-in that is on by default.
const fn on(name: &'static str, make: Make) -> Known {
    Known { name, default_on: true, make }
}

/// Every plug-in there is, in the order they run (upstream's `AllOrderedPlugins`).
const KNOWN: &[Known] = &[
    on("NamespaceLifecycle", |_| Ok(Box::new(NamespaceLifecycle))),
    on("ServiceAccount", |_| Ok(Box::new(ServiceAccount))),
    on("TaintNodesByCondition", |_| Ok(Box::new(TaintNodesByCondition))),
    on("PodSecurity", pod_security),
    on("Priority", |_| Ok(Box::new(Priority))),
    on("DefaultTolerationSeconds", |_| Ok(Box::new(DefaultTolerationSeconds))),
    on("DefaultStorageClass", |_| Ok(Box::new(defaults::STORAGE))),
    on("StorageObjectInUseProtection", |_| Ok(Box::new(StorageObjectInUseProtection))),
    on("CertificateApproval", |_| Ok(Box::new(CertificateApproval))),
    on("CertificateSigning", |_| Ok(Box::new(CertificateSigning))),
    on("CertificateSubjectRestriction", |_| Ok(Box::new(CertificateSubjectRestriction))),
    on("DefaultIngressClass", |_| Ok(Box::new(defaults::INGRESS))),
];

fn pod_security(bytes: Option<&[u8]>) -> Result<Box<dyn Plugin>, String> {
    let configuration = bytes.map(Configuration::read).transpose()?.unwrap_or_default();
    Ok(Box::new(pod_security::Plugin { configuration }))
}

/// The plug-ins of a server.
pub struct Chain(Vec<(&'static str, Box<dyn Plugin>)>);

/// A plug-in name that cannot be switched on or off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainError(String);

impl std::fmt::Display for ChainError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ChainError {}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl Chain {
    /// The default plug-ins, `enable` added and `disable` taken away, each with its configuration; `file` reads a file.
    ///
    /// # Errors
    /// Names to enable that this build does not have, all at once, and names both enabled and disabled.  Disabling a
    /// plug-in that is not here is fine: it is off.  A configuration that is wrong.
    pub fn new(
        enable: &[String],
        disable: &[String],
        configurations: &Configurations,
        file: impl Fn(&Path) -> Result<Vec<u8>, String>,
    ) -> Result<Self, ChainError> {
        let unknown: Vec<_> = enable.iter().filter(|n| !KNOWN.iter().any(|k| k.name == n.as_str())).collect();
        if !unknown.is_empty() {
            let have: Vec<_> = KNOWN.iter().map(|k| k.name).collect();
            return Err(ChainError(format!(
                "--enable-admission-plugins: no admission plug-in named {unknown:?}; there are {}",
                have.join(", ")
            )));
        }
        if let Some(both) = enable.iter().find(|n| disable.contains(n)) {
            return Err(ChainError(format!("admission plug-in `{both}` is both enabled and disabled")));
        }
        let named = |list: &[String], known: &Known| list.iter().any(|n| n == known.name);
        let on = KNOWN.iter().filter(|k| (k.default_on || named(enable, k)) && !named(disable, k));
        let made = on.map(|known| {
            let bytes = configurations.of(known.name, &file)?;
            Ok((known.name, (known.make)(bytes.as_deref()).map_err(|why| format!("{}: {why}", known.name))?))
        });
        made.collect::<Result<_, _>>()
            .map(Self)
            .map_err(|why: String| ChainError(format!("--admission-control-config-file: {why}")))
    }

    /// Names of the plug-ins that are on.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }

    /// True when the plug-in of this name is on.
    pub fn has(&self, name: &str) -> bool {
        self.names().any(|n| n == name)
    }

    /// Lets every plug-in change the object.
    ///
    /// # Errors
    /// The first refusal.
    pub fn mutate(
        &self,
        attributes: &Attributes<'_>,
        object: &mut Value,
        old: Option<&Value>,
        world: &dyn World,
    ) -> Result<(), ApiError> {
        self.0.iter().try_for_each(|(_, plugin)| plugin.mutate(attributes, object, old, world))
    }

    /// Lets every plug-in refuse.
    ///
    /// # Errors
    /// The first refusal.
    pub fn validate(
        &self,
        attributes: &Attributes<'_>,
        object: Option<&Value>,
        old: Option<&Value>,
        world: &dyn World,
    ) -> Result<(), ApiError> {
        self.0.iter().try_for_each(|(_, plugin)| plugin.validate(attributes, object, old, world))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(enable: &[&str], disable: &[&str]) -> Result<Vec<&'static str>, ChainError> {
        let list = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        Chain::new(&list(enable), &list(disable), &Configurations::default(), |_| Err(String::new()))
            .map(|c| c.names().collect())
    }

    #[test]
    fn defaults_are_on_and_can_be_switched_off() {
        assert!(names(&[], &[]).unwrap().contains(&"NamespaceLifecycle"));
        assert!(!names(&[], &["NamespaceLifecycle", "NotHere"]).unwrap().contains(&"NamespaceLifecycle"));
    }

    #[test]
    fn unknown_and_contradicting_names_are_errors() {
        assert!(names(&["Nope"], &[]).unwrap_err().to_string().contains("Nope"));
        assert!(names(&["NamespaceLifecycle"], &["NamespaceLifecycle"]).is_err());
    }
}
