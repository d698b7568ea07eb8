//! Certificates, leases, flow control, API services, component statuses.

use std::cmp::Ordering;

use api::{Value, object};

use super::format::{age, condition, human_duration, int, name, or};
use super::sheet::{AGE, NAME, Sheet, field, string, text};

/// The sheet of a kind of this file.
pub fn sheet(kind: &str) -> Option<&'static Sheet> {
    match kind {
        "APIService" => Some(&API_SERVICE),
        "CertificateSigningRequest" => Some(&SIGNING_REQUEST),
        "ComponentStatus" => Some(&COMPONENT_STATUS),
        "FlowSchema" => Some(&FLOW_SCHEMA),
        "Lease" => Some(&LEASE),
        "PriorityLevelConfiguration" => Some(&PRIORITY_LEVEL),
        _ => None,
    }
}

macro_rules! certificates {
    ($name:literal) => {
        concat!("io.k8s.api.certificates.v1.", $name)
    };
}

macro_rules! flow_control {
    ($name:literal) => {
        concat!("io.k8s.api.flowcontrol.v1.", $name)
    };
}

static SIGNING_REQUEST: Sheet = Sheet {
    columns: &[
        NAME,
        AGE,
        string("SignerName", field(certificates!("CertificateSigningRequestSpec"), "signerName")),
        string("Requestor", field(certificates!("CertificateSigningRequestSpec"), "request")),
        string(
            "RequestedDuration",
            field(certificates!("CertificateSigningRequestSpec"), "expirationSeconds"),
        ),
        string("Condition", field(certificates!("CertificateSigningRequestStatus"), "conditions")),
    ],
    cells: |o, now| {
        let duration = o.at(&["spec", "expirationSeconds"]).as_i64();
        vec![
            name(o),
            age(o, now),
            or(o, &["spec", "signerName"], "<none>").into(),
            o.str_at(&["spec", "username"]).into(),
            duration.map_or_else(|| "<none>".to_owned(), human_duration).into(),
            signing_status(o).into(),
        ]
    },
    ..Sheet::BARE
};

fn signing_status(o: &Value) -> String {
    let verdict =
        ["Denied", "Approved"].into_iter().find(|ty| condition(o, ty).is_some()).unwrap_or("Pending");
    let failed = if condition(o, "Failed").is_some() { ",Failed" } else { "" };
    let issued = if o.str_at(&["status", "certificate"]).is_empty() { "" } else { ",Issued" };
    format!("{verdict}{failed}{issued}")
}

static LEASE: Sheet = Sheet {
    columns: &[NAME, string("Holder", field("io.k8s.api.coordination.v1.LeaseSpec", "holderIdentity")), AGE],
    cells: |o, now| vec![name(o), o.str_at(&["spec", "holderIdentity"]).into(), age(o, now)],
    ..Sheet::BARE
};

static FLOW_SCHEMA: Sheet = Sheet {
    columns: &[
        NAME,
        string("PriorityLevel", field(flow_control!("PriorityLevelConfigurationReference"), "name")),
        string("MatchingPrecedence", field(flow_control!("FlowSchemaSpec"), "matchingPrecedence")),
        string("DistinguisherMethod", field(flow_control!("FlowSchemaSpec"), "distinguisherMethod")),
        AGE,
        string("MissingPL", text("Whether its priority level is missing.")),
    ],
    cells: |o, now| {
        let method = o.at(&["spec", "distinguisherMethod"]);
        vec![
            name(o),
            o.str_at(&["spec", "priorityLevelConfiguration", "name"]).into(),
            int(o, &["spec", "matchingPrecedence"]).into(),
            if method.is_null() { "<none>" } else { method.str_at(&["type"]) }.into(),
            age(o, now),
            condition(o, "Dangling").map_or("?", |c| c.str_at(&["status"])).into(),
        ]
    },
    order: Some(by_precedence),
    ..Sheet::BARE
};

/// Flow schemas are listed in the order they are tried.
fn by_precedence(a: &Value, b: &Value) -> Ordering {
    let rank =
        |o: &Value| (int(o, &["spec", "matchingPrecedence"]), o.str_at(&["metadata", "name"]).to_owned());
    rank(a).cmp(&rank(b))
}

static PRIORITY_LEVEL: Sheet = Sheet {
    columns: &[
        NAME,
        string("Type", field(flow_control!("PriorityLevelConfigurationSpec"), "type")),
        string(
            "NominalConcurrencyShares",
            field(flow_control!("LimitedPriorityLevelConfiguration"), "nominalConcurrencyShares"),
        ),
        string("Queues", field(flow_control!("QueuingConfiguration"), "queues")),
        string("HandSize", field(flow_control!("QueuingConfiguration"), "handSize")),
        string("QueueLengthLimit", field(flow_control!("QueuingConfiguration"), "queueLengthLimit")),
        AGE,
    ],
    cells: |o, now| {
        let limited = o.at(&["spec", "limited"]);
        let queuing = limited.at(&["limitResponse", "queuing"]);
        let number =
            |of: &Value, member| if of.is_null() { "<none>".into() } else { Value::Int(int(of, &[member])) };
        vec![
            name(o),
            o.str_at(&["spec", "type"]).into(),
            number(limited, "nominalConcurrencyShares"),
            number(queuing, "queues"),
            number(queuing, "handSize"),
            number(queuing, "queueLengthLimit"),
            age(o, now),
        ]
    },
    ..Sheet::BARE
};

static API_SERVICE: Sheet = Sheet {
    columns: &[
        NAME,
        string("Service", text("The service that answers for it, or Local.")),
        string("Available", text("Whether it answers.")),
        AGE,
    ],
    cells: |o, now| {
        let service = match o.at(&["spec", "service"]) {
            Value::Null => "Local".to_owned(),
            service => format!("{}/{}", service.str_at(&["namespace"]), service.str_at(&["name"])),
        };
        vec![name(o), service.into(), availability(o).into(), age(o, now)]
    },
    ..Sheet::BARE
};

fn availability(o: &Value) -> String {
    let Some(available) = condition(o, "Available") else { return "Unknown".to_owned() };
    match (available.str_at(&["status"]), available.str_at(&["reason"])) {
        (status, reason) if status != "True" && !reason.is_empty() => format!("{status} ({reason})"),
        (status, _) => status.to_owned(),
    }
}

static COMPONENT_STATUS: Sheet = Sheet {
    columns: &[
        NAME,
        string("Status", text("Whether the component is well.")),
        string("Message", text("What the component says.")),
        string("Error", text("What went wrong when it was asked.")),
    ],
    cells: |o, _| {
        let conditions = o.array_at(&["conditions"]);
        let none = object! {};
        let healthy = conditions.iter().find(|c| c.str_at(&["type"]) == "Healthy");
        let status = healthy
            .map_or("Unknown", |c| if c.str_at(&["status"]) == "True" { "Healthy" } else { "Unhealthy" });
        let text = |member| healthy.unwrap_or(&none).str_at(&[member]).into();
        vec![name(o), status.into(), text("message"), text("error")]
    },
    ..Sheet::BARE
};
