//! Projected volumes: files from several sources in one directory.

use std::collections::BTreeSet;

use api::field::Errors;
use api::{Map, Value};

use super::Options;
use super::volumes::{downward_file, key_to_path};
use crate::core::volume_sources::{file_mode, local_path};
use crate::{Cursor, meta, names, selectors, signers};

/// Shortest and longest life of a projected token, in seconds.
const TOKEN_MIN: i64 = 10 * 60;
const TOKEN_MAX: i64 = 1 << 32;

const KEY_TYPES: [&str; 6] = ["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"];

/// The paths that are taken, and where a second use is reported: at the volume.
struct Paths<'a> {
    taken: BTreeSet<&'a str>,
    volume: &'a Cursor<'a, 'a>,
}

impl<'a> Paths<'a> {
    /// Takes a path; a second use is shown as `shown`.
    fn take(&mut self, path: &'a str, shown: &str, errors: &mut Errors) {
        if !self.taken.insert(path) {
            self.volume.bad(errors, shown, "conflicting duplicate paths");
        }
    }
}

/// All failures of a projected volume.
pub(super) fn all(volume: &Cursor, options: &Options, errors: &mut Errors) {
    file_mode(&volume.child("defaultMode"), errors);
    let sources = volume.child("sources");
    let mut paths = Paths { taken: BTreeSet::new(), volume };
    for (source, value) in sources.items().zip(sources.list()) {
        let kinds = [
            "secret",
            "configMap",
            "downwardAPI",
            "serviceAccountToken",
            "clusterTrustBundle",
            "podCertificate",
        ];
        for kind in ["secret", "configMap"] {
            if source.has(kind) {
                object_files(&source.child(kind), value.at(&[kind]), &mut paths, errors);
            }
        }
        if source.has("downwardAPI") {
            downward_api(&source.child("downwardAPI"), value.at(&["downwardAPI"]), &mut paths, errors);
        }
        if source.has("serviceAccountToken") {
            token(&source.child("serviceAccountToken"), volume, options, errors);
        }
        if source.has("clusterTrustBundle") {
            trust_bundle(&source.child("clusterTrustBundle"), errors);
            let path = value.str_at(&["clusterTrustBundle", "path"]);
            paths.take(path, path, errors);
        }
        if source.has("podCertificate") {
            certificate(&source.child("podCertificate"), value.at(&["podCertificate"]), &mut paths, errors);
        }
        if kinds.iter().filter(|kind| source.has(kind)).count() > 1 {
            source.forbidden(errors, "may not specify more than 1 volume type per source");
        }
    }
}

fn object_files<'a>(source: &Cursor, value: &'a Value, paths: &mut Paths<'a>, errors: &mut Errors) {
    source.require(errors, &["name"]);
    for (item, value) in source.child("items").items().zip(value.array_at(&["items"])) {
        key_to_path(&item, errors);
        let path = value.str_at(&["path"]);
        if !path.is_empty() {
            paths.take(path, source.text("name"), errors);
        }
    }
}

fn downward_api<'a>(source: &Cursor, value: &'a Value, paths: &mut Paths<'a>, errors: &mut Errors) {
    for (file, value) in source.child("items").items().zip(value.array_at(&["items"])) {
        downward_file(&file, source, errors);
        let path = value.str_at(&["path"]);
        if !path.is_empty() {
            paths.take(path, path, errors);
        }
    }
}

/// The path of a token is reported at the volume, as upstream has it.
fn token(token: &Cursor, volume: &Cursor, options: &Options, errors: &mut Errors) {
    let life = token.child("expirationSeconds");
    if life.int() < TOKEN_MIN {
        life.bad(errors, life.int(), "may not specify a duration less than 10 minutes");
    }
    if life.int() > TOKEN_MAX {
        life.bad(errors, life.int(), "may not specify a duration larger than 2^32 seconds");
    }
    let at = volume.path().to_string();
    let at = Cursor::at(&at, token.value());
    let path = at.child("path");
    if path.is_empty() {
        path.required(errors, "");
    } else if !options.lax_token_paths {
        local_path(&path, errors);
    }
}

fn trust_bundle(bundle: &Cursor, errors: &mut Errors) {
    let (name, signer, selector) =
        (bundle.child("name"), bundle.child("signerName"), bundle.child("labelSelector"));
    match (name.is_set(), signer.is_set()) {
        (true, true) => bundle.invalid(errors, "only one of name and signerName may be used"),
        (true, false) => {
            if name.is_empty() {
                name.required(errors, "must be a valid object name");
            }
            let faults = signers::trust_bundle_name(name.str());
            let text = |fault: &String| format!("not a valid clustertrustbundlename: {fault}");
            name.faults(errors, &faults.iter().map(text).collect::<Vec<_>>());
            if selector.is_set() {
                selector.invalid(errors, "labelSelector must be unset if name is specified");
            }
        }
        (false, true) => {
            if signer.is_empty() {
                signer.required(errors, "must be a valid signer name");
            }
            signers::signer_name(&signer, errors);
            selectors::label_selector(&selector, false, errors);
        }
        (false, false) => bundle.required(errors, "either name or signerName must be specified"),
    }
    bundle.require(errors, &["path"]);
    local_path(&bundle.child("path"), errors);
}

fn certificate<'a>(certificate: &Cursor, value: &'a Value, paths: &mut Paths<'a>, errors: &mut Errors) {
    let signer = certificate.child("signerName");
    signers::signer_name(&signer, errors);
    user_annotations(&certificate.child("userAnnotations"), errors);
    certificate.child("keyType").one_of(errors, &KEY_TYPES);
    let life = certificate.child("maxExpirationSeconds");
    if life.is_set() {
        let max = if signers::is_kubernetes(signer.str()) { 86400 } else { 91 * 86400 };
        if life.int() < 3600 {
            life.bad(errors, life.int(), "if provided, maxExpirationSeconds must be >= 3600");
        }
        if life.int() > max {
            life.bad(errors, life.int(), &format!("if provided, maxExpirationSeconds must be <= {max}"));
        }
    }
    let names = ["credentialBundlePath", "keyPath", "certificateChainPath"];
    for name in names.iter().filter(|name| !certificate.text(name).is_empty()) {
        local_path(&certificate.child(name), errors);
        let path = value.str_at(&[name]);
        paths.take(path, path, errors);
    }
    if names.iter().all(|name| certificate.text(name).is_empty()) {
        let why = "specify at least one of credentialBundlePath, keyPath, and certificateChainPath";
        certificate.required(errors, why);
    }
}

fn user_annotations(annotations: &Cursor, errors: &mut Errors) {
    let Some(map) = annotations.map() else { return };
    let path = annotations.path();
    for key in map.keys() {
        names::domain_prefixed_key(errors, &path, &key.to_lowercase());
    }
    let size = |map: &Map| map.iter().map(|(k, v)| k.len() + v.as_str().map_or(0, str::len)).sum::<usize>();
    if size(map) > meta::ANNOTATIONS_MAX {
        errors.too_long(&path, meta::ANNOTATIONS_MAX);
    }
}
