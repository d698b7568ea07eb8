//! Naver Cloud: servers, disks, scripts, registries, buckets, and where logs go.

use crate::sources::cloud::Given;
use crate::sources::cloud::item::Item;
use crate::sources::cloud::model::*;
use crate::sources::cloud::read::Reader;
use crate::when::moment;

pub(super) fn server<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource =
        item.resource("Server", &["serverInstanceNo", "instance_no", "id"], &["serverName", "name"]);
    let id = resource.id.clone();
    let disk = ["is_encrypted_base_block_storage_volume"];
    if item.has(&disk) || item.is_open(&disk) {
        reader.cloud.volumes.push(Volume { resource: resource.clone(), encrypted: item.flag(&disk) });
    }
    if item.is_open(&["public_ip"]) {
        reader.untold(Given::Servers, &resource);
    }
    let of_terraform = item.items(&["network_interface"]);
    let mut interfaces: Vec<String> =
        of_terraform.iter().map(|one| one.word(&["network_interface_no"])).collect();
    interfaces.extend(item.texts(&["networkInterfaceNoList"]).into_iter().map(|at| at.value));
    let server = Server {
        public_ip: item.text(&["publicIp", "public_ip"]),
        subnet: item.word(&["subnetNo", "subnet_no"]),
        login_key: item.text(&["loginKeyName", "login_key_name"]).filter(|key| !key.value.is_empty()),
        interfaces,
        resource,
    };
    reader.keep(|cloud| &mut cloud.servers, item, ("server", &id), server);
}

pub(super) fn volume<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let is_template = item.has(&["launchConfigurationNo", "launch_configuration_no"]);
    let resource = match is_template {
        true => item.resource(
            "LaunchConfiguration",
            &["launchConfigurationNo", "launch_configuration_no"],
            &["launchConfigurationName", "name"],
        ),
        false => item.resource(
            "BlockStorage",
            &["blockStorageInstanceNo", "block_storage_no", "id"],
            &["blockStorageName", "name"],
        ),
    };
    let id = resource.id.clone();
    let kind = resource.kind;
    let encrypted = item.flag(&["isEncryptedVolume", "encrypted_volume", "is_encrypted_volume"]);
    reader.keep(|cloud| &mut cloud.volumes, item, (kind, &id), Volume { resource, encrypted });
}

/// An address of the internet, and which server has it.
pub(super) fn address<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let server = item.text(&["serverInstanceNo", "server_instance_no"]).filter(|at| !at.value.is_empty());
    let address = item.text(&["publicIp", "public_ip"]).filter(|at| !at.value.is_empty());
    reader.addresses.extend(server.zip(address).map(|(server, address)| (server.value, address)));
}

/// A volume that several servers share.
pub(super) fn nas<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource =
        item.resource("NASVolume", &["nasVolumeInstanceNo", "nas_volume_no", "id"], &["volumeName", "name"]);
    let id = resource.id.clone();
    let encrypted = item.flag(&["isEncryptedVolume", "is_encrypted_volume"]);
    reader.keep(|cloud| &mut cloud.volumes, item, ("NAS", &id), Volume { resource, encrypted });
}

pub(super) fn script<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource =
        item.resource("InitScript", &["initScriptNo", "init_script_no", "id"], &["initScriptName", "name"]);
    let id = resource.id.clone();
    let script = Script { content: item.text(&["initScriptContent", "content"]), resource };
    reader.keep(|cloud| &mut cloud.scripts, item, ("script", &id), script);
}

pub(super) fn registry<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("ContainerRegistry", &["name"], &["name"]);
    let id = resource.id.clone();
    let registry = Registry {
        public_host: item.word(&["end_point"]),
        private_host: item.word(&["private_end_point"]),
        public: item.flag(&["end_point_enabled"]),
        anonymous: item.flag(&["public_reg_status"]),
        scans: item.flag(&["scan_on_push_enabled"]),
        resource,
    };
    reader.keep(|cloud| &mut cloud.registries, item, ("registry", &id), registry);
}

pub(super) fn bucket_acl<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("Bucket", &["bucket_name"], &["bucket_name"]);
    let id = resource.id.clone();
    let access = item.text(&["rule"]).map(|at| (Openness::of_rule(&at.value), at));
    let bucket = Bucket { access, versions: None, locks: None, resource };
    reader.keep(|cloud| &mut cloud.buckets, item, ("bucket", &id), bucket);
}

pub(super) fn exports<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    reader.cloud.given.insert(Given::Exports);
    for one in item.items(&["exportConfigInfo"]) {
        let export = LogExport {
            types: one.texts(&["logTypes", "logType", "log_type"]),
            bucket: one.text(&["exportBucket", "bucketName", "bucketname"]),
            resource: one.resource("LogExport", &["exportConfigNo"], &["exportBucket", "bucketName"]),
        };
        reader.cloud.exports.push(export);
    }
}

pub(super) fn log_line<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let kind = item.word(&["logType"]);
    let time = item.word(&["logTime"]);
    // The time is written in letters or as milliseconds since 1970.
    let milliseconds =
        || time.parse::<i64>().ok().map(|ms| api::time::Timestamp::new(ms.div_euclid(1000), 0));
    let last = milliseconds().or_else(|| moment(&time));
    match reader.cloud.log_lines.iter_mut().find(|lines| lines.kind == kind) {
        Some(lines) => lines.last = lines.last.max(last),
        None => {
            let resource = item.resource("Log", &[], &["logType"]);
            reader.cloud.log_lines.push(LogLines { resource, kind, last });
        }
    }
}
