//! VolumeAttachment: a volume that is to be at a node.

use api::{Value, field};

use super::{MAX_PARAMETER_BYTES, bounded_bytes};
use crate::core::persistent_volume::validate::{Place, validate_spec};
use crate::core::volume_sources;
use crate::kind::{Generation, Kind, Status};
use crate::{Cursor, MetaCheck, amounts, equal, names};

/// Longest message of an error, in bytes.
const MAX_MESSAGE: usize = 1024;
const ONE_SOURCE: &str = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";

pub(crate) static VOLUME_ATTACHMENT: Kind = Kind {
    unconditional_update: false,
    generation: Generation::Ignored,
    default: |attachment, _| {
        amounts::round_lists(attachment, &[&["spec", "source", "inlineVolumeSpec", "capacity"]]);
    },
    status: Status::OwnWithoutMetadata,
    update_checks: &[MetaCheck::New],
    subresource_checks: &[MetaCheck::New],
    validate: |attachment, _, errors| validate(attachment, errors),
    validate_update: |new, old, _, errors| {
        validate(new, errors);
        equal::immutable(&Cursor::at("spec", new.at(&["spec"])), old.at(&["spec"]), errors);
    },
    ..Kind::PLAIN
};

fn validate(attachment: &Value, errors: &mut field::Errors) {
    let root = Cursor::root(attachment);
    let (spec, status) = (root.child("spec"), root.child("status"));
    volume_sources::csi_driver(&spec.child("attacher"), errors);
    let volume_source = spec.child("source");
    source(&volume_source, errors);
    let node = spec.child("nodeName");
    node.faults(errors, &names::dns1123_subdomain(node.str()));
    bounded_bytes(&status.child("attachmentMetadata"), errors);
    for member in ["attachError", "detachError"] {
        volume_error(&status.child(member), errors);
    }
    let name = volume_source.child("persistentVolumeName");
    if name.is_set() {
        name.faults(errors, &names::dns1123_subdomain(name.str()));
    }
}

fn source(source: &Cursor, errors: &mut field::Errors) {
    let (inline, name) = (source.child("inlineVolumeSpec"), source.child("persistentVolumeName"));
    match (inline.is_set(), name.is_set()) {
        (false, false) => source.required(errors, ONE_SOURCE),
        (true, true) => source.forbidden(errors, ONE_SOURCE),
        (true, false) => validate_spec(&inline, Place::Inline, errors),
        (false, true) if name.str().is_empty() => {
            name.required(errors, "must specify non empty persistentVolumeName");
        }
        (false, true) => {}
    }
}

fn volume_error(error: &Cursor, errors: &mut field::Errors) {
    let (message, code) = (error.child("message"), error.child("errorCode"));
    if message.str().len() > MAX_MESSAGE {
        // Upstream names another limit than it checks.
        errors.too_long(&message.path(), MAX_PARAMETER_BYTES);
    }
    code.number_faults(errors, &names::in_range(code.int(), 0, i32::MAX.into()));
}
