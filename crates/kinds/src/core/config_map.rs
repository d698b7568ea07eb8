//! ConfigMap: configuration as text and bytes.

use crate::kind::Kind;

pub(crate) static CONFIG_MAP: Kind = Kind::PLAIN;
