//! Flags of the connections to kubelets.

use server::config::Config;

use super::value::{append, duration};
use super::{Flag, Takes};

const GROUP: &str = "Kubelets";

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "kubelet-certificate-authority",
        short: None,
        takes: Takes::One("FILE"),
        default: "",
        group: GROUP,
        help: "CAs that the certificates of kubelets must chain to; without it nobody looks at them.",
        set: |c, v| {
            c.kubelet_certificate_authority = Some(v.into());
            Ok(())
        },
    },
    Flag {
        name: "kubelet-client-certificate",
        short: None,
        takes: Takes::One("FILE"),
        default: "",
        group: GROUP,
        help: "Certificate that this server shows to kubelets, PEM.",
        set: |c, v| {
            c.kubelet_client_certificate = Some(v.into());
            Ok(())
        },
    },
    Flag {
        name: "kubelet-client-key",
        short: None,
        takes: Takes::One("FILE"),
        default: "",
        group: GROUP,
        help: "Key of --kubelet-client-certificate, PEM.",
        set: |c, v| {
            c.kubelet_client_key = Some(v.into());
            Ok(())
        },
    },
    Flag {
        name: "kubelet-preferred-address-types",
        short: None,
        takes: Takes::Many("TYPES"),
        default: "Hostname,InternalDNS,InternalIP,ExternalDNS,ExternalIP",
        group: GROUP,
        help: "Which of a node's addresses its kubelet is reached at, the best first.",
        set: |c, v| {
            let default = Config::default().kubelet_preferred_address_types;
            append(&mut c.kubelet_preferred_address_types, &default, v);
            Ok(())
        },
    },
    Flag {
        name: "kubelet-timeout",
        short: None,
        takes: Takes::One("DURATION"),
        default: "5s",
        group: GROUP,
        help: "Time that connecting to a kubelet, a pod or a service may take.",
        set: |c, v| duration(v).map(|d| c.kubelet_timeout = d),
    },
];
