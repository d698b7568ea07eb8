//! Secret: data that must stay out of sight.

use api::Value;

use crate::Context;
use crate::kind::{Kind, default_text, text_field};

pub(crate) static SECRET: Kind = Kind {
    default: |secret, _| default_text(secret.make_object(), "type", "Opaque"),
    prepare_update: keep_type,
    fields: |secret| vec![("type", text_field(secret, &["type"]))],
    ..Kind::PLAIN
};

/// A write that leaves the type out keeps it.
fn keep_type(new: &mut Value, old: &Value, _cx: &Context) {
    default_text(new.make_object(), "type", old.str_at(&["type"]));
}
