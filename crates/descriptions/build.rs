//! Takes the descriptions of types and fields out of `k8s-openapi` and packs them for `src/lib.rs`.
//!
//! What is written: `blocks.bin`, zlib streams one after another, and `blocks.rs`, a table of them.  A block holds
//! `message NUL field NUL text NUL` for each text, sorted, the field empty for the type itself; a message never spans
//! two blocks.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use flate2::{Compression, write::ZlibEncoder};
use k8s_openapi as k;
use schemars::SchemaGenerator;
use serde_json::Value;

type Error = Box<dyn std::error::Error>;

/// A block is closed when its text has grown to this size; zlib looks back 32 KiB, so more gains nothing.
const BLOCK_SIZE: usize = 32 << 10;

fn main() -> Result<(), Error> {
    println!("cargo::rerun-if-changed=build.rs");
    let mut generator = SchemaGenerator::default();
    add_kinds(&mut generator);
    let mut texts = texts(generator.definitions());
    split_watch_event(&mut texts);
    let blocks = blocks(&texts);
    let out = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    write_blocks(Path::new(&out), &blocks)
}

/// Names every type that no other type refers to; the generator finds the rest.
fn add_kinds(generator: &mut SchemaGenerator) {
    macro_rules! add {
        ($($($module:ident)::+ { $($kind:ident),+ })+) => {
            $({
                use k::$($module)::+::{$($kind),+};
                $(let _ = generator.subschema_for::<$kind>();)+
            })+
        };
    }
    add! {
        api::admissionregistration::v1 {
            MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, MutatingWebhookConfiguration,
            ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, ValidatingWebhookConfiguration
        }
        api::admissionregistration::v1alpha1 { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding }
        api::admissionregistration::v1beta1 { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding }
        api::apiserverinternal::v1alpha1 { StorageVersion }
        api::apps::v1 { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet }
        api::authentication::v1 { SelfSubjectReview, TokenRequest, TokenReview }
        api::authorization::v1 {
            LocalSubjectAccessReview, SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview
        }
        api::autoscaling::v1 { HorizontalPodAutoscaler, Scale }
        api::autoscaling::v2 { HorizontalPodAutoscaler }
        api::batch::v1 { CronJob, Job }
        api::certificates::v1 { CertificateSigningRequest }
        api::certificates::v1alpha1 { ClusterTrustBundle }
        api::certificates::v1beta1 { ClusterTrustBundle, PodCertificateRequest }
        api::coordination::v1 { Lease }
        api::coordination::v1alpha2 { LeaseCandidate }
        api::coordination::v1beta1 { LeaseCandidate }
        api::core::v1 {
            Binding, ComponentStatus, ConfigMap, Endpoints, Event, LimitRange, Namespace, Node, PersistentVolume, Pod,
            PodTemplate, ReplicationController, ResourceQuota, Secret, Service, ServiceAccount
        }
        api::discovery::v1 { EndpointSlice }
        api::events::v1 { Event }
        api::flowcontrol::v1 { FlowSchema, PriorityLevelConfiguration }
        api::networking::v1 { IPAddress, Ingress, IngressClass, NetworkPolicy, ServiceCIDR }
        api::networking::v1beta1 { IPAddress, ServiceCIDR }
        api::node::v1 { RuntimeClass }
        api::policy::v1 { Eviction, PodDisruptionBudget }
        api::rbac::v1 { ClusterRole, ClusterRoleBinding, Role, RoleBinding }
        api::resource::v1 { DeviceClass, ResourceClaim, ResourceClaimTemplate, ResourceSlice }
        api::resource::v1alpha3 { DeviceTaintRule, ResourcePoolStatusRequest }
        api::resource::v1beta1 { DeviceClass, ResourceClaim, ResourceClaimTemplate, ResourceSlice }
        api::resource::v1beta2 { DeviceClass, DeviceTaintRule, ResourceClaim, ResourceClaimTemplate, ResourceSlice }
        api::scheduling::v1 { PriorityClass }
        api::scheduling::v1alpha2 { PodGroup, Workload }
        api::storage::v1 {
            CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment, VolumeAttributesClass
        }
        api::storage::v1beta1 { VolumeAttributesClass }
        api::storagemigration::v1beta1 { StorageVersionMigration }
        apiextensions_apiserver::pkg::apis::apiextensions::v1 { CustomResourceDefinition }
        apimachinery::pkg::apis::meta::v1 { APIGroupList, APIResourceList, APIVersions, Patch, Status }
        apimachinery::pkg::version { Info }
        kube_aggregator::pkg::apis::apiregistration::v1 { APIService }
    }
    use k::apimachinery::pkg::{apis::meta::v1::WatchEvent, runtime::RawExtension};
    let _ = generator.subschema_for::<WatchEvent<RawExtension>>();
}

/// Message and field (`""` for the message itself) with their text.
type Texts = BTreeMap<(String, String), String>;

fn texts(definitions: &serde_json::Map<String, Value>) -> Texts {
    let mut texts = Texts::new();
    let mut add = |message: &str, field: &str, schema: &Value| {
        if let Some(text) = schema.get("description").and_then(Value::as_str).filter(|t| !t.is_empty()) {
            texts.insert((message.to_owned(), field.to_owned()), text.replace('\0', ""));
        }
    };
    for (message, schema) in definitions {
        add(message, "", schema);
        for (field, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            add(message, field, schema);
        }
    }
    texts
}

/// `k8s-openapi` has an enum for watch events and runs the text of the one field that matters into that of the type.
fn split_watch_event(texts: &mut Texts) {
    let event = "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent".to_owned();
    let Some(text) = texts.get_mut(&(event.clone(), String::new())) else { return };
    if let Some((of_type, of_field)) = text.clone().split_once("\n\n") {
        *text = of_type.to_owned();
        texts.insert((event, "object".to_owned()), of_field.to_owned());
    }
}

/// The first message of a block, and its text.
type Block = (String, String);

fn blocks(texts: &Texts) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut previous = "";
    for ((message, field), text) in texts {
        let full = blocks.last().is_none_or(|(_, block)| block.len() >= BLOCK_SIZE);
        if full && message != previous {
            blocks.push((message.clone(), String::new()));
        }
        if let Some((_, block)) = blocks.last_mut() {
            let _ = write!(block, "{message}\0{field}\0{text}\0");
        }
        previous = message;
    }
    blocks
}

fn write_blocks(out: &Path, blocks: &[Block]) -> Result<(), Error> {
    let mut data = Vec::new();
    let mut table = String::from("[\n");
    for (first, block) in blocks {
        let start = data.len();
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(block.as_bytes())?;
        data.extend(encoder.finish()?);
        let (end, size) = (data.len(), block.len());
        writeln!(table, "    Block {{ first: {first:?}, start: {start}, end: {end}, size: {size} }},")?;
    }
    table.push_str("]\n");
    std::fs::write(out.join("blocks.bin"), data)?;
    std::fs::write(out.join("blocks.rs"), table)?;
    Ok(())
}
