//! IngressClass: which controller implements an Ingress.

use crate::kind::{Generation, Kind, default_member, inside};

pub(crate) static INGRESS_CLASS: Kind = Kind {
    generation: Generation::Of(&["spec"]),
    default: |class, _| {
        inside(class, &["spec", "parameters"], |parameters| default_member(parameters, "scope", "Cluster"));
    },
    ..Kind::PLAIN
};
