//! IPAddress: one address in use, named after itself.

use crate::NameRule;
use crate::kind::Kind;

pub(crate) static IP_ADDRESS: Kind = Kind { name_rule: NameRule::Custom, ..Kind::PLAIN };
