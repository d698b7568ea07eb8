//! Role and ClusterRole: sets of permissions.

use crate::NameRule;
use crate::kind::Kind;

pub(crate) static ROLE: Kind = ROLE_KIND;

pub(crate) static CLUSTER_ROLE: Kind = ROLE_KIND;

const ROLE_KIND: Kind = Kind { name_rule: NameRule::PathSegment, create_on_update: true, ..Kind::PLAIN };
