//! The fields of `AuthorizationConfiguration`.

use schema::{Field, Message, Type};

const fn field(name: &'static str, ty: Type) -> Field {
    Field::new(name, 0, ty)
}

static CONDITION: Message = Message::new(
    "k8s.io.apiserver.pkg.apis.apiserver.v1.WebhookMatchCondition",
    "v1.WebhookMatchCondition",
    &[field("expression", Type::String)],
);

static CONNECTION: Message = Message::new(
    "k8s.io.apiserver.pkg.apis.apiserver.v1.WebhookConnectionInfo",
    "v1.WebhookConnectionInfo",
    &[field("type", Type::String), field("kubeConfigFile", Type::String)],
);

static CONDITIONS: Type = Type::Message(&CONDITION);

static WEBHOOK: Message = Message::new(
    "k8s.io.apiserver.pkg.apis.apiserver.v1.WebhookConfiguration",
    "v1.WebhookConfiguration",
    &[
        field("authorizedTTL", Type::Duration),
        field("cacheAuthorizedRequests", Type::Bool),
        field("unauthorizedTTL", Type::Duration),
        field("cacheUnauthorizedRequests", Type::Bool),
        field("timeout", Type::Duration),
        field("subjectAccessReviewVersion", Type::String),
        field("matchConditionSubjectAccessReviewVersion", Type::String),
        field("failurePolicy", Type::String),
        field("connectionInfo", Type::Message(&CONNECTION)),
        Field { go: &["[]v1.WebhookMatchCondition"], ..field("matchConditions", Type::List(&CONDITIONS)) },
    ],
);

static ACCESS_RULES: Message = Message::new(
    "io.sumun.authz.v1alpha1.AccessRulesSource",
    "v1alpha1.AccessRulesSource",
    &[field("file", Type::String), field("objects", Type::Bool)],
);

static AUTHORIZER: Message = Message::new(
    "k8s.io.apiserver.pkg.apis.apiserver.v1.AuthorizerConfiguration",
    "v1.AuthorizerConfiguration",
    &[
        field("type", Type::String),
        field("name", Type::String),
        field("webhook", Type::Message(&WEBHOOK)),
        field("accessRules", Type::Message(&ACCESS_RULES)),
    ],
);

static AUTHORIZERS: Type = Type::Message(&AUTHORIZER);

/// The whole file.
pub(super) static CONFIGURATION: Message = Message::new(
    "k8s.io.apiserver.pkg.apis.apiserver.v1.AuthorizationConfiguration",
    "v1.AuthorizationConfiguration",
    &[
        field("apiVersion", Type::String),
        field("kind", Type::String),
        Field { go: &["[]v1.AuthorizerConfiguration"], ..field("authorizers", Type::List(&AUTHORIZERS)) },
    ],
);
