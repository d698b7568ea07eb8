//! Permissions that should be few: a row a check.
//!
//! Entry point: [`DANGERS`]; `held.rs` finds who holds them.

use crate::finding::Status;
use crate::words::{Words, words};

/// Permissions that a check is about.
pub(super) struct Danger {
    pub id: &'static str,
    /// What whoever holds one of them may do.
    pub may: Words,
    pub rights: &'static [Right],
    /// How bad it is to hold one in the whole cluster, or in a namespace of the system.
    pub cluster: Status,
    /// How bad it is in another namespace, or for some names.
    pub namespace: Status,
}

/// Verbs on resources of a group.
pub(super) struct Right {
    pub verbs: &'static [&'static str],
    pub group: &'static str,
    pub resources: &'static [&'static str],
    pub reach: Reach,
    pub names: Names,
    /// The minor release from which on it gives nothing any more.
    pub until: u32,
}

/// Where it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Wherever it is held.
    Anywhere,
    /// In the whole cluster: the objects are in no namespace.
    Cluster,
    /// In the whole cluster or in a namespace of the system.
    System,
}

/// What it means that a rule is limited to some names.  Nobody may create by name, so that such rules create nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// It is as it should be.
    Fine,
    /// It is less bad.
    Less,
    /// It makes no difference.
    Same,
    /// It is as bad when one of these is among them, else as it should be.
    Among(&'static [&'static str]),
    /// It is as bad when one of them is a role that gives everything.
    Admins,
}

const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["create", "update", "patch"];
const CHANGE: &[&str] = &["update", "patch"];
const ANY_WRITE: &[&str] = &["create", "update", "patch", "delete", "deletecollection"];
const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";

const fn right(
    verbs: &'static [&'static str],
    group: &'static str,
    resources: &'static [&'static str],
) -> Right {
    Right { verbs, group, resources, reach: Reach::Anywhere, names: Names::Fine, until: u32::MAX }
}

impl Right {
    const fn wide(self) -> Self {
        Self { reach: Reach::Cluster, ..self }
    }

    const fn of_system(self) -> Self {
        Self { reach: Reach::System, ..self }
    }

    const fn named(self, names: Names) -> Self {
        Self { names, ..self }
    }

    const fn until(self, until: u32) -> Self {
        Self { until, ..self }
    }
}

const fn danger(id: &'static str, may: Words, rights: &'static [Right]) -> Danger {
    Danger { id, may, rights, cluster: Status::Fail, namespace: Status::Warn }
}

const fn always(id: &'static str, may: Words, rights: &'static [Right]) -> Danger {
    Danger { id, may, rights, cluster: Status::Fail, namespace: Status::Fail }
}

/// Users whose rights are those of the cluster itself.
const MIGHTY_USERS: &[&str] = &["kubernetes-admin", "system:apiserver", "system:kube-controller-manager"];

/// Configuration by which somebody becomes somebody else.
const IDENTITY_MAPS: &[&str] = &["aws-auth", "coredns", "extension-apiserver-authentication", "ncp-auth"];

/// What Calico decides by; in its own API as in the objects that it keeps.
const CALICO: &[&str] = &["networkpolicies", "globalnetworkpolicies", "tiers"];

/// Every such check.
pub(super) const DANGERS: &[Danger] = &[
    danger("IAM-006", words("reads Secrets", "시크릿을 읽음"), &[right(READ, "", &["secrets"])]),
    danger(
        "IAM-007",
        words("makes pods run", "파드를 실행함"),
        &[
            right(WRITE, "", &["pods", "replicationcontrollers"]),
            right(WRITE, "apps", &["deployments", "daemonsets", "statefulsets", "replicasets"]),
            right(WRITE, "batch", &["jobs", "cronjobs"]),
        ],
    ),
    danger(
        "IAM-008",
        words("runs commands in pods or reaches their ports", "파드 안에서 명령을 실행하거나 포트에 접근함"),
        &[
            right(&["create"], "", &["pods/exec", "pods/attach", "pods/portforward"]).named(Names::Less),
            // By WebSocket, until the server asked for `create` too.
            right(&["get"], "", &["pods/exec", "pods/attach", "pods/portforward"])
                .named(Names::Less)
                .until(35),
            right(&["get", "create", "update", "patch", "delete"], "", &["pods/proxy", "services/proxy"])
                .named(Names::Less),
        ],
    ),
    danger(
        "IAM-009",
        words("adds containers to running pods", "실행 중인 파드에 컨테이너를 추가함"),
        &[right(CHANGE, "", &["pods/ephemeralcontainers"]).named(Names::Less)],
    ),
    always(
        "IAM-010",
        words("writes rights into roles that it does not hold", "자신에게 없는 권한을 역할에 넣음"),
        &[
            right(&["escalate"], RBAC, &["clusterroles"]).wide().named(Names::Same),
            right(&["escalate"], RBAC, &["roles"]).named(Names::Same),
        ],
    ),
    always(
        "IAM-011",
        words("binds roles whose rights it does not hold", "자신에게 없는 권한의 역할을 연결함"),
        &[right(&["bind"], RBAC, &["clusterroles", "roles"]).named(Names::Admins)],
    ),
    danger(
        "IAM-012",
        words("acts as somebody else", "다른 신원으로 행동함"),
        &[
            right(&["impersonate"], "", &["groups"]).wide().named(Names::Among(&["system:masters"])),
            right(&["impersonate"], "", &["users"]).wide().named(Names::Among(MIGHTY_USERS)),
            right(&["impersonate"], "", &["serviceaccounts"]),
            right(&["impersonate"], "authentication.k8s.io", &["uids"]).wide(),
        ],
    ),
    danger(
        "IAM-013",
        words("writes roles or bindings", "역할이나 바인딩을 씀"),
        &[
            right(WRITE, RBAC, &["clusterroles", "clusterrolebindings"]).wide(),
            right(WRITE, RBAC, &["roles", "rolebindings"]),
        ],
    ),
    danger(
        "IAM-014",
        words("asks for tokens of service accounts", "서비스 어카운트 토큰을 발급함"),
        &[right(&["create"], "", &["serviceaccounts/token"])],
    ),
    always(
        "IAM-017",
        words(
            "reaches kubelets, which run commands in any pod",
            "kubelet을 거쳐 모든 파드에서 명령을 실행함",
        ),
        &[right(&["get", "create", "update", "patch", "delete"], "", &["nodes/proxy"])
            .wide()
            .named(Names::Same)],
    ),
    always(
        "IAM-018",
        words("writes what admission does", "어드미션 설정을 씀"),
        &[right(
            ANY_WRITE,
            ADMISSION,
            &[
                "mutatingwebhookconfigurations",
                "validatingwebhookconfigurations",
                "mutatingadmissionpolicies",
                "mutatingadmissionpolicybindings",
                "validatingadmissionpolicies",
                "validatingadmissionpolicybindings",
            ],
        )
        .wide()],
    ),
    always(
        "IAM-019",
        words("makes volumes of a node's own files", "노드 자체 파일의 볼륨을 만듦"),
        &[right(&["create"], "", &["persistentvolumes"]).wide()],
    ),
    danger(
        "IAM-020",
        words("decides where pods run and how nodes look", "파드 배치와 노드 상태를 바꿈"),
        &[
            right(CHANGE, "", &["nodes", "nodes/status"]).wide().named(Names::Less),
            right(CHANGE, "", &["pods/status"]).named(Names::Less),
            right(&["create"], "", &["pods/eviction", "pods/binding", "bindings"]).named(Names::Less),
        ],
    ),
    danger(
        "IAM-021",
        words(
            "sends a service's addresses elsewhere (CVE-2020-8554)",
            "서비스 주소를 가로챌 수 있음 (CVE-2020-8554)",
        ),
        &[right(CHANGE, "", &["services/status"])],
    ),
    always(
        "IAM-022",
        words("writes configuration that says who is who", "신원 매핑 설정을 씀"),
        &[right(CHANGE, "", &["configmaps"]).of_system().named(Names::Among(IDENTITY_MAPS))],
    ),
    danger(
        "IAM-023",
        words("deletes traces", "흔적을 지움"),
        &[
            right(&["delete", "deletecollection"], "", &["events"]),
            right(&["delete", "deletecollection"], "events.k8s.io", &["events"]),
        ],
    ),
    danger(
        "IAM-024",
        words(
            "changes labels of namespaces, and so their Pod Security",
            "네임스페이스 라벨과 파드 보안 수준을 바꿈",
        ),
        &[right(CHANGE, "", &["namespaces"]).named(Names::Less)],
    ),
    danger(
        "IAM-025",
        words("writes network policies, kinds or API groups", "네트워크 정책, CRD, API 그룹을 씀"),
        &[
            right(ANY_WRITE, "networking.k8s.io", &["networkpolicies"]),
            right(ANY_WRITE, "extensions", &["networkpolicies"]),
            right(ANY_WRITE, "cilium.io", &["ciliumnetworkpolicies", "ciliumclusterwidenetworkpolicies"]),
            right(
                ANY_WRITE,
                "policy.networking.k8s.io",
                &["adminnetworkpolicies", "baselineadminnetworkpolicies", "clusternetworkpolicies"],
            )
            .wide(),
            right(ANY_WRITE, "projectcalico.org", CALICO),
            right(ANY_WRITE, "crd.projectcalico.org", CALICO),
            right(ANY_WRITE, "crd.antrea.io", &["networkpolicies", "clusternetworkpolicies"]),
            right(ANY_WRITE, "apiextensions.k8s.io", &["customresourcedefinitions"]).wide(),
            right(ANY_WRITE, "apiregistration.k8s.io", &["apiservices"]).wide(),
        ],
    ),
];
