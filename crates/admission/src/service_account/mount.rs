//! The volume that a pod finds its token in.

use api::{Value, object};

use crate::World;

/// What names of the volume begin with.
const VOLUME: &str = "kube-api-access-";
/// Where clients in pods look for their token.
const PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// The lifetime of the token in seconds, a number by which the issuer knows such tokens.
const SECONDS: i64 = 3607;
/// 0644, what a projected volume has by default.
const MODE: i64 = 420;

/// Mounts a volume with a token in every container that has nothing at its place.
pub(super) fn token(pod: &mut Value, world: &dyn World) {
    let names = pod.array_at(&["spec", "volumes"]).iter().map(|v| v.str_at(&["name"]));
    let present = names.filter(|name| name.starts_with(VOLUME)).map(str::to_owned).next();
    let name = present.clone().unwrap_or_else(|| world.generate_name(VOLUME));
    let mut needed = false;
    for list in ["initContainers", "containers"] {
        let containers =
            pod.get_mut("spec").and_then(|spec| spec.get_mut(list)).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            needed |= mount(container, &name);
        }
    }
    if needed && present.is_none() {
        let mut volumes = pod.array_at(&["spec", "volumes"]).to_vec();
        volumes.push(volume(&name));
        pod.set_at(&["spec", "volumes"], volumes);
    }
}

/// True for a pod that projects a token into a volume by itself.
pub(super) fn projects_token(pod: &Value) -> bool {
    let volumes = pod.array_at(&["spec", "volumes"]).iter();
    let mut sources = volumes.flat_map(|v| v.array_at(&["projected", "sources"]));
    sources.any(|source| !source.at(&["serviceAccountToken"]).is_null())
}

/// Mounts the volume; false when something else is mounted in its place.
fn mount(container: &mut Value, volume: &str) -> bool {
    let mut mounts = container.array_at(&["volumeMounts"]).to_vec();
    if mounts.iter().any(|m| m.str_at(&["mountPath"]) == PATH) {
        return false;
    }
    mounts.push(object! { "name" => volume, "readOnly" => true, "mountPath" => PATH });
    container.set_at(&["volumeMounts"], mounts);
    true
}

fn volume(name: &str) -> Value {
    let token = object! { "expirationSeconds" => SECONDS, "path" => "token" };
    let ca = object! {
        "name" => "kube-root-ca.crt",
        "items" => vec![object! { "key" => "ca.crt", "path" => "ca.crt" }],
    };
    let field = object! { "apiVersion" => "v1", "fieldPath" => "metadata.namespace" };
    let namespace = object! { "items" => vec![object! { "path" => "namespace", "fieldRef" => field }] };
    let sources = vec![
        object! { "serviceAccountToken" => token },
        object! { "configMap" => ca },
        object! { "downwardAPI" => namespace },
    ];
    object! { "name" => name, "projected" => object! { "sources" => sources, "defaultMode" => MODE } }
}
