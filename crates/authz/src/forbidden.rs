//! The 403 of a request that nobody allowed, in upstream's words.

use api::GroupResource;
use api::error::ApiError;
use api::field::go_quote;

use crate::authorizer::{Attributes, Reason, Target};

/// The 403 for a question that was not answered with yes.
pub fn forbidden(attributes: &Attributes, reason: &Reason) -> ApiError {
    let (resource, name) = match attributes.target {
        Target::Resource(r) => (GroupResource::new(r.group, r.resource), r.name),
        Target::Path(_) => (GroupResource::default(), ""),
    };
    ApiError::forbidden(&resource, name, forbidden_message(attributes, reason))
}

/// What the user cannot do, and why.  The user's own words in it cannot pass for HTML.
pub fn forbidden_message(attributes: &Attributes, reason: &Reason) -> String {
    let (user, verb) = (go_quote(&attributes.user.name), attributes.verb);
    let what = match attributes.target {
        Target::Path(path) => format!("User {user} cannot {verb} path {}", go_quote(path)),
        Target::Resource(r) => {
            let slash = if r.subresource.is_empty() { "" } else { "/" };
            let resource = go_quote(&format!("{}{slash}{}", r.resource, r.subresource));
            let scope = match r.namespace {
                "" => "at the cluster scope".to_owned(),
                namespace => format!("in the namespace {}", go_quote(namespace)),
            };
            format!(
                "User {user} cannot {verb} resource {resource} in API group {} {scope}",
                go_quote(r.group)
            )
        }
    };
    let what = what.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    if reason.is_empty() { what } else { format!("{what}: {reason}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorizer::ResourceTarget;
    use api::user::UserInfo;

    #[test]
    fn reads_as_upstreams() {
        let bob = UserInfo::new("bob", ["dev"]);
        let target =
            ResourceTarget { resource: "pods", namespace: "dev", name: "x", ..ResourceTarget::default() };
        let text = |t: ResourceTarget, reason: &Reason| {
            forbidden(&Attributes::of_resource(&bob, "get", t), reason).message
        };
        assert_eq!(
            text(target, &Reason::None),
            "pods \"x\" is forbidden: User \"bob\" cannot get resource \"pods\" in API group \"\" in the namespace \"dev\""
        );
        let scale = ResourceTarget { group: "apps", resource: "deployments", subresource: "scale", ..target };
        assert_eq!(
            text(ResourceTarget { namespace: "", name: "", ..scale }, &Reason::text("because")),
            "deployments.apps is forbidden: User \"bob\" cannot get resource \"deployments/scale\" in API group \"apps\" at the cluster scope: because"
        );
        let path = Attributes { user: &UserInfo::new("<b>", [""]), verb: "get", target: Target::Path("/x") };
        assert_eq!(
            forbidden(&path, &Reason::None).message,
            "forbidden: User \"&lt;b&gt;\" cannot get path \"/x\""
        );
    }
}
