//! An access rule is only stored when it can be put in force.

use api::{ApiError, Value};
use authz::access::{AccessRule, GROUP, RESOURCE};

use super::Call;

impl Call<'_> {
    /// Refuses a rule that does not compile; other resources pass, and writes that leave the rule itself as it was.
    ///
    /// # Errors
    /// 422 with everything that is wrong.
    pub(super) fn check_access_rule(&self, new: &Value, old: Option<&Value>) -> Result<(), ApiError> {
        let table = self.served.table;
        if (table.group, table.plural) != (GROUP, RESOURCE)
            || old.is_some_and(|old| old.at(&["spec"]) == new.at(&["spec"]))
        {
            return Ok(());
        }
        match AccessRule::compile(new) {
            Ok(_) => Ok(()),
            Err(errors) => Err(self.invalid(new.str_at(&["metadata", "name"]), &errors)),
        }
    }
}
