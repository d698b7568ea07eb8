//! `StorageObjectInUseProtection`: volumes, claims and attributes classes stay while somebody uses them.

use api::{ApiError, Value};

use crate::{Attributes, Operation, Plugin, World};

/// What is protected, by which finalizer; a controller takes it when nobody uses the object.
const PROTECTED: &[(&str, &str, &str)] = &[
    ("", "persistentvolumes", "kubernetes.io/pv-protection"),
    ("", "persistentvolumeclaims", "kubernetes.io/pvc-protection"),
    ("storage.k8s.io", "volumeattributesclasses", "kubernetes.io/vac-protection"),
];

#[derive(Debug)]
pub(crate) struct StorageObjectInUseProtection;

impl Plugin for StorageObjectInUseProtection {
    fn mutate(
        &self,
        attributes: &Attributes<'_>,
        object: &mut Value,
        _old: Option<&Value>,
        _world: &dyn World,
    ) -> Result<(), ApiError> {
        let finalizer = PROTECTED.iter().find(|(group, resource, _)| attributes.is(group, resource, ""));
        let Some((_, _, finalizer)) = finalizer.filter(|_| attributes.operation == Operation::Create) else {
            return Ok(());
        };
        let mut finalizers = object.array_at(&["metadata", "finalizers"]).to_vec();
        if !finalizers.iter().any(|f| f.as_str() == Some(finalizer)) {
            finalizers.push((*finalizer).into());
            object.set_at(&["metadata", "finalizers"], finalizers);
        }
        Ok(())
    }
}
