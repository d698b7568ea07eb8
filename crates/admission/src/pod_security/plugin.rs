//! `PodSecurity`: pods beyond the level that their namespace enforces are refused, workloads are warned about.

use api::{ApiError, Value};

use super::configuration::Configuration;
use super::controls::{Violation, evaluate};
use super::level::{Level, LevelVersion, Policy, mentions};
use super::pod::{Pod, Template};
use super::sweep::sweep;
use crate::{Attributes, Operation, World};

/// Subresources of pods that do not change what a pod is.
const HARMLESS: [&str; 8] =
    ["exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"];

/// The plug-in.
#[derive(Debug, Default)]
pub struct Plugin {
    /// Defaults and exemptions.
    pub configuration: Configuration,
}

impl crate::Plugin for Plugin {
    fn validate(
        &self,
        attributes: &Attributes<'_>,
        object: Option<&Value>,
        old: Option<&Value>,
        world: &dyn World,
    ) -> Result<(), ApiError> {
        let writes = matches!(attributes.operation, Operation::Create | Operation::Update);
        let Some(object) = object.filter(|_| writes) else { return Ok(()) };
        if attributes.is("", "namespaces", "") {
            return self.namespace(attributes, object, old, world);
        }
        match Template::of(attributes.group, attributes.resource) {
            Some(template) => self.workload(template, attributes, object, old, world),
            None => Ok(()),
        }
    }
}

impl Plugin {
    /// Labels must make sense where they are new; a stricter level is held against the pods that are there.
    fn namespace(
        &self,
        attributes: &Attributes<'_>,
        object: &Value,
        old: Option<&Value>,
        world: &dyn World,
    ) -> Result<(), ApiError> {
        let (policy, errors) = self.policy(object);
        let before = old.filter(|_| attributes.operation == Operation::Update).map(|old| self.policy(old));
        let known = before.as_ref().is_some_and(|(_, before)| !before.is_empty() && *before == errors);
        if !errors.is_empty() && !known {
            return Err(ApiError::invalid("", attributes.kind, attributes.name, &errors));
        }
        let name = object.str_at(&["metadata", "name"]);
        match before {
            Some((before, _)) if !stricter(policy.enforce, before.enforce) => {}
            _ if self.configuration.exempts_namespace(attributes.namespace) => {
                self.without_effect(name, policy, object).into_iter().for_each(|text| world.warn(text));
            }
            Some(_) => {
                let pods = world.list("", "pods", name);
                sweep(&pods, name, policy.enforce, &self.configuration)
                    .into_iter()
                    .for_each(|text| world.warn(text));
            }
            None => {}
        }
        Ok(())
    }

    fn policy(&self, namespace: &Value) -> (Policy, api::field::Errors) {
        Policy::of_labels(namespace.at(&["metadata", "labels"]), &self.configuration.defaults)
    }

    /// Labels on a namespace that is not looked at.
    fn without_effect(&self, name: &str, policy: Policy, namespace: &Value) -> Option<String> {
        if policy.is_privileged() || policy.equivalent(&self.configuration.defaults) {
            return None;
        }
        let labels = namespace.at(&["metadata", "labels"]);
        let said =
            |(mode, asked): &(&str, LevelVersion)| asked.level != Level::Privileged && mentions(labels, mode);
        let asked: Vec<_> =
            policy.modes().into_iter().filter(said).map(|(mode, asked)| format!("{mode}={asked}")).collect();
        let asked = asked.join(", ");
        Some(format!(
            "namespace \"{name}\" is exempt from Pod Security, and the policy ({asked}) will be ignored"
        ))
    }

    fn workload(
        &self,
        template: &Template,
        attributes: &Attributes<'_>,
        object: &Value,
        old: Option<&Value>,
        world: &dyn World,
    ) -> Result<(), ApiError> {
        let is_pod = template.path.is_empty();
        let subresource = attributes.subresource;
        let harmless = if is_pod { HARMLESS.contains(&subresource) } else { !subresource.is_empty() };
        if harmless
            || self.configuration.exempts_namespace(attributes.namespace)
            || self.configuration.exempts_user(&attributes.user.name)
        {
            return Ok(());
        }
        let Some(namespace) = world.get("", "namespaces", "", attributes.namespace) else {
            // A workload is only warned about; its pods will be refused.
            let why = format!("failed to lookup namespace \"{}\"", attributes.namespace);
            return if is_pod { Err(ApiError::internal(why)) } else { Ok(()) };
        };
        let (policy, _) = self.policy(&namespace);
        let unchanged = is_pod
            && attributes.operation == Operation::Update
            && old.is_some_and(|old| !has_other_images(object, old));
        let Some(pod) = template.pod(object).filter(|_| !unchanged) else { return Ok(()) };
        if self.configuration.exempts_class_of(pod.spec) {
            return Ok(());
        }
        if is_pod {
            refuse(attributes, policy.enforce, &pod)?;
        }
        let violations = evaluate(policy.warn, &pod);
        if !violations.is_empty() {
            let details = Violation::details(&violations);
            world.warn(format!("would violate PodSecurity \"{}\": {details}", policy.warn));
        }
        Ok(())
    }
}

fn refuse(attributes: &Attributes<'_>, enforce: LevelVersion, pod: &Pod<'_>) -> Result<(), ApiError> {
    let violations = evaluate(enforce, pod);
    if violations.is_empty() {
        return Ok(());
    }
    let details = Violation::details(&violations);
    Err(attributes.forbidden(format!("violates PodSecurity \"{enforce}\": {details}")))
}

/// True when pods that were good may not be good any more.
fn stricter(new: LevelVersion, old: LevelVersion) -> bool {
    new != old && new.level != Level::Privileged && (new.version != old.version || new.level > old.level)
}

/// True when an update brings a container or an image: nothing else of a pod that counts can change.
fn has_other_images(pod: &Value, old: &Value) -> bool {
    let image = |container: &Value| container.str_at(&["image"]).to_owned();
    let in_place = ["containers", "initContainers"].iter().any(|list| {
        let [new, old] = [pod, old].map(|p| p.array_at(&["spec", list]));
        new.len() != old.len() || new.iter().zip(old).any(|(new, old)| image(new) != image(old))
    });
    let before = old.array_at(&["spec", "ephemeralContainers"]);
    let added = pod.array_at(&["spec", "ephemeralContainers"]).iter().any(|new| {
        let same = before.iter().find(|old| old.str_at(&["name"]) == new.str_at(&["name"]));
        same.is_none_or(|old| image(old) != image(new))
    });
    in_place || added
}

#[cfg(test)]
mod tests;
