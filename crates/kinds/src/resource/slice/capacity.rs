//! What is wrong with the capacity of a device that several claims may share (KEP-5075).
//!
//! Entry point: [`check`].

use api::field;
use api::quantity::Quantity;

use crate::resource::parts;
use crate::{Cursor, amounts};

/// Most amounts that a policy lists.
const MAX_VALUES: usize = 10;

/// All failures of one capacity.
pub(super) fn check(capacity: &Cursor, shareable: bool, errors: &mut field::Errors) {
    let (value, policy) = (capacity.child("value"), capacity.child("requestPolicy"));
    if !policy.is_set() {
        return;
    }
    if !shareable {
        return policy.forbidden(errors, "allowMultipleAllocations must be true");
    }
    let (values, range) = (policy.child("validValues"), policy.child("validRange"));
    let default = policy.child("default");
    let most = amounts::quantity(&value);
    match (!values.is_empty(), range.is_set()) {
        (false, false) => {}
        (true, true) => policy.forbidden(
            errors,
            "exactly one policy can be specified, cannot specify \"validValues\" and \"validRange\" at the same time",
        ),
        _ if !default.is_set() => {
            let given = if range.is_set() { "validRange" } else { "validValues" };
            default.required(errors, &format!("required when {given} is defined"));
        }
        (true, false) => check_values(&values, &amounts::quantity(&default), &most, errors),
        (false, true) => check_range(&range, &amounts::quantity(&default), &most, errors),
    }
}

fn check_values(values: &Cursor, default: &Quantity, most: &Quantity, errors: &mut field::Errors) {
    let parsed: Vec<(Cursor, Quantity)> =
        values.items().map(|item| (item, amounts::quantity(&item))).collect();
    for pair in parsed.windows(2) {
        if let [(_, before), (at, after)] = pair
            && before > after
        {
            at.bad(errors, amounts::shown(after), "values must be sorted in ascending order");
        }
    }
    let too_large = |item: &Cursor, errors: &mut field::Errors| {
        let amount = amounts::quantity(item);
        if amount > *most {
            let why = format!("option is larger than capacity value: {most}");
            item.bad(errors, amounts::shown(&amount), &why);
        }
    };
    let key = |item: &api::Value| {
        let amount = item.as_str().and_then(|text| Quantity::parse(text).ok()).unwrap_or_default();
        amount.value().to_string().into()
    };
    parts::set(values, MAX_VALUES, errors, too_large, key);
    if parsed.len() > MAX_VALUES || !parsed.iter().any(|(_, amount)| amount == default) {
        let why = "default value is not valid according to the requestPolicy";
        values.bad(errors, amounts::shown(default), why);
    }
}

fn check_range(range: &Cursor, default: &Quantity, most: &Quantity, errors: &mut field::Errors) {
    let (low, high, step) = (range.child("min"), range.child("max"), range.child("step"));
    if !low.is_set() {
        return low.required(errors, "required when validRange is defined");
    }
    let min = amounts::quantity(&low);
    if min > *most {
        low.bad(errors, amounts::shown(&min), &format!("min is larger than capacity value: {most}"));
    }
    if *default < min {
        low.bad(errors, amounts::shown(default), &format!("default is less than min: {min}"));
    }
    let max = high.is_set().then(|| amounts::quantity(&high));
    let mut at_most = |at: &Cursor, shown: &Quantity, bound: &Quantity, what: &str| {
        if shown > bound {
            at.bad(errors, amounts::shown(shown), &format!("{what}: {bound}"));
        }
    };
    if let Some(max) = &max {
        at_most(&high, &min, max, "min is larger than max");
        at_most(&high, max, most, "max is larger than capacity value");
        at_most(&high, default, max, "default is more than max");
    }
    if !step.is_set() {
        return;
    }
    let size = amounts::quantity(&step);
    let mut first = min.clone();
    first.add(&size);
    if first > *most {
        let why = format!("one step {first} is larger than capacity value: {most}");
        step.bad(errors, amounts::shown(&size), &why);
    }
    for value in [Some(default), max.as_ref()].into_iter().flatten() {
        if value.value().wrapping_sub(min.value()).checked_rem(size.value()) != Some(0) {
            let why = format!("value is not a multiple of a given step ({size}) from ({min})");
            step.bad(errors, amounts::shown(value), &why);
        }
    }
}
