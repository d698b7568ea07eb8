//! The fields of an `IAMConfiguration`.

use codec::object::ConfigKind;
use schema::{Field, Message, Type};

/// The kind of the file.
pub(super) const KIND: ConfigKind = ConfigKind {
    group: "authn.sumun.io",
    versions: &["v1alpha1"],
    kind: "IAMConfiguration",
    message: &CONFIGURATION,
};

const fn text(name: &'static str) -> Field {
    Field { go: &["string"], ..Field::new(name, 0, Type::String) }
}

const fn texts(name: &'static str) -> Field {
    Field { go: &["[]string", "string"], ..Field::new(name, 0, Type::List(&Type::String)) }
}

static CONFIGURATION: Message = Message::new(
    "io.sumun.authn.v1alpha1.IAMConfiguration",
    "v1alpha1.IAMConfiguration",
    &[
        text("apiVersion"),
        text("kind"),
        Field {
            go: &["[]v1alpha1.IAMProvider", "v1alpha1.IAMProvider"],
            ..Field::new("providers", 0, Type::List(&Type::Message(&PROVIDER)))
        },
    ],
);

static PROVIDER: Message = Message::new(
    "io.sumun.authn.v1alpha1.IAMProvider",
    "v1alpha1.IAMProvider",
    &[
        text("name"),
        Field {
            pointer: true,
            go: &["v1alpha1.NaverCloud"],
            ..Field::new("naverCloud", 0, Type::Message(&NAVER_CLOUD))
        },
        Field { pointer: true, go: &["v1alpha1.AWS"], ..Field::new("aws", 0, Type::Message(&AWS)) },
        text("endpoint"),
        text("certificateAuthority"),
        text("timeout"),
        text("cacheTTL"),
        text("clockSkew"),
        Field {
            pointer: true,
            go: &["v1alpha1.ConfigMapReference"],
            ..Field::new("configMap", 0, Type::Message(&CONFIG_MAP))
        },
        Field {
            go: &["[]v1alpha1.IAMOwner", "v1alpha1.IAMOwner"],
            ..Field::new("owners", 0, Type::List(&Type::Message(&OWNER)))
        },
    ],
);

static NAVER_CLOUD: Message = Message::new(
    "io.sumun.authn.v1alpha1.NaverCloud",
    "v1alpha1.NaverCloud",
    &[text("clusterUUID"), text("region"), texts("idFields")],
);

static AWS: Message = Message::new(
    "io.sumun.authn.v1alpha1.AWS",
    "v1alpha1.AWS",
    &[
        text("clusterID"),
        texts("regions"),
        texts("hosts"),
        Field { pointer: true, go: &["bool"], ..Field::new("globalEndpoint", 0, Type::Bool) },
    ],
);

static CONFIG_MAP: Message = Message::new(
    "io.sumun.authn.v1alpha1.ConfigMapReference",
    "v1alpha1.ConfigMapReference",
    &[text("namespace"), text("name")],
);

static OWNER: Message = Message::new(
    "io.sumun.authn.v1alpha1.IAMOwner",
    "v1alpha1.IAMOwner",
    &[text("id"), text("username"), texts("groups")],
);
