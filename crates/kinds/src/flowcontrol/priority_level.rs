//! PriorityLevelConfiguration: how many requests of a level run and how many wait.

use api::Value;

use crate::kind::{Kind, Status, default_member, default_number, inside};

pub(crate) static PRIORITY_LEVEL: Kind =
    Kind { status: Status::OwnWithoutMetadata, default: default_level, ..Kind::WITH_STATUS };

fn default_level(level: &mut Value, _version: &str) {
    for (kind, shares) in [("exempt", 0), ("limited", 30)] {
        inside(level, &["spec", kind], |bounds| {
            default_member(bounds, "nominalConcurrencyShares", shares);
            default_member(bounds, "lendablePercent", 0);
        });
    }
    inside(level, &["spec", "limited", "limitResponse", "queuing"], |queuing| {
        default_number(queuing, "handSize", 8);
        default_number(queuing, "queues", 64);
        default_number(queuing, "queueLengthLimit", 50);
    });
}
