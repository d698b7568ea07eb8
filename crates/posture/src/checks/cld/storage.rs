//! Disks of servers and volumes of pods: encrypted.

use super::{not_exported, untold};
use crate::catalogue::Kind;
use crate::finding::Status;
use crate::scan::Scan;
use crate::sources::cloud::{Cloud, Given};
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["CLD-012"];

/// Drivers that encrypt a volume only when a parameter of the class asks for it.
const DRIVERS: [(&str, &str); 4] = [
    ("blk.csi.ncloud.com", "encrypted"),
    ("nas.csi.ncloud.com", "isEncryptedVolume"),
    ("ebs.csi.aws.com", "encrypted"),
    ("kubernetes.io/aws-ebs", "encrypted"),
];

const UNENCRYPTED: Words = words("what is on it is not encrypted", "저장된 데이터가 암호화되지 않음");
const CLASS: Words = words(
    "volumes of this class are not encrypted: {} makes them so with {}",
    "이 클래스의 볼륨은 암호화되지 않음. {}는 {}로 암호화함",
);
const NOT_TOLD: Words =
    words("the export does not tell whether {} is encrypted", "내보내기에 {}의 암호화 여부가 없음");
const NO_VOLUMES: Words = words("the export has no disks", "내보내기에 블록 스토리지가 없음");
const NO_EXPORT: Words = words("disks of servers were not exported", "서버 디스크의 내보내기가 없음");

pub(super) fn run(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    let is_there = !cloud.volumes.is_empty() || cloud.given.contains(&Given::Volumes);
    not_exported(scan, "CLD-012", is_there, NO_VOLUMES.plain());
    untold(scan, cloud, Given::Volumes, &["CLD-012"]);
    for volume in &cloud.volumes {
        match &volume.encrypted {
            None => scan.lack("CLD-012", NOT_TOLD.with([volume.resource.title()])),
            Some(encrypted) => {
                scan.examine("CLD-012");
                if !encrypted.value {
                    let field = encrypted.field.clone();
                    scan.find("CLD-012", Status::Fail, &volume.resource, field, UNENCRYPTED.plain());
                }
            }
        }
    }
    classes(scan);
}

fn classes(scan: &mut Scan<'_>) {
    let classes: Vec<_> = scan.input.objects.of_kind("storage.k8s.io", "StorageClass").collect();
    for class in classes {
        let driver = class.value.str_at(&["provisioner"]);
        let Some((driver, parameter)) = DRIVERS.iter().find(|(name, _)| *name == driver) else { continue };
        scan.examine("CLD-012");
        if !scan.input.has(Kind::Cloud) {
            scan.lack("CLD-012", NO_EXPORT.plain());
        }
        let parameters = class.value.at(&["parameters"]).as_object();
        let is_on = |(name, value): (&str, &api::Value)| {
            name.eq_ignore_ascii_case(parameter)
                && value.as_str().is_some_and(|v| v.eq_ignore_ascii_case("true"))
        };
        if !parameters.is_some_and(|all| all.iter().any(|(name, value)| is_on((name, value)))) {
            let reason = CLASS.with([(*driver).to_owned(), format!("{parameter}: \"true\"")]);
            scan.find("CLD-012", Status::Warn, class, format!("parameters.{parameter}"), reason);
        }
    }
}
