//! `authentication.k8s.io`: requests for tokens; what else is in the group is asked and answered, never stored.

use api::Value;

use crate::kind::{Kind, default_member, inside};

/// How long a token lives when the request does not say, in seconds.
const EXPIRATION: i64 = 60 * 60;

pub(crate) static TOKEN_REQUEST: Kind = Kind {
    default: |request: &mut Value, _| {
        inside(request, &["spec"], |spec| default_member(spec, "expirationSeconds", EXPIRATION));
    },
    ..Kind::PLAIN
};
