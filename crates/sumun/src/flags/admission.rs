//! Flags of admission and of the in-process controllers.

use server::config::Config;

use super::value::{append, bool, list};
use super::{Flag, Takes};

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "enable-admission-plugins",
        short: None,
        takes: Takes::Many("NAME"),
        default: "",
        group: "Admission",
        help: "Admission plug-ins switched on besides the default ones.",
        set: |c, v| {
            c.enable_admission_plugins.extend(list(v));
            Ok(())
        },
    },
    Flag {
        name: "disable-admission-plugins",
        short: None,
        takes: Takes::Many("NAME"),
        default: "",
        group: "Admission",
        help: "Default admission plug-ins switched off.",
        set: |c, v| {
            c.disable_admission_plugins.extend(list(v));
            Ok(())
        },
    },
    Flag {
        name: "admission-control-config-file",
        short: None,
        takes: Takes::One("FILE"),
        default: "",
        group: "Admission",
        help: "Configurations of admission plug-ins, an AdmissionConfiguration in YAML: PodSecurity has one.",
        set: |c, v| {
            c.admission_control_config_file = Some(v.into());
            Ok(())
        },
    },
    Flag {
        name: "allow-privileged",
        short: None,
        takes: Takes::Bool,
        default: "true",
        group: "Admission",
        help: "Privileged containers may be created.",
        set: |c, v| bool(v).map(|b| c.allow_privileged = b),
    },
    Flag {
        name: "controllers",
        short: None,
        takes: Takes::Many("NAME"),
        default: "*",
        group: "Controllers",
        help: "In-process controllers: * is all, NAME switches one on, -NAME off, -* all off (when kube-controller-manager runs).",
        set: |c, v| {
            append(&mut c.controllers, &Config::default().controllers, v);
            Ok(())
        },
    },
];
