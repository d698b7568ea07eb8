//! Flags of the data directory, the ports and the process.

use super::value::{bool, duration, parse};
use super::{Flag, Takes};

const GROUP: &str = "Serving";
const INSECURE: &str = "Insecure serving (loopback only)";

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "data-dir",
        short: None,
        takes: Takes::One("DIR"),
        default: "sumun-data",
        group: GROUP,
        help: "Folder of everything the server keeps: store, keys, certificates, admin.kubeconfig. Made when missing.",
        set: |c, v| {
            c.data_dir = v.into();
            Ok(())
        },
    },
    Flag {
        name: "bind-address",
        short: None,
        takes: Takes::One("IP"),
        default: "0.0.0.0",
        group: GROUP,
        help: "Address of the secure port.",
        set: |c, v| parse(v, "an IP address").map(|ip| c.bind_address = ip),
    },
    Flag {
        name: "secure-port",
        short: None,
        takes: Takes::One("PORT"),
        default: "6443",
        group: GROUP,
        help: "Port of HTTPS; 0 takes a free one.",
        set: |c, v| parse(v, "a port").map(|port| c.secure_port = port),
    },
    Flag {
        name: "advertise-address",
        short: None,
        takes: Takes::One("IP"),
        default: "",
        group: GROUP,
        help: "Address that other machines reach this server at; added to the serving certificate.",
        set: |c, v| parse(v, "an IP address").map(|ip| c.advertise_address = Some(ip)),
    },
    Flag {
        name: "external-hostname",
        short: None,
        takes: Takes::One("NAME"),
        default: "",
        group: GROUP,
        help: "Host name that other machines reach this server at; added to the serving certificate.",
        set: |c, v| {
            c.external_hostname = Some(v.to_owned());
            Ok(())
        },
    },
    Flag {
        name: "cert-dir",
        short: None,
        takes: Takes::One("DIR"),
        default: "",
        group: GROUP,
        help: "Folder of the generated keys and certificates. [default: pki under --data-dir].",
        set: |c, v| {
            c.cert_dir = Some(v.into());
            Ok(())
        },
    },
    Flag {
        name: "tls-cert-file",
        short: None,
        takes: Takes::One("FILE"),
        default: "",
        group: GROUP,
        help: "Serving certificate and its chain, PEM. Generated when not given.",
        set: |c, v| {
            c.tls_cert_file = Some(v.into());
            Ok(())
        },
    },
    Flag {
        name: "tls-private-key-file",
        short: None,
        takes: Takes::One("FILE"),
        default: "",
        group: GROUP,
        help: "Key of --tls-cert-file, PEM.",
        set: |c, v| {
            c.tls_private_key_file = Some(v.into());
            Ok(())
        },
    },
    Flag {
        name: "http2-max-streams-per-connection",
        short: None,
        takes: Takes::One("N"),
        default: "1000",
        group: GROUP,
        help: "HTTP/2 requests at once on one connection; a client that holds more watches waits.",
        set: |c, v| parse(v, "a number").map(|n| c.http2_max_streams_per_connection = n),
    },
    Flag {
        name: "request-timeout",
        short: None,
        takes: Takes::One("DURATION"),
        default: "1m0s",
        group: GROUP,
        help: "Time that a request gets, watches and connect requests aside.",
        set: |c, v| duration(v).map(|d| c.request_timeout = d),
    },
    Flag {
        name: "min-request-timeout",
        short: None,
        takes: Takes::One("SECONDS"),
        default: "1800",
        group: GROUP,
        help: "Shortest life of a watch that names no timeout; each gets a random time up to twice this.",
        set: |c, v| {
            parse(v, "a number of seconds").map(|n| c.min_request_timeout = std::time::Duration::from_secs(n))
        },
    },
    Flag {
        name: "event-ttl",
        short: None,
        takes: Takes::One("DURATION"),
        default: "1h0m0s",
        group: GROUP,
        help: "How long events are kept after they were last written. 0 is for ever.",
        set: |c, v| duration(v).map(|d| c.event_ttl = d),
    },
    Flag {
        name: "max-requests-inflight",
        short: None,
        takes: Takes::One("N"),
        default: "400",
        group: GROUP,
        help: "Reading requests at once; more are answered with 429. 0 is no limit.",
        set: |c, v| parse(v, "a number").map(|n| c.max_requests_inflight = n),
    },
    Flag {
        name: "max-mutating-requests-inflight",
        short: None,
        takes: Takes::One("N"),
        default: "200",
        group: GROUP,
        help: "Writing requests at once; more are answered with 429. 0 is no limit.",
        set: |c, v| parse(v, "a number").map(|n| c.max_mutating_requests_inflight = n),
    },
    Flag {
        name: "shutdown-delay-duration",
        short: None,
        takes: Takes::One("DURATION"),
        default: "0s",
        group: GROUP,
        help: "How long /readyz is false after SIGTERM before connections are drained.",
        set: |c, v| duration(v).map(|d| c.shutdown_delay_duration = d),
    },
    Flag {
        name: "profiling",
        short: None,
        takes: Takes::Bool,
        default: "true",
        group: GROUP,
        help: "Serve /debug/ to whoever may read it.",
        set: |c, v| bool(v).map(|b| c.profiling = b),
    },
    Flag {
        name: "insecure-port",
        short: None,
        takes: Takes::One("PORT"),
        default: "",
        group: INSECURE,
        help: "DANGEROUS: also serve plain HTTP without authentication and authorization; every request is an admin's.",
        set: |c, v| parse(v, "a port").map(|port: u16| c.insecure_port = (port != 0).then_some(port)),
    },
    Flag {
        name: "insecure-bind-address",
        short: None,
        takes: Takes::One("IP"),
        default: "127.0.0.1",
        group: INSECURE,
        help: "Address of --insecure-port; must be a loopback address.",
        set: |c, v| parse(v, "an IP address").map(|ip| c.insecure_bind_address = ip),
    },
];
