//! What admission sees of a server: its objects, and the client that makes a write.

use admission::Question;
use api::Value;
use authz::{Attributes, Authorizer, Decision, ResourceTarget};

use super::{Call, parse};

/// The surroundings of one write.
pub(super) struct World<'a> {
    /// The write.
    pub call: &'a Call<'a>,
    /// Knows what its user may do; there when that may be asked.
    pub authorizer: Option<&'a dyn Authorizer>,
}

impl admission::World for World<'_> {
    fn get(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        parse(&*self.call.app.object(group, resource, namespace, name)?).ok()
    }

    fn list(&self, group: &str, resource: &str, namespace: &str) -> Vec<Value> {
        self.call.app.objects(group, resource, namespace)
    }

    fn generate_name(&self, prefix: &str) -> String {
        super::meta::generate_name(prefix).into()
    }

    fn warn(&self, text: String) {
        self.call.warnings.extend([text]);
    }

    fn allows(&self, question: &Question<'_>) -> bool {
        let target = ResourceTarget {
            group: question.group,
            version: "*",
            resource: question.resource,
            name: question.name,
            ..ResourceTarget::default()
        };
        let attributes = Attributes::of_resource(self.call.user, question.verb, target);
        let asked = self.authorizer.map(|authorizer| authorizer.authorize(&attributes).decision);
        self.call.own || asked == Some(Decision::Allow)
    }
}
