//! Pods in a namespace that has just been made: its service account `default` may be a moment away.

use std::time::Duration;

use api::Value;

use super::{Call, meta, parse};

/// The plug-in that needs the account.
const PLUGIN: &str = "ServiceAccount";
const ACCOUNT: &str = "default";
/// How often it is looked for, and how long between two looks; together as long as upstream waits at least.
const ATTEMPTS: usize = 50;
const PAUSE: Duration = Duration::from_millis(20);

impl Call<'_> {
    /// Waits for the account that a new pod will run as, as long as a controller may need to make it; admission says
    /// what comes of it.
    pub(super) async fn await_default_account(&self, object: &Value) {
        let table = self.served.table;
        let is_pod = table.group.is_empty() && table.plural == "pods";
        if !is_pod || !self.admission || !self.app.admission.has(PLUGIN) {
            return;
        }
        if !matches!(object.str_at(&["spec", "serviceAccountName"]), "" | ACCOUNT) {
            return;
        }
        for _ in 0..ATTEMPTS {
            if self.app.object("", "serviceaccounts", self.namespace, ACCOUNT).is_some() {
                return;
            }
            let namespace = self.app.object("", "namespaces", "", self.namespace);
            if namespace.and_then(|n| parse(&n).ok()).is_none_or(|n| meta::is_deleting(&n)) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
