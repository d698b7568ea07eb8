//! Authorizers that are told what to allow by files, or by objects of a kind of ours.
//!
//! Entry point: [`Policies`].  Files are read again when they change; one that is broken names its lines in the log and
//! leaves the last good one in force.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use api::time::Timestamp;
use authz::abac::{self, Abac};
use authz::access::{self, AccessRule, AccessRules, Source};

use crate::reload::Reloads;

/// Makes authorizers that follow policy files.
#[derive(Debug)]
pub(crate) struct Policies {
    reloads: Reloads,
    files: Mutex<HashMap<PathBuf, Arc<AccessRules>>>,
    objects: Mutex<Option<Arc<AccessRules>>>,
}

impl Policies {
    /// None yet.
    pub(crate) fn new(reloads: &Reloads) -> Self {
        Self { reloads: reloads.clone(), files: Mutex::default(), objects: Mutex::default() }
    }

    /// The authorizer of a file of ABAC policies.
    ///
    /// # Errors
    /// The file, and every line of it that is no policy.
    pub(crate) fn abac(&self, path: &Path) -> Result<Arc<Abac>, String> {
        let abac = Arc::new(Abac::default());
        let (given, path_text) = (abac.clone(), path.display().to_string());
        self.reloads.watch("authorization-policy-file", &[path], move |contents| {
            given.replace(abac_policies(&path_text, &text(contents)?)?);
            Ok(())
        })?;
        Ok(abac)
    }

    /// The authorizer of type `AccessRules`.  Asked for the same file again, it is the same authorizer, so that a
    /// changed configuration may be put together from what is there.
    ///
    /// # Errors
    /// The file, and everything that is wrong with it.
    pub(crate) fn access_rules(&self, source: &Source) -> Result<Arc<AccessRules>, String> {
        match source {
            Source::File(path) => self.access_file(Path::new(path.as_str())),
            Source::Objects => {
                let mut objects = lock(&self.objects);
                Ok(objects.get_or_insert_with(|| Arc::new(AccessRules::new(clock()))).clone())
            }
        }
    }

    /// The authorizer that is to be told of objects, when there is one.
    pub(crate) fn objects(&self) -> Option<Arc<AccessRules>> {
        lock(&self.objects).clone()
    }

    fn access_file(&self, path: &Path) -> Result<Arc<AccessRules>, String> {
        if let Some(rules) = lock(&self.files).get(path) {
            return Ok(rules.clone());
        }
        let rules = Arc::new(AccessRules::new(clock()));
        let (given, path_text) = (rules.clone(), path.display().to_string());
        self.reloads.watch("access-rules", &[path], move |contents| {
            given.replace(access_file(&path_text, &text(contents)?)?);
            Ok(())
        })?;
        lock(&self.files).insert(path.to_owned(), rules.clone());
        Ok(rules)
    }
}

fn abac_policies(path: &str, content: &str) -> Result<abac::Policies, String> {
    let (policies, warnings) = abac::Policies::parse(content).map_err(|errors| {
        let lines: Vec<String> =
            errors.iter().map(|e| format!("error reading policy file {path}, {e}")).collect();
        lines.join("\n")
    })?;
    for warning in warnings {
        tracing::warn!("policy file {path}, {warning}");
    }
    Ok(policies)
}

fn access_file(path: &str, content: &str) -> Result<Vec<AccessRule>, String> {
    access::file::parse(content).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(|e| format!("{path}: {e}")).collect();
        lines.join("\n")
    })
}

fn text(contents: &[Vec<u8>]) -> Result<String, String> {
    let content = contents.first().map(Vec::as_slice).unwrap_or_default();
    String::from_utf8(content.to_vec()).map_err(|e| format!("not UTF-8: {e}"))
}

fn clock() -> access::Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::new(i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos())
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_files_name_their_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("policy");
        let policies = Policies::new(&Reloads::default());
        std::fs::write(&path, "{\"user\":\"a\"}\n{\"user\":1}\n{").unwrap();
        let error = policies.abac(&path).unwrap_err();
        let shown = path.display();
        assert_eq!(
            error,
            format!(
                "error reading policy file {shown}, line 2: {{\"user\":1}}: user: must be a string\n\
                 error reading policy file {shown}, line 3: {{: unexpected end of JSON input"
            )
        );
        std::fs::write(&path, "kind: AccessRule\n").unwrap();
        let error = policies.access_rules(&Source::File(path.display().to_string())).unwrap_err();
        assert!(error.starts_with(&format!("{shown}: line 1: apiVersion: ")), "{error}");
    }

    #[test]
    fn a_file_has_one_authorizer() {
        let dir = tempfile::tempdir().unwrap();
        let source = Source::File(dir.path().join("rules").display().to_string());
        std::fs::write(dir.path().join("rules"), "").unwrap();
        let policies = Policies::new(&Reloads::default());
        let rules = policies.access_rules(&source).unwrap();
        assert!(Arc::ptr_eq(&rules, &policies.access_rules(&source).unwrap()));
        assert!(policies.objects().is_none());
        policies.access_rules(&Source::Objects).unwrap();
        assert!(policies.objects().is_some());
    }
}
