//! Flags of authentication: who may be known by what.  Those of service-account tokens are in `access.rs`.

use super::value::duration;
use super::{Flag, Takes};

const CLOUD: &str = "Cloud IAM";
const RELOAD: &str = "Files that are read again";

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "iam-config",
        short: None,
        takes: Takes::One("FILE"),
        default: "",
        group: CLOUD,
        help: "IAMConfiguration: clouds whose tokens (k8s-ncp-v1., k8s-aws-v1.) make users, and who owns the cluster.",
        set: |c, v| {
            c.iam_config = Some(v.into());
            Ok(())
        },
    },
    Flag {
        name: "reload-interval",
        short: None,
        takes: Takes::One("DURATION"),
        default: "1s",
        group: RELOAD,
        help: "How often files are looked at that are read again when they change: certificates, CAs, tokens, configuration.",
        set: |c, v| {
            let interval = duration(v)?;
            if interval.is_zero() {
                return Err("must be longer than nothing".to_owned());
            }
            c.reload_interval = interval;
            Ok(())
        },
    },
];
