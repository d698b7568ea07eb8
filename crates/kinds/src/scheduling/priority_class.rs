//! PriorityClass: a name for a priority.

use crate::kind::{Generation, Kind, default_member};

pub(crate) static PRIORITY_CLASS: Kind = Kind {
    generation: Generation::First,
    default: |class, _| default_member(class.make_object(), "preemptionPolicy", "PreemptLowerPriority"),
    ..Kind::PLAIN
};
