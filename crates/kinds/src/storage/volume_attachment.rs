//! VolumeAttachment: a volume that is to be at a node.

use crate::kind::{Generation, Kind, Status};

pub(crate) static VOLUME_ATTACHMENT: Kind = Kind {
    unconditional_update: false,
    generation: Generation::Ignored,
    status: Status::OwnWithoutMetadata,
    ..Kind::PLAIN
};
