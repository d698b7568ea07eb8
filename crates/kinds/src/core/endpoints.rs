//! Endpoints: the addresses behind a Service, in the old form.

use api::Value;

use crate::kind::{Kind, default_text, each};

pub(crate) static ENDPOINTS: Kind =
    Kind { create_on_update: true, default: default_protocols, ..Kind::PLAIN };

fn default_protocols(endpoints: &mut Value, _version: &str) {
    each(endpoints, &["subsets"], |subset| {
        if let Some(ports) = subset.get_mut("ports").and_then(Value::as_array_mut) {
            ports.iter_mut().for_each(|port| default_text(port.make_object(), "protocol", "TCP"));
        }
    });
}
