//! The ways up, as a table.
//!
//! Entry point: [`TECHNIQUES`].  A technique goes over objects of some sort, needs permissions about each, and gives an
//! identity.

/// What a technique gives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Gain {
    /// Everything.
    Admin,
    /// One identity.
    Identity(super::Principal),
    /// Any account of a namespace.
    AccountsIn(String),
    /// The account of any pod on a node; `""` for every node.
    PodsOn(String),
    /// Any identity but membership in `system:masters`.
    AnyIdentity,
}

/// What a technique goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// Nothing: the permissions alone are enough for everything.
    Once,
    /// The permissions alone are enough for any identity.
    OnceForAnyIdentity,
    /// The permissions alone are enough for every node.
    OnceForNodes,
    /// Namespaces, for the accounts in them.
    Namespaces,
    /// Namespaces whose pods may take over their node.
    OpenNamespaces,
    /// Namespaces whose pods may not take over their node, while their labels say so.
    GuardedNamespaces,
    /// Namespaces, for the nodes their pods run on.
    NamespacesForNodes,
    /// Service accounts.
    Accounts,
    /// Users who hold something.
    Users,
    /// Groups that hold something; `other` is a user who may be impersonated with them.
    Groups,
    /// Running pods.
    Pods,
    /// Running pods, for who runs on a node itself.
    PodsElsewhere,
    /// Secrets with tokens.
    TokenSecrets,
    /// Nodes.
    Nodes,
    /// Cluster roles that allow everything.
    AdminRoles,
    /// Bindings of cluster roles that allow everything; `other` is the role.
    AdminBindings,
    /// Cluster roles with wide rights, in every namespace.
    WideRolesInNamespaces,
    /// Cluster roles that the asker holds in the whole cluster.
    HeldClusterRoles,
    /// Aggregated cluster roles that the asker holds in the whole cluster.
    HeldAggregated,
    /// Roles that the asker holds in a namespace.
    HeldRoles,
    /// Cluster roles that the asker holds in a namespace.
    HeldInNamespace,
    /// The config map by which EKS makes groups of IAM roles.
    AwsAuth,
}

/// Which name a permission is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Name {
    /// None.
    No,
    /// The object's; none for verbs that have none.
    Its,
    /// The other one.
    Other,
    /// One of these.
    OneOf(&'static [&'static str]),
}

/// A permission that is needed: one of the verbs on one of the resources.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    pub verbs: &'static [&'static str],
    /// Group and resource.
    pub resources: &'static [(&'static str, &'static str)],
    pub name: Name,
    /// In the namespace of the object, or else in the whole cluster.
    pub here: bool,
}

/// A way up.
#[derive(Clone, Copy, Debug)]
pub struct Technique {
    /// A stable name.
    pub id: &'static str,
    /// What is done; `{name}`, `{ns}` and `{target}` stand for the object, its namespace and what is gained.
    pub does: &'static str,
    /// What must hold beside the permissions; `""` for nothing.
    pub assumes: &'static str,
    pub(super) over: Over,
    pub(super) needs: &'static [Need],
}

const RBAC: &str = "rbac.authorization.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const WRITE: &[&str] = &["create", "update", "patch"];
const CHANGE: &[&str] = &["update", "patch"];
const READ: &[&str] = &["get", "list", "watch"];
const WORKLOADS: &[(&str, &str)] = &[
    ("apps", "deployments"),
    ("apps", "daemonsets"),
    ("apps", "statefulsets"),
    ("apps", "replicasets"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
    ("", "replicationcontrollers"),
];

const fn here(
    verbs: &'static [&'static str],
    resources: &'static [(&'static str, &'static str)],
    name: Name,
) -> Need {
    Need { verbs, resources, name, here: true }
}

const fn wide(
    verbs: &'static [&'static str],
    resources: &'static [(&'static str, &'static str)],
    name: Name,
) -> Need {
    Need { verbs, resources, name, here: false }
}

const fn way(id: &'static str, over: Over, does: &'static str, needs: &'static [Need]) -> Technique {
    Technique { id, does, assumes: "", over, needs }
}

const CREATE_PODS: Need = here(&["create"], &[("", "pods")], Name::No);
const CREATE_CSR: Need = wide(&["create"], &[(CERTIFICATES, "certificatesigningrequests")], Name::No);
const APPROVE_CSR: Need = wide(CHANGE, &[(CERTIFICATES, "certificatesigningrequests/approval")], Name::No);

/// Every way up.
pub const TECHNIQUES: &[Technique] = &[
    way(
        "escalate-cluster-role",
        Over::HeldClusterRoles,
        "writes every right into ClusterRole {name}, which it holds in the whole cluster",
        &[
            wide(&["escalate"], &[(RBAC, "clusterroles")], Name::Its),
            wide(CHANGE, &[(RBAC, "clusterroles")], Name::Its),
        ],
    ),
    way(
        "escalate-aggregated-role",
        Over::HeldAggregated,
        "makes a ClusterRole with every right that ClusterRole {name}, which it holds, gathers",
        &[
            wide(&["escalate"], &[(RBAC, "clusterroles")], Name::No),
            wide(&["create"], &[(RBAC, "clusterroles")], Name::No),
        ],
    ),
    way(
        "escalate-role",
        Over::HeldRoles,
        "writes every right into Role {ns}/{name}, which it holds, and runs a pod as {target}",
        &[here(&["escalate"], &[(RBAC, "roles")], Name::Its), here(CHANGE, &[(RBAC, "roles")], Name::Its)],
    ),
    way(
        "escalate-cluster-role-in-namespace",
        Over::HeldInNamespace,
        "writes every right into ClusterRole {name}, which it holds in {ns}, and runs a pod there as {target}",
        &[
            wide(&["escalate"], &[(RBAC, "clusterroles")], Name::Its),
            wide(CHANGE, &[(RBAC, "clusterroles")], Name::Its),
        ],
    ),
    way(
        "bind-cluster-role",
        Over::AdminRoles,
        "binds ClusterRole {name} to itself in the whole cluster",
        &[
            wide(&["bind"], &[(RBAC, "clusterroles")], Name::Its),
            wide(&["create"], &[(RBAC, "clusterrolebindings")], Name::No),
        ],
    ),
    way(
        "join-admin-binding",
        Over::AdminBindings,
        "makes itself a subject of ClusterRoleBinding {name}",
        &[
            wide(&["bind"], &[(RBAC, "clusterroles")], Name::Other),
            wide(CHANGE, &[(RBAC, "clusterrolebindings")], Name::Its),
        ],
    ),
    way(
        "bind-in-namespace",
        Over::WideRolesInNamespaces,
        "binds ClusterRole {name} to itself in {ns} and runs a pod there as {target}",
        &[
            here(&["bind"], &[(RBAC, "clusterroles")], Name::Its),
            here(&["create"], &[(RBAC, "rolebindings")], Name::No),
        ],
    ),
    way(
        "impersonate-group",
        Over::Groups,
        "acts as a member of {target}",
        &[
            wide(&["impersonate"], &[("", "groups")], Name::Its),
            wide(&["impersonate"], &[("", "users")], Name::Other),
        ],
    ),
    way(
        "impersonate-user",
        Over::Users,
        "acts as {target}",
        &[wide(&["impersonate"], &[("", "users")], Name::Its)],
    ),
    way(
        "impersonate-account",
        Over::Accounts,
        "acts as {target}",
        &[here(&["impersonate"], &[("", "serviceaccounts")], Name::Its)],
    ),
    way(
        "request-token",
        Over::Accounts,
        "asks for a token of {target}",
        &[here(&["create"], &[("", "serviceaccounts/token")], Name::Its)],
    ),
    way(
        "read-token-secret",
        Over::TokenSecrets,
        "reads Secret {ns}/{name}, which holds a token of {target}",
        &[here(READ, &[("", "secrets")], Name::Its)],
    ),
    way(
        "make-token-secret",
        Over::Namespaces,
        "makes a Secret for a token of {target} and reads it once it is filled",
        &[here(&["create"], &[("", "secrets")], Name::No), here(READ, &[("", "secrets")], Name::No)],
    ),
    way("create-pod", Over::Namespaces, "runs a pod as {target}", &[CREATE_PODS]),
    way(
        "write-workload",
        Over::Namespaces,
        "has a workload run pods as {target}",
        &[here(WRITE, WORKLOADS, Name::No)],
    ),
    way(
        "exec",
        Over::Pods,
        "runs a command in pod {ns}/{name}, which runs as {target}",
        &[here(&["create", "get"], &[("", "pods/exec"), ("", "pods/attach")], Name::Its)],
    ),
    way(
        "ephemeral-container",
        Over::Pods,
        "adds a container to pod {ns}/{name}, which runs as {target}",
        &[here(CHANGE, &[("", "pods/ephemeralcontainers")], Name::Its)],
    ),
    way(
        "change-pod",
        Over::Pods,
        "gives pod {ns}/{name}, which runs as {target}, another image",
        &[here(CHANGE, &[("", "pods")], Name::Its)],
    ),
    way(
        "nodes-proxy",
        Over::Nodes,
        "has the kubelet of {name} run a command in a pod that runs as {target}",
        &[wide(&["create", "get"], &[("", "nodes/proxy")], Name::Its)],
    ),
    way(
        "privileged-pod",
        Over::OpenNamespaces,
        "runs a privileged pod in {ns} and takes over its node: {target}",
        &[CREATE_PODS],
    ),
    way(
        "unguard-namespace",
        Over::GuardedNamespaces,
        "takes Pod Security off {ns}, runs a privileged pod there and takes over its node: {target}",
        &[here(CHANGE, &[("", "namespaces")], Name::Its), CREATE_PODS],
    ),
    way(
        "host-path-volume",
        Over::NamespacesForNodes,
        "makes a PersistentVolume of a node's own files, claims it in {ns}, mounts it: {target}",
        &[
            wide(&["create"], &[("", "persistentvolumes")], Name::No),
            here(&["create"], &[("", "persistentvolumeclaims")], Name::No),
            CREATE_PODS,
        ],
    ),
    way(
        "sign-client-certificate",
        Over::OnceForAnyIdentity,
        "asks for a client certificate in the name of {target} and approves it",
        &[
            CREATE_CSR,
            APPROVE_CSR,
            wide(
                &["approve"],
                &[(CERTIFICATES, "signers")],
                Name::OneOf(&["kubernetes.io/kube-apiserver-client", "kubernetes.io/*"]),
            ),
        ],
    ),
    way(
        "sign-node-certificate",
        Over::OnceForNodes,
        "asks for the certificate of a node, approves it, and asks for tokens of its pods: {target}",
        &[
            CREATE_CSR,
            APPROVE_CSR,
            wide(
                &["approve"],
                &[(CERTIFICATES, "signers")],
                Name::OneOf(&["kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/*"]),
            ),
        ],
    ),
    way(
        "mutating-webhook",
        Over::Once,
        "has a webhook of its own change what others write: roles, bindings, pods",
        &[wide(WRITE, &[(ADMISSION, "mutatingwebhookconfigurations")], Name::No)],
    ),
    way(
        "validating-webhook",
        Over::Once,
        "has a webhook of its own see what others write: tokens under review, secrets",
        &[wide(WRITE, &[(ADMISSION, "validatingwebhookconfigurations")], Name::No)],
    ),
    way(
        "mutating-policy",
        Over::Once,
        "has a policy of its own change what others write: roles, bindings, pods",
        &[
            wide(WRITE, &[(ADMISSION, "mutatingadmissionpolicies")], Name::No),
            wide(WRITE, &[(ADMISSION, "mutatingadmissionpolicybindings")], Name::No),
        ],
    ),
    way(
        "api-service",
        Over::Once,
        "has a server of its own answer for an API group that controllers trust",
        &[wide(WRITE, &[("apiregistration.k8s.io", "apiservices")], Name::No)],
    ),
    way(
        "aws-auth",
        Over::AwsAuth,
        "maps an IAM role of its own to system:masters",
        &[here(CHANGE, &[("", "configmaps")], Name::Its)],
    ),
    Technique {
        id: "steer-pod",
        does: "makes other nodes unfit, has pod {ns}/{name}, which runs as {target}, start again on its own node",
        assumes: "it controls the node it runs on",
        over: Over::PodsElsewhere,
        needs: &[
            wide(CHANGE, &[("", "nodes"), ("", "nodes/status")], Name::No),
            here(&["delete"], &[("", "pods")], Name::Its),
        ],
    },
    Technique {
        id: "crd-conversion",
        does: "has a conversion webhook of its own rewrite custom objects",
        assumes: "a controller with every right acts on such objects",
        over: Over::Once,
        needs: &[wide(CHANGE, &[("apiextensions.k8s.io", "customresourcedefinitions")], Name::No)],
    },
];
