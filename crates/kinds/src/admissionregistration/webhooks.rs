//! ValidatingWebhookConfiguration and MutatingWebhookConfiguration: admission by calling out.

use api::{Map, Value};

use crate::kind::{Generation, Kind, default_member, each};

use super::{default_rules, static_suffix_warning};

pub(crate) static VALIDATING: Kind = Kind { default: |config, _| default_webhooks(config, None), ..WEBHOOKS };

pub(crate) static MUTATING: Kind =
    Kind { default: |config, _| default_webhooks(config, Some("Never")), ..WEBHOOKS };

const WEBHOOKS: Kind = Kind {
    knows_finalizers: false,
    unconditional_update: false,
    generation: Generation::Of(&["webhooks"]),
    warnings: |config, _, _| static_suffix_warning(config),
    ..Kind::PLAIN
};

fn default_webhooks(config: &mut Value, reinvocation: Option<&str>) {
    each(config, &["webhooks"], |webhook| {
        default_webhook(webhook);
        if let Some(policy) = reinvocation {
            default_member(webhook, "reinvocationPolicy", policy);
        }
    });
}

fn default_webhook(webhook: &mut Map) {
    default_member(webhook, "failurePolicy", "Fail");
    default_member(webhook, "matchPolicy", "Equivalent");
    default_member(webhook, "namespaceSelector", Value::object());
    default_member(webhook, "objectSelector", Value::object());
    default_member(webhook, "timeoutSeconds", 10);
    default_rules(webhook.get_mut("rules"));
    let service = webhook.get_mut("clientConfig").and_then(|config| config.get_mut("service"));
    if let Some(service) = service.and_then(Value::as_object_mut) {
        default_member(service, "port", 443);
    }
}
