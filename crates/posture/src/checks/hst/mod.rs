//! Hosts: files, the kubelet, the operating system.

use super::Family;

pub(super) const FAMILIES: &[Family] = &[];
