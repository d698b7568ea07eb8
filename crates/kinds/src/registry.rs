//! Which strategy serves which kind.
//!
//! Entry point: [`strategy`].  One line a kind; a kind that is not listed has nothing of its own ([`Plain`]).

use crate::{
    Strategy, admissionregistration, apiextensions, apiregistration, apps, authentication, autoscaling,
    batch, certificates, coordination, core, discovery, events, flowcontrol, networking, node, policy, rbac,
    resource, scheduling, storage,
};

/// The strategy of a kind, the bodies of subresources (`Binding`, `Eviction`, `Scale`…) included.
pub fn strategy(group: &str, kind: &str) -> &'static dyn Strategy {
    match (group, kind) {
        ("", "Binding") => &core::binding::BINDING,
        ("", "Pod") => &core::pod::Pod,
        ("", "PodTemplate") => &core::pod_template::POD_TEMPLATE,
        ("", "ReplicationController") => &core::replication_controller::REPLICATION_CONTROLLER,
        ("apps", "ControllerRevision") => &apps::controller_revision::CONTROLLER_REVISION,
        ("apps", "DaemonSet") => &apps::daemon_set::DAEMON_SET,
        ("apps", "Deployment") => &apps::deployment::DEPLOYMENT,
        ("apps", "ReplicaSet") => &apps::replica_set::REPLICA_SET,
        ("apps", "StatefulSet") => &apps::stateful_set::STATEFUL_SET,
        ("batch", "CronJob") => &batch::cron_job::CRON_JOB,
        ("batch", "Job") => &batch::job::JOB,
        ("", "ConfigMap") => &core::config_map::CONFIG_MAP,
        ("", "Endpoints") => &core::endpoints::ENDPOINTS,
        ("", "Event") => &core::event::EVENT,
        ("", "LimitRange") => &core::limit_range::LIMIT_RANGE,
        ("", "Namespace") => &core::namespace::NAMESPACE,
        ("", "Node") => &core::node::NODE,
        ("", "PersistentVolume") => &core::persistent_volume::PERSISTENT_VOLUME,
        ("", "PersistentVolumeClaim") => &core::persistent_volume_claim::PERSISTENT_VOLUME_CLAIM,
        ("", "ResourceQuota") => &core::resource_quota::RESOURCE_QUOTA,
        ("", "Secret") => &core::secret::SECRET,
        ("", "Service") => &core::service::SERVICE,
        ("", "ServiceAccount") => &core::service_account::SERVICE_ACCOUNT,
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy") => {
            &admissionregistration::policies::MUTATING
        }
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding") => {
            &admissionregistration::bindings::MUTATING
        }
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration") => {
            &admissionregistration::webhooks::MUTATING
        }
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy") => {
            &admissionregistration::policies::VALIDATING
        }
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding") => {
            &admissionregistration::bindings::VALIDATING
        }
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration") => {
            &admissionregistration::webhooks::VALIDATING
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            &apiextensions::definition::CUSTOM_RESOURCE_DEFINITION
        }
        ("apiregistration.k8s.io", "APIService") => &apiregistration::api_service::API_SERVICE,
        ("authentication.k8s.io", "TokenRequest") => &authentication::TOKEN_REQUEST,
        ("autoscaling", "HorizontalPodAutoscaler") => &autoscaling::horizontal::HORIZONTAL_POD_AUTOSCALER,
        ("certificates.k8s.io", "CertificateSigningRequest") => {
            &certificates::signing_request::CERTIFICATE_SIGNING_REQUEST
        }
        ("coordination.k8s.io", "Lease") => &coordination::lease::LEASE,
        ("discovery.k8s.io", "EndpointSlice") => &discovery::endpoint_slice::ENDPOINT_SLICE,
        ("events.k8s.io", "Event") => &events::event::EVENT,
        ("flowcontrol.apiserver.k8s.io", "FlowSchema") => &flowcontrol::flow_schema::FLOW_SCHEMA,
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration") => {
            &flowcontrol::priority_level::PRIORITY_LEVEL
        }
        ("networking.k8s.io", "Ingress") => &networking::ingress::INGRESS,
        ("networking.k8s.io", "IngressClass") => &networking::ingress_class::INGRESS_CLASS,
        ("networking.k8s.io", "IPAddress") => &networking::ip_address::IP_ADDRESS,
        ("networking.k8s.io", "NetworkPolicy") => &networking::network_policy::NETWORK_POLICY,
        ("networking.k8s.io", "ServiceCIDR") => &networking::service_cidr::SERVICE_CIDR,
        ("node.k8s.io", "RuntimeClass") => &node::runtime_class::RUNTIME_CLASS,
        ("policy", "PodDisruptionBudget") => &policy::disruption_budget::POD_DISRUPTION_BUDGET,
        ("rbac.authorization.k8s.io", "ClusterRole") => &rbac::roles::CLUSTER_ROLE,
        ("rbac.authorization.k8s.io", "ClusterRoleBinding") => &rbac::bindings::CLUSTER_ROLE_BINDING,
        ("rbac.authorization.k8s.io", "Role") => &rbac::roles::ROLE,
        ("rbac.authorization.k8s.io", "RoleBinding") => &rbac::bindings::ROLE_BINDING,
        ("resource.k8s.io", "DeviceClass") => &resource::device_class::DEVICE_CLASS,
        ("resource.k8s.io", "ResourceClaim") => &resource::claim::RESOURCE_CLAIM,
        ("resource.k8s.io", "ResourceClaimTemplate") => &resource::claim_template::RESOURCE_CLAIM_TEMPLATE,
        ("resource.k8s.io", "ResourceSlice") => &resource::slice::RESOURCE_SLICE,
        ("scheduling.k8s.io", "PriorityClass") => &scheduling::priority_class::PRIORITY_CLASS,
        ("storage.k8s.io", "CSIDriver") => &storage::csi_driver::CSI_DRIVER,
        ("storage.k8s.io", "CSINode") => &storage::csi_node::CSI_NODE,
        ("storage.k8s.io", "CSIStorageCapacity") => &storage::csi_storage_capacity::CSI_STORAGE_CAPACITY,
        ("storage.k8s.io", "StorageClass") => &storage::storage_class::STORAGE_CLASS,
        ("storage.k8s.io", "VolumeAttachment") => &storage::volume_attachment::VOLUME_ATTACHMENT,
        ("storage.k8s.io", "VolumeAttributesClass") => {
            &storage::volume_attributes_class::VOLUME_ATTRIBUTES_CLASS
        }
        _ => &Plain,
    }
}

/// A kind with nothing of its own: no defaults, no status, a subdomain for a name.
#[derive(Debug)]
pub struct Plain;

impl Strategy for Plain {}
