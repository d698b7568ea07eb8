//! Named formats that texts are matched against.

use api::content;

use super::{Cost, Ext, ONE, Row, base64, ext, extension, row, text, url};
use crate::error::Error;
use crate::value::{Result, Value};

pub(super) static ROWS: &[Row] = &[
    row(
        "validate",
        "format-validate",
        "kubernetes.NamedFormat.(string): optional(list(string))",
        Cost::Validate,
        |a| {
            let Ext::Format(format) = extension(a, 0)? else { return Err(Error::no_such_overload()) };
            let complaints = (format.check)(text(a, 1)?);
            Ok(if complaints.is_empty() {
                Value::Optional(None)
            } else {
                Value::some(Value::strings(complaints))
            })
        },
    ),
    row("format.named", "format-named", "(string): optional(kubernetes.NamedFormat)", ONE, |a| {
        let name = text(a, 0)?;
        let found = FORMATS.iter().find(|f| f.function == name);
        Ok(found.map_or(Value::Optional(None), |f| Value::some(ext(Ext::Format(f)))))
    }),
    row("format.dns1123Label", "format.dns1123Label", "(): kubernetes.NamedFormat", ONE, |_| named(0)),
    row("format.dns1123Subdomain", "format.dns1123Subdomain", "(): kubernetes.NamedFormat", ONE, |_| {
        named(1)
    }),
    row("format.dns1035Label", "format.dns1035Label", "(): kubernetes.NamedFormat", ONE, |_| named(2)),
    row("format.qualifiedName", "format.qualifiedName", "(): kubernetes.NamedFormat", ONE, |_| named(3)),
    row("format.dns1123LabelPrefix", "format.dns1123LabelPrefix", "(): kubernetes.NamedFormat", ONE, |_| {
        named(4)
    }),
    row(
        "format.dns1123SubdomainPrefix",
        "format.dns1123SubdomainPrefix",
        "(): kubernetes.NamedFormat",
        ONE,
        |_| named(5),
    ),
    row("format.dns1035LabelPrefix", "format.dns1035LabelPrefix", "(): kubernetes.NamedFormat", ONE, |_| {
        named(6)
    }),
    row("format.labelValue", "format.labelValue", "(): kubernetes.NamedFormat", ONE, |_| named(7)),
    row("format.uri", "format.uri", "(): kubernetes.NamedFormat", ONE, |_| named(8)),
    row("format.uuid", "format.uuid", "(): kubernetes.NamedFormat", ONE, |_| named(9)),
    row("format.byte", "format.byte", "(): kubernetes.NamedFormat", ONE, |_| named(10)),
    row("format.date", "format.date", "(): kubernetes.NamedFormat", ONE, |_| named(11)),
    row("format.datetime", "format.datetime", "(): kubernetes.NamedFormat", ONE, |_| named(12)),
];

fn named<'v>(i: usize) -> Result<'v> {
    FORMATS.get(i).map(|f| ext(Ext::Format(f))).ok_or_else(Error::no_such_overload)
}

/// A named format.
#[derive(Debug)]
pub struct Format {
    function: &'static str,
    /// How it shows itself.
    pub name: &'static str,
    check: fn(&str) -> Vec<String>,
    /// How long a pattern for it would be, which is what a check is charged for.
    pub(crate) pattern: u64,
}

static FORMATS: [Format; 13] = [
    Format { function: "dns1123Label", name: "DNS1123Label", check: content::dns1123_label, pattern: 30 },
    Format {
        function: "dns1123Subdomain",
        name: "DNS1123Subdomain",
        check: content::dns1123_subdomain,
        pattern: 60,
    },
    Format { function: "dns1035Label", name: "DNS1035Label", check: dns1035_label, pattern: 30 },
    Format { function: "qualifiedName", name: "QualifiedName", check: content::label_key, pattern: 60 },
    Format {
        function: "dns1123LabelPrefix",
        name: "DNS1123LabelPrefix",
        check: |t| content::dns1123_label(&masked(t)),
        pattern: 30,
    },
    Format {
        function: "dns1123SubdomainPrefix",
        name: "DNS1123SubdomainPrefix",
        check: |t| content::dns1123_subdomain(&masked(t)),
        pattern: 60,
    },
    Format {
        function: "dns1035LabelPrefix",
        name: "DNS1035LabelPrefix",
        check: |t| dns1035_label(&masked(t)),
        pattern: 30,
    },
    Format { function: "labelValue", name: "LabelValue", check: content::label_value, pattern: 40 },
    Format {
        function: "uri",
        name: "URI",
        check: |t| url::Url::read(t).err().into_iter().collect(),
        pattern: 1103,
    },
    Format {
        function: "uuid",
        name: "uuid",
        check: |t| unless(is_uuid(t), "does not match the UUID format"),
        pattern: 70,
    },
    Format {
        function: "byte",
        name: "byte",
        check: |t| unless(base64(t).is_some(), "invalid base64"),
        pattern: 84,
    },
    Format { function: "date", name: "date", check: |t| unless(is_date(t), "invalid date"), pattern: 71 },
    Format {
        function: "datetime",
        name: "datetime",
        check: |t| unless(is_datetime(t), "invalid datetime"),
        pattern: 71,
    },
];

fn unless(good: bool, complaint: &str) -> Vec<String> {
    if good { Vec::new() } else { vec![complaint.to_owned()] }
}

/// A prefix of a name may end in a dash, which is no end for a name.
fn masked(text: &str) -> String {
    match text.strip_suffix('-') {
        Some(head) if !head.is_empty() => {
            let mut head: String = head.to_owned();
            head.pop();
            head + "a"
        }
        _ => text.to_owned(),
    }
}

fn dns1035_label(text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    if text.len() > 63 {
        complaints.push(content::max_length(63));
    }
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let good =
        text.starts_with(|c: char| c.is_ascii_lowercase()) && !text.ends_with('-') && text.bytes().all(inner);
    if !good {
        complaints.push(content::pattern(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic \
             character, and end with an alphanumeric character",
            "[a-z]([-a-z0-9]*[a-z0-9])?",
            &["my-name", "abc-123"],
        ));
    }
    complaints
}

fn is_uuid(text: &str) -> bool {
    let mut rest = text;
    for (i, count) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if i > 0 {
            rest = rest.strip_prefix('-').unwrap_or(rest);
        }
        match rest.split_at_checked(count) {
            Some((digits, after)) if digits.bytes().all(|b| b.is_ascii_hexdigit()) => rest = after,
            _ => return false,
        }
    }
    rest.is_empty()
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && api::time::Timestamp::parse(&format!("{text}T00:00:00Z")).is_ok()
}

fn is_datetime(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let Some((date, time)) = text.split_once('t') else { return false };
    let two = |at: usize, most: u32| {
        let digits = time.get(at..at + 2).filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
        digits.and_then(|d| d.parse::<u32>().ok()).is_some_and(|n| n <= most)
    };
    let colons = time.get(2..3) == Some(":") && time.get(5..6) == Some(":");
    if !is_date(date) || !two(0, 23) || !two(3, 59) || !two(6, 59) || !colons {
        return false;
    }
    let rest = time.get(8..).unwrap_or("");
    let zone = match rest.get(1..).filter(|_| !rest.starts_with(['z', '+', '-'])) {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
        None => rest,
    };
    let digits = |r: Option<&str>| r.is_some_and(|d| d.len() == 2 && d.bytes().all(|b| b.is_ascii_digit()));
    zone == "z"
        || (zone.starts_with(['+', '-'])
            && zone.len() == 6
            && digits(zone.get(1..3))
            && zone.get(3..4) == Some(":")
            && digits(zone.get(4..6)))
}
