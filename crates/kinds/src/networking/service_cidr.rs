//! ServiceCIDR: a range of addresses for Services.

use api::{Value, field, object};

use crate::kind::{Generation, Kind, Status};
use crate::{Context, Cursor, meta, net};

pub(crate) static SERVICE_CIDR: Kind = Kind {
    generation: Generation::Ignored,
    status: Status::OwnWithoutMetadata,
    validate: |range, _, errors| validate(range, errors),
    validate_update: |new: &Value, old: &Value, cx: &Context, errors: &mut field::Errors| {
        if cx.subresource.is_empty() {
            change(new, old, errors);
        }
    },
    ..Kind::PLAIN
};

fn validate(range: &Value, errors: &mut field::Errors) {
    let ranges = Cursor::at("spec.cidrs", range.at(&["spec", "cidrs"]));
    if ranges.is_empty() {
        return ranges.required(errors, "at least one CIDR required");
    }
    if ranges.len() > 2 {
        // Upstream shows its internal structure here.
        let shown = object! { "CIDRs" => ranges.value().clone() };
        return ranges.bad(errors, shown, "may only hold up to 2 values");
    }
    for range in ranges.items() {
        net::check_cidr(errors, &range.path(), range.str());
    }
    let families: Vec<bool> = ranges
        .items()
        .filter_map(|range| net::Range::parse(range.str()))
        .map(|r| r.first.is_ipv4())
        .collect();
    if let [one, other] = families.as_slice()
        && one == other
    {
        let why = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";
        ranges.invalid(errors, why);
    }
}

/// Ranges stay; a second one may come.
fn change(new: &Value, old: &Value, errors: &mut field::Errors) {
    let (ranges, was) =
        (Cursor::at("spec.cidrs", new.at(&["spec", "cidrs"])), old.array_at(&["spec", "cidrs"]));
    let grows = was.len() == 1 && ranges.len() == 2;
    if was.len() != ranges.len() && !grows {
        return ranges.invalid(errors, meta::IMMUTABLE);
    }
    for (range, _) in ranges.items().zip(was).filter(|(range, was)| range.value() != *was) {
        range.invalid(errors, meta::IMMUTABLE);
    }
    if grows {
        validate(new, errors);
    }
}
