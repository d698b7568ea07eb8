//! Nobody hands out permissions that they do not hold (upstream's `rbac/…/policybased` storages).

use api::{ApiError, RequestInfo, Value};
use authz::Authorizer;
use authz::rbac::{EscalationCheck, GROUP, Kind};

use super::Call;

impl Call<'_> {
    /// Refuses a role or binding that would give more than the user has; other resources pass.
    ///
    /// # Errors
    /// 403 with upstream's text.
    pub(super) async fn check_escalation(&self, new: &Value, old: Option<&Value>) -> Result<(), ApiError> {
        let table = self.served.table;
        if table.group != GROUP || !self.admission {
            return Ok(());
        }
        let Some(kind) = Kind::of_resource(table.plural) else { return Ok(()) };
        let info = RequestInfo {
            is_resource: true,
            verb: if old.is_some() { "update".into() } else { "create".into() },
            group: table.group.into(),
            version: table.version.into(),
            resource: table.plural.into(),
            namespace: self.namespace.into(),
            name: self.name.into(),
            ..RequestInfo::default()
        };
        let rbac = &self.app.authorization.rbac;
        let union = self.app.authorization.union();
        let check = |authorizer: &dyn Authorizer| {
            EscalationCheck { rbac, authorizer }.check(kind, self.user, &info, new, old)
        };
        union.settle(check).await
    }
}
