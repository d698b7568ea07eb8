//! EndpointSlice: some of the endpoints of a Service.

use api::Value;

use crate::Context;
use crate::kind::{Generation, Kind, default_member, each};
use crate::{equal, names};

const HOST_LABEL: &str = "kubernetes.io/hostname";

pub(crate) static ENDPOINT_SLICE: Kind = Kind {
    generation: Generation::Of(&["addressType", "endpoints", "ports"]),
    default: |slice, _| {
        each(slice, &["ports"], |port| {
            default_member(port, "name", "");
            default_member(port, "protocol", "TCP");
        });
    },
    prepare_create: |slice, _| drop_topology(slice, &Value::Null),
    prepare_update,
    ..Kind::PLAIN
};

fn prepare_update(new: &mut Value, old: &Value, _cx: &Context) {
    if !equal::semantic(new.at(&["endpoints"]), old.at(&["endpoints"])) {
        drop_topology(new, old);
    }
}

/// `deprecatedTopology` may not be written in `v1`; the host it names becomes `nodeName` when the object knew it before.
fn drop_topology(slice: &mut Value, old: &Value) {
    let known: Vec<&str> = old
        .array_at(&["endpoints"])
        .iter()
        .map(|endpoint| endpoint.str_at(&["deprecatedTopology", HOST_LABEL]))
        .filter(|host| !host.is_empty())
        .collect();
    each(slice, &["endpoints"], |endpoint| {
        let topology = endpoint.remove("deprecatedTopology").unwrap_or_default();
        let host = topology.str_at(&[HOST_LABEL]);
        if known.contains(&host) && names::dns1123_subdomain(host).is_empty() {
            default_member(endpoint, "nodeName", host);
        }
    });
}
