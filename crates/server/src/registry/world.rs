//! What admission sees of a server: its objects, and the client that makes a write.

use api::Value;

use super::{Call, parse};

/// The surroundings of one write.
pub(super) struct World<'a>(pub(super) &'a Call<'a>);

impl admission::World for World<'_> {
    fn get(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        parse(&*self.0.app.object(group, resource, namespace, name)?).ok()
    }

    fn list(&self, group: &str, resource: &str, namespace: &str) -> Vec<Value> {
        self.0.app.objects(group, resource, namespace)
    }

    fn generate_name(&self, prefix: &str) -> String {
        super::meta::generate_name(prefix).into()
    }

    fn warn(&self, text: String) {
        self.0.warnings.extend([text]);
    }
}
