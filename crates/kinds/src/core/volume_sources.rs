//! What volumes can be made of, as far as pods and persistent volumes have it in common.
//!
//! Each function reports what is wrong with one source; [`local_path`] and its siblings check paths inside volumes.

use api::field;

use crate::{Cursor, names};

/// What a file mode must be.
pub(crate) const FILE_MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";

/// A path on the host.
pub(crate) fn host_path(source: &Cursor, errors: &mut field::Errors) {
    let path = source.child("path");
    if path.is_empty() {
        return path.required(errors, "");
    }
    no_backsteps(&path, errors);
    let allowed =
        ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    let kind = source.child("type");
    if kind.is_set() {
        kind.one_of(errors, &allowed);
    }
}

/// A Git repository.
pub(crate) fn git_repo(source: &Cursor, errors: &mut field::Errors) {
    source.require(errors, &["repository"]);
    local_descending_path(&source.child("directory"), errors);
}

/// A disk of Google's.
pub(crate) fn gce_disk(source: &Cursor, errors: &mut field::Errors) {
    source.require(errors, &["pdName"]);
    partition(source, errors);
}

/// A disk of Amazon's.
pub(crate) fn aws_disk(source: &Cursor, errors: &mut field::Errors) {
    source.require(errors, &["volumeID"]);
    partition(source, errors);
}

/// Partition 0, which stands for none, is let through though the text does not say so.
fn partition(source: &Cursor, errors: &mut field::Errors) {
    let partition = source.child("partition");
    if !(0..=255).contains(&partition.int()) {
        partition.bad(errors, partition.int(), "must be between 1 and 255, inclusive");
    }
}

/// A network file system.
pub(crate) fn nfs(source: &Cursor, errors: &mut field::Errors) {
    source.require(errors, &["server", "path"]);
    let path = source.child("path");
    if !path.str().starts_with('/') {
        path.bad(errors, path.str(), "must be an absolute path");
    }
}

/// What upstream says of an initiator that is none: pods hear more than persistent volumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A volume of a pod.
    Pod,
    /// A persistent volume.
    PersistentVolume,
}

/// An iSCSI target.
pub(crate) fn iscsi(source: &Cursor, holder: Holder, errors: &mut field::Errors) {
    source.require(errors, &["targetPortal"]);
    let iqn = source.child("iqn");
    if iqn.is_empty() {
        iqn.required(errors, "");
    } else {
        initiator(&iqn, holder, errors);
    }
    let lun = source.child("lun");
    lun.number_faults(errors, &names::in_range(lun.int(), 0, 255));
    let secret = source.child("secretRef");
    if (source.flag("chapAuthDiscovery") || source.flag("chapAuthSession")) && !secret.is_set() {
        secret.required(errors, "");
    }
    if holder == Holder::PersistentVolume && secret.is_set() {
        secret.require(errors, &["name"]);
    }
    if source.has("initiatorName") {
        initiator(&source.child_as("initiatorName", "initiatorname"), holder, errors);
    }
}

/// The name of an iSCSI node: `iqn.`, `eui.` or `naa.` (RFC 3720 section 3.2.6.3).
fn initiator(name: &Cursor, holder: Holder, errors: &mut field::Errors) {
    let text = name.str();
    let sound = match text.get(..3) {
        Some("iqn") => text.match_indices("iqn.").any(|(at, _)| text.get(at + 4..).is_some_and(is_iqn)),
        Some("eui") => is_hexlike(text, 16),
        Some("naa") => is_hexlike(text, 32),
        _ if holder == Holder::Pod => {
            return name.bad(errors, text, "must be valid format starting with iqn, eui, or naa");
        }
        _ => false,
    };
    if !sound {
        name.bad(errors, text, "must be valid format");
    }
}

/// `2001-04.com.example:anything` after `iqn.`.
fn is_iqn(text: &str) -> bool {
    let Some((head, unique)) = text.split_once(':') else { return false };
    let Some((date, authority)) = head.split_once('.') else { return false };
    let Some((year, month)) = date.split_once('-') else { return false };
    let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
    digits(year, 4)
        && digits(month, 2)
        && !authority.is_empty()
        && authority.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
        && !unique.is_empty()
        && !unique.contains([',', ';', '*', '&', '$', '|', '\t', '\n', '\x0c', '\r', ' '])
}

/// Three letters, any character, and so many letters and digits.
fn is_hexlike(text: &str, length: usize) -> bool {
    let rest = text.chars().skip(4);
    text.chars().nth(3).is_some_and(|c| c != '\n')
        && rest.clone().count() == length
        && rest.into_iter().all(|c| c.is_ascii_alphanumeric())
}

/// A Gluster volume.
pub(crate) fn glusterfs(source: &Cursor, errors: &mut field::Errors) {
    source.require(errors, &["endpoints", "path"]);
}

/// A Flocker dataset.
pub(crate) fn flocker(source: &Cursor, errors: &mut field::Errors) {
    let (name, uuid) = (source.child("datasetName"), source.child("datasetUUID"));
    if name.is_empty() && uuid.is_empty() {
        source.required(errors, "one of datasetName and datasetUUID is required");
    }
    if !name.is_empty() && !uuid.is_empty() {
        source.bad(errors, "resource", "datasetName and datasetUUID can not be specified simultaneously");
    }
    if name.str().contains('/') {
        name.bad(errors, name.str(), "must not contain '/'");
    }
}

/// A Ceph block device.
pub(crate) fn rbd(source: &Cursor, errors: &mut field::Errors) {
    source.require(errors, &["monitors", "image"]);
}

/// An OpenStack volume; in a persistent volume its secret names a namespace.
pub(crate) fn cinder(source: &Cursor, holder: Holder, errors: &mut field::Errors) {
    source.require(errors, &["volumeID"]);
    secret_reference(source, holder, errors);
}

fn secret_reference(source: &Cursor, holder: Holder, errors: &mut field::Errors) {
    let secret = source.child("secretRef");
    if secret.is_set() {
        secret.require(errors, &["name"]);
        if holder == Holder::PersistentVolume {
            secret.require(errors, &["namespace"]);
        }
    }
}

/// A Ceph file system.
pub(crate) fn cephfs(source: &Cursor, errors: &mut field::Errors) {
    source.require(errors, &["monitors"]);
}

/// A Quobyte volume.
pub(crate) fn quobyte(source: &Cursor, errors: &mut field::Errors) {
    let why = "must be a host:port pair or multiple pairs separated by commas";
    let (registry, tenant) = (source.child("registry"), source.child("tenant"));
    if registry.is_empty() {
        registry.required(errors, why);
    } else if tenant.str().len() >= 65 {
        tenant.required(errors, "must be a UUID and may not exceed a length of 64 characters");
    } else {
        let bad = registry.str().split(',').filter(|pair| !is_host_port(pair));
        bad.for_each(|_| registry.bad(errors, registry.str(), why));
    }
    source.require(errors, &["volume"]);
}

/// `host:port`, `[host]:port` or either with nothing in its place.
fn is_host_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let host = match host.strip_prefix('[') {
        Some(inner) => match inner.strip_suffix(']') {
            Some(inner) => inner,
            None => return false,
        },
        None if host.contains(':') => return false,
        None => host,
    };
    !host.contains(['[', ']']) && !port.contains(['[', ']'])
}

/// A Fibre Channel target.
pub(crate) fn fc(source: &Cursor, errors: &mut field::Errors) {
    let (targets, wwids, lun) = (source.child("targetWWNs"), source.child("wwids"), source.child("lun"));
    if targets.is_empty() && wwids.is_empty() {
        targets.required(errors, "must specify either targetWWNs or wwids, but not both");
    }
    if targets.is_empty() {
        return;
    }
    if !wwids.is_empty() {
        targets.invalid(errors, "targetWWNs and wwids can not be specified simultaneously");
    }
    if lun.is_set() {
        lun.number_faults(errors, &names::in_range(lun.int(), 0, 255));
    } else {
        lun.required(errors, "lun is required if targetWWNs is specified");
    }
}

/// A volume of a Flex driver.
pub(crate) fn flex_volume(source: &Cursor, errors: &mut field::Errors) {
    source.require(errors, &["driver"]);
    for (key, option) in source.child("options").entries() {
        let namespace = key.split_once('/').map_or(key, |(namespace, _)| namespace);
        let dotted = format!(".{}", namespace.to_lowercase());
        if dotted.ends_with(".kubernetes.io") || dotted.ends_with(".k8s.io") {
            option.bad(errors, key, "kubernetes.io and k8s.io namespaces are reserved");
        }
    }
}

/// A file share of Azure's.
pub(crate) fn azure_file(source: &Cursor, errors: &mut field::Errors) {
    source.require(errors, &["secretName", "shareName"]);
}

/// A disk of Azure's.
pub(crate) fn azure_disk(source: &Cursor, errors: &mut field::Errors) {
    source.require(errors, &["diskName", "diskURI"]);
    let (caching, kind, uri) = (source.child("cachingMode"), source.child("kind"), source.child("diskURI"));
    if caching.is_set() {
        caching.one_of(errors, &["None", "ReadOnly", "ReadWrite"]);
    }
    if !kind.is_set() {
        return;
    }
    kind.one_of(errors, &["Dedicated", "Managed", "Shared"]);
    let (start, example) = if kind.str() == "Managed" {
        (
            "/subscriptions/",
            "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}",
        )
    } else {
        ("https://", "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd")
    };
    if !uri.str().starts_with(start) {
        uri.not_supported(errors, &[example]);
    }
}

/// A disk of vSphere's.
pub(crate) fn vsphere(source: &Cursor, errors: &mut field::Errors) {
    source.require(errors, &["volumePath"]);
}

/// A disk of Photon's.
pub(crate) fn photon(source: &Cursor, errors: &mut field::Errors) {
    source.require(errors, &["pdID"]);
}

/// A Portworx volume.
pub(crate) fn portworx(source: &Cursor, errors: &mut field::Errors) {
    source.require(errors, &["volumeID"]);
}

/// A ScaleIO volume.
pub(crate) fn scale_io(source: &Cursor, errors: &mut field::Errors) {
    source.require(errors, &["gateway", "system", "volumeName"]);
}

/// A StorageOS volume.
pub(crate) fn storage_os(source: &Cursor, holder: Holder, errors: &mut field::Errors) {
    let (name, namespace) = (source.child("volumeName"), source.child("volumeNamespace"));
    if name.is_empty() {
        name.required(errors, "");
    } else {
        name.faults(errors, &names::dns1123_label(name.str()));
    }
    if !namespace.is_empty() {
        namespace.faults(errors, &names::dns1123_label(namespace.str()));
    }
    secret_reference(source, holder, errors);
}

/// The name of a CSI driver.
pub(crate) fn csi_driver(driver: &Cursor, errors: &mut field::Errors) {
    let text = driver.str();
    if text.is_empty() {
        return driver.required(errors, "");
    }
    if text.len() > 63 {
        errors.too_long(&driver.path(), 63);
    }
    driver.faults(errors, &names::dns1123_subdomain(&text.to_lowercase()));
}

/// Reports a file mode out of range; a missing one is sound.
pub(crate) fn file_mode(mode: &Cursor, errors: &mut field::Errors) {
    if !(0..=0o777).contains(&mode.int()) {
        mode.bad(errors, mode.int(), FILE_MODE);
    }
}

/// Reports a path that does not stay inside its volume, or hides behind leading dots.
pub(crate) fn local_path(path: &Cursor, errors: &mut field::Errors) {
    local_descending_path(path, errors);
    let text = path.str();
    if text.starts_with("..") && !text.starts_with("../") {
        path.bad(errors, text, "must not start with '..'");
    }
}

/// Reports a path that does not stay inside its volume.
pub(crate) fn local_descending_path(path: &Cursor, errors: &mut field::Errors) {
    if path.str().starts_with('/') {
        path.bad(errors, path.str(), "must be a relative path");
    }
    no_backsteps(path, errors);
}

/// Reports a path that goes up.
pub(crate) fn no_backsteps(path: &Cursor, errors: &mut field::Errors) {
    if has_backsteps(path.str()) {
        path.bad(errors, path.str(), "must not contain '..'");
    }
}

/// True for a path that goes up.
pub(crate) fn has_backsteps(path: &str) -> bool {
    path.split('/').any(|step| step == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initiators() {
        for (text, sound) in [
            ("2001-04.com.example:storage.disk1", true),
            ("2001-04.com:a:b", true),
            ("2001-4.com:a", false),
            ("2001-04.com", false),
            ("2001-04.com:a b", false),
        ] {
            assert_eq!(is_iqn(text), sound, "{text}");
        }
        assert!(is_hexlike("eui.02004567A425678D", 16) && !is_hexlike("eui.02004567A425678", 16));
    }

    #[test]
    fn registries() {
        for (text, sound) in
            [("a:1", true), ("[::1]:80", true), (":", true), ("a", false), ("a:b:c", false), ("[a:1", false)]
        {
            assert_eq!(is_host_port(text), sound, "{text}");
        }
    }
}
