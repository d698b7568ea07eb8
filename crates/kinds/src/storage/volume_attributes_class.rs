//! VolumeAttributesClass: qualities of a volume that can change.

use crate::kind::Kind;

pub(crate) static VOLUME_ATTRIBUTES_CLASS: Kind = Kind::PLAIN;
