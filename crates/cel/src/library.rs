//! The functions of the language and of Kubernetes' libraries, as tables: one row a signature.
//!
//! Entry points: [`rows`] and [`Row`].

mod authz;
mod convert;
mod formats;
mod formatting;
mod lists;
mod net;
mod operators;
mod optional;
mod quantity;
mod regexes;
mod semver;
mod sets;
mod strings;
mod time;
mod url;

use crate::error::Error;
use crate::types::Type;
use crate::value::{Result, Value};

pub use authz::{Authorizer, Decision, Request, Verdict, authorizer, resource_authorizer};
pub(crate) use formatting::check_format;
pub(crate) use operators::{Arithmetic, Comparison, add};
pub(crate) use regexes::{compile as compile_regex, find as find_with, find_all as find_all_with};
pub(crate) use time::{in_range as has_second, parse_timestamp};

/// The implementation of a function; the receiver is the first argument.
pub(crate) type Function = for<'v> fn(&mut [Value<'v>]) -> Result<'v>;

/// One signature of a function.
pub(crate) struct Row {
    /// The function.
    pub name: &'static str,
    /// What tells this signature from others of all functions.
    pub id: &'static str,
    /// Receiver, arguments and result: `string.(string, int): bool`.
    pub sig: &'static str,
    /// What it costs when called.
    pub cost: Cost,
    /// What it does.
    pub call: Function,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

/// What a call costs, from the sizes of arguments and result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cost {
    /// A fixed amount.
    Fixed(u64),
    /// Nothing: whoever evaluates it accounts for it.
    None,
    /// The size of the first argument times a factor.
    First(f64),
    /// A walk over the first argument and everything in it.
    Walk,
    /// The size of the result times a factor.
    Outcome(f64),
    /// A pattern on a text.
    Regex,
    /// The requirements of a selector.
    Selector,
    /// Comparing an address range with an address, or with a text to be read first.
    Contains { range: bool, text: bool },
    /// Matching a format.
    Validate,
    /// These count only when the checker found a single signature, otherwise the call costs 1.
    Single(SingleCost),
}

/// Costs that belong to one signature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum SingleCost {
    /// The size of the first argument times a tenth.
    First,
    /// The number of items searched.
    Search,
    /// The smaller of two sizes, times a tenth.
    Smaller,
    /// Both sizes, times a tenth.
    Both,
    /// A pattern on a text.
    Regex,
    /// The product of two texts' sizes, each times a tenth.
    Product,
    /// Making a list of the result's size.
    Made,
    /// Making a list as long as the first argument says.
    Range,
    /// Making a list of the first argument's size for each level.
    Flattened,
    /// Comparing the items of an argument with each other.
    Sorted(usize),
    /// The product of two lists' sizes, times a factor.
    Sets(f64),
}

const ONE: Cost = Cost::Fixed(1);

const fn row(name: &'static str, id: &'static str, sig: &'static str, cost: Cost, call: Function) -> Row {
    Row { name, id, sig, cost, call }
}

/// All signatures that Kubernetes 1.36 knows.
pub(crate) fn rows() -> impl Iterator<Item = &'static Row> {
    let tables: [&'static [Row]; 25] = [
        operators::LOGIC,
        operators::ARITHMETIC,
        operators::COMPARISON,
        operators::CONTAINERS,
        convert::ROWS,
        strings::STANDARD,
        time::ROWS,
        optional::ROWS,
        strings::ROWS,
        formatting::ROWS,
        lists::IS_SORTED,
        lists::SUM,
        lists::MAX,
        lists::MIN,
        lists::ROWS,
        lists::SORT,
        sets::ROWS,
        regexes::ROWS,
        url::ROWS,
        net::ROWS,
        quantity::ROWS,
        formats::ROWS,
        semver::ROWS,
        authz::ROWS,
        strings::JSON_PATCH,
    ];
    tables.into_iter().flatten()
}

/// A value of one of the libraries.
#[derive(Clone, Debug)]
pub enum Ext<'v> {
    /// `url("…")`.
    Url(url::Url),
    /// `ip("…")`.
    Ip(std::net::IpAddr),
    /// `cidr("…")`: address and length of the prefix.
    Cidr(net::Cidr),
    /// `quantity("…")`.
    Quantity(api::quantity::Quantity),
    /// `format.dns1123Label()`, by its place in the table.
    Format(&'static formats::Format),
    /// `semver("…")`.
    Semver(semver::Version),
    /// A step of an authorization question, or its answer.
    Authz(authz::Step<'v>),
}

impl Ext<'_> {
    pub(crate) fn size(&self) -> usize {
        match self {
            Ext::Ip(ip) => {
                if ip.is_ipv4() {
                    4
                } else {
                    16
                }
            }
            Ext::Cidr(cidr) => usize::from(cidr.bits).div_ceil(8),
            _ => 1,
        }
    }

    /// How long a pattern for a format would be.
    pub(crate) fn pattern_size(&self) -> u64 {
        if let Ext::Format(format) = self { format.pattern } else { 1 }
    }

    pub(crate) fn type_of(&self) -> Type {
        match self {
            Ext::Ip(_) => Type::Opaque("net.IP".into(), [].into()),
            Ext::Cidr(_) => Type::Opaque("net.CIDR".into(), [].into()),
            Ext::Url(_) => Type::object("kubernetes.URL"),
            Ext::Quantity(_) => Type::object("kubernetes.Quantity"),
            Ext::Format(_) => Type::object("kubernetes.NamedFormat"),
            Ext::Semver(_) => Type::object("kubernetes.Semver"),
            Ext::Authz(step) => Type::object(step.type_name()),
        }
    }

    pub(crate) fn text(&self) -> String {
        match self {
            Ext::Ip(ip) => ip.to_string(),
            Ext::Cidr(cidr) => cidr.to_string(),
            Ext::Url(url) => url.text().to_owned(),
            Ext::Quantity(q) => q.canonical().into(),
            Ext::Format(format) => format.name.to_owned(),
            Ext::Semver(version) => version.to_string(),
            Ext::Authz(step) => step.type_name().to_owned(),
        }
    }

    pub(crate) fn equals(&self, other: &Value<'_>) -> std::result::Result<bool, Error> {
        let Value::Ext(other) = other else { return Err(Error::no_such_overload()) };
        match (self, &**other) {
            (Ext::Ip(a), Ext::Ip(b)) => Ok(a == b),
            (Ext::Cidr(a), Ext::Cidr(b)) => Ok(a == b),
            (Ext::Url(a), Ext::Url(b)) => Ok(a.text() == b.text()),
            (Ext::Quantity(a), Ext::Quantity(b)) => Ok(a == b),
            (Ext::Format(a), Ext::Format(b)) => Ok(a.name == b.name),
            (Ext::Semver(a), Ext::Semver(b)) => Ok(a.cmp_precedence(b).is_eq()),
            _ => Err(Error::no_such_overload()),
        }
    }
}

/// How long a computed text may get, in bytes; some functions make texts far longer than what they are charged for.
const LONGEST_TEXT: usize = 32 << 20;

/// A text of some length may be made.
fn room_for(bytes: usize) -> std::result::Result<(), Error> {
    if bytes > LONGEST_TEXT { Err(Error::of(crate::error::Cause::CostLimit)) } else { Ok(()) }
}

fn ext(value: Ext<'_>) -> Value<'_> {
    Value::Ext(std::sync::Arc::new(value))
}

/// The text that an argument is.
fn text<'a>(args: &'a [Value<'_>], i: usize) -> std::result::Result<&'a str, Error> {
    args.get(i).and_then(Value::as_str).ok_or_else(Error::no_such_overload)
}

/// The number that an argument is.
fn int(args: &[Value<'_>], i: usize) -> std::result::Result<i64, Error> {
    if let Some(Value::Int(n)) = args.get(i) { Ok(*n) } else { Err(Error::no_such_overload()) }
}

/// The boolean that an argument is.
fn boolean(args: &[Value<'_>], i: usize) -> std::result::Result<bool, Error> {
    args.get(i).and_then(Value::as_bool).ok_or_else(Error::no_such_overload)
}

/// An argument as it is.
fn any<'a, 'v>(args: &'a [Value<'v>], i: usize) -> std::result::Result<&'a Value<'v>, Error> {
    args.get(i).ok_or_else(Error::no_such_overload)
}

/// The value of a library that an argument is.
fn extension<'a, 'v>(args: &'a [Value<'v>], i: usize) -> std::result::Result<&'a Ext<'v>, Error> {
    if let Some(Value::Ext(e)) = args.get(i) { Ok(e) } else { Err(Error::no_such_overload()) }
}

/// The items of a list that an argument is.
fn items<'v>(args: &[Value<'v>], i: usize) -> std::result::Result<Vec<Value<'v>>, Error> {
    any(args, i)?.items()
}

/// Padded standard base64; line breaks are ignored, as Go does.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let clean: Vec<u8> = text.bytes().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    if !clean.len().is_multiple_of(4) {
        return None;
    }
    let padding = clean.iter().rev().take_while(|b| **b == b'=').count();
    if padding > 2 {
        return None;
    }
    let mut out = Vec::with_capacity(clean.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0);
    for byte in clean.iter().take(clean.len() - padding) {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    Some(out)
}
