//! Files of one volume that would be written over each other.

use api::field::go_quote;

use crate::Cursor;

/// A path, and the source it comes from where a volume has several.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry<'v> {
    path: &'v str,
    source: String,
}

/// Warnings about the volumes of a spec, in their order.
pub(super) fn overlapping(spec: &Cursor, texts: &mut Vec<String>) {
    for volume in spec.child("volumes").items() {
        for (kind, name, title) in [
            ("configMap", "name", "ConfigMap"),
            ("secret", "secretName", "Secret"),
            ("downwardAPI", "", "DownwardAPI"),
        ] {
            let source = volume.child(kind);
            let title = if name.is_empty() { title.to_owned() } else { named(title, source.text(name)) };
            report(&volume, &title, &mut Vec::new(), items(&source, ""), texts);
        }
        if volume.has("projected") {
            let projected = volume.child("projected");
            let mut known = Vec::new();
            for source in projected.child("sources").items() {
                if source.is_empty() {
                    let name = go_quote(volume.text("name"));
                    texts.push(format!("volume {name} (Projected) has no sources provided"));
                }
                report(&volume, "Projected", &mut known, projection(&source), texts);
            }
        }
    }
}

fn named(title: &str, name: &str) -> String {
    format!("{title} {}", go_quote(name))
}

fn items<'v>(source: &Cursor<'v, '_>, title: &str) -> Vec<Entry<'v>> {
    let items = source.child("items");
    items.items().map(|item| Entry { path: item.text("path"), source: title.to_owned() }).collect()
}

/// The paths of one source of a projected volume.
fn projection<'v>(source: &Cursor<'v, '_>) -> Vec<Entry<'v>> {
    let entry = |path: &'v str, source: &str| Entry { path, source: source.to_owned() };
    for (kind, title) in [("configMap", "ConfigMap"), ("secret", "Secret"), ("downwardAPI", "DownwardAPI")] {
        let of = source.child(kind);
        if of.has("items") {
            let title = if kind == "downwardAPI" { title.to_owned() } else { named(title, of.text("name")) };
            return items(&of, &title);
        }
    }
    if source.has("serviceAccountToken") {
        return vec![entry(source.child("serviceAccountToken").text("path"), "ServiceAccountToken")];
    }
    if source.has("clusterTrustBundle") {
        let bundle = source.child("clusterTrustBundle");
        let name = if bundle.has("name") { bundle.text("name") } else { bundle.text("signerName") };
        return vec![entry(bundle.text("path"), &named("ClusterTrustBundle", name))];
    }
    let certificate = source.child("podCertificate");
    let parts = [
        ("certificateChainPath", "PodCertificate chain"),
        ("keyPath", "PodCertificate key"),
        ("credentialBundlePath", "PodCertificate credential bundle"),
    ];
    let given = parts.iter().filter(|(member, _)| !certificate.text(member).is_empty());
    given.map(|(member, title)| entry(certificate.text(member), title)).collect()
}

/// Warns about each of the `new` paths that meets a `known` one, and knows it from then on.
fn report<'v>(
    volume: &Cursor,
    title: &str,
    known: &mut Vec<Entry<'v>>,
    new: Vec<Entry<'v>>,
    texts: &mut Vec<String>,
) {
    let volume = go_quote(volume.text("name"));
    for entry in new {
        let entry = Entry { path: entry.path.trim_end_matches('/'), ..entry };
        texts.extend(known.iter().filter(|other| meet(&entry, other)).map(|other| {
            format!("volume {volume} ({title}): overlapping paths: {} with {}", shown(&entry), shown(other))
        }));
        known.push(entry);
    }
}

/// One path is the other or leads to it.
fn meet(a: &Entry, b: &Entry) -> bool {
    let leads =
        |a: &str, b: &str| b.strip_prefix(a).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    !a.path.is_empty() && !b.path.is_empty() && (leads(a.path, b.path) || leads(b.path, a.path))
}

fn shown(entry: &Entry) -> String {
    match entry.source.as_str() {
        "" => go_quote(entry.path),
        source => format!("{} ({source})", go_quote(entry.path)),
    }
}
