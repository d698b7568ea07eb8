//! What calls may cost, function by function.

use super::{Argument, Coster, ONE, Range};
use crate::ast::{Expr, Literal, Name};
use crate::cost::{self, PATTERN, WALK};
use crate::types::Type;

/// A call's cost without its arguments, and the size of its result where that is known.
type Price = (Range, Option<Range>);

impl Coster<'_> {
    /// The cost of a call with its arguments, and the size of its result.
    pub(super) fn price(
        &mut self,
        e: &Expr,
        function: &str,
        id: &str,
        target: Option<&Argument<'_>>,
        args: &[Argument<'_>],
        costs: &[Range],
    ) -> Price {
        if let ("logical_or" | "logical_and", [left, right]) = (id, costs) {
            return (Range { min: left.min, max: left.plus(*right).max }, None);
        }
        if let ("conditional", [condition, then, other], [_, a, b]) = (id, costs, args) {
            let size = known(a).union(known(b));
            if let (Some(x), Some(y)) = (self.entry(a.expr), self.entry(b.expr)) {
                self.entries.insert(e.id, x.union(y));
            }
            return (condition.plus(then.union(*other)), Some(size));
        }
        let own = of_lists(id, target, args)
            .or_else(|| self.of_function(function, id, target, args))
            .or_else(|| self.of_overload(e, id, target, args))
            .unwrap_or((ONE, None));
        (costs.iter().fold(own.0, |sum, c| sum.plus(*c)), own.1)
    }

    /// The size of an argument as Kubernetes' functions see it.
    fn size_of(&self, arg: &Argument<'_>) -> Range {
        arg.size.or_else(|| self.hints.size(&arg.path, &arg.ty)).unwrap_or(Range::UNKNOWN)
    }

    /// Functions of Kubernetes' libraries, and those whose costs Kubernetes changes.
    fn of_function(
        &self,
        function: &str,
        id: &str,
        target: Option<&Argument<'_>>,
        args: &[Argument<'_>],
    ) -> Option<Price> {
        let walk = |arg: &Argument<'_>, factor: f64| self.size_of(arg).scaled(factor);
        let first = args.first();
        Some(match function {
            "check" => (Range::exactly(350_000), None),
            "serviceAccount"
            | "path"
            | "group"
            | "resource"
            | "subresource"
            | "namespace"
            | "name"
            | "allowed"
            | "reason"
            | "error"
            | "errored"
            | "format.named"
            | "sign"
            | "asInteger"
            | "isInteger"
            | "asApproximateFloat"
            | "isGreaterThan"
            | "isLessThan"
            | "compareTo"
            | "add"
            | "sub"
            | "major"
            | "minor"
            | "patch"
            | "getScheme"
            | "getHostname"
            | "getHost"
            | "getPort"
            | "getEscapedPath"
            | "getQuery"
            | "masked"
            | "prefixLength"
            | "family"
            | "isUnspecified"
            | "isLoopback"
            | "isLinkLocalMulticast"
            | "isLinkLocalUnicast"
            | "isGlobalUnicast" => (ONE, None),
            "fieldSelector" | "labelSelector" => (selector(self.size_of(first?)), None),
            "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" => (self.each_item(target?), None),
            "url" | "jsonpatch.escapeKey" => (walk(first?, WALK), Some(self.size_of(first?))),
            "lowerAscii" | "upperAscii" | "substring" | "trim" => {
                (walk(target?, WALK), Some(self.size_of(target?)))
            }
            "replace" => {
                let sizes = [target?, first?, args.get(1)?].map(|a| self.size_of(a));
                (walk(target?, 2.0 * WALK), Some(replaced(sizes)))
            }
            "split" => {
                let max = match args.get(1).and_then(|a| a.expr.as_literal()) {
                    Some(Literal::Int(limit)) => *limit as u64,
                    _ => self.size_of(target?).max,
                };
                (walk(target?, 2.0 * WALK), Some(Range { min: 0, max }))
            }
            "join" => {
                let size = self.joined(target?, first);
                (size.scaled(WALK), Some(size))
            }
            "find" | "findAll" => {
                let size = self.size_of(target?);
                (pattern(size, self.size_of(first?)), Some(Range { min: 0, max: size.max }))
            }
            "ip" if id == "cidr_ip" => (ONE, None),
            "cidr" | "isIP" | "isCIDR" | "ip" | "quantity" | "isQuantity" | "semver" | "isSemver" => {
                (walk(first?, WALK), None)
            }
            "ip.isCanonical" => (walk(first?, 2.0 * WALK), None),
            "containsIP" | "containsCIDR" => (self.contains(id, first?), None),
            "validate" => (walk(first?, WALK).scaled(128.0 * PATTERN), None),
            "_==_" => return special_equality(args.first()?, args.get(1)?),
            _ => return None,
        })
    }

    /// Comparing every item of a list, or walking over a text.
    fn each_item(&self, list: &Argument<'_>) -> Range {
        let size = self.size_of(list);
        let Some(item) = self.item(list) else { return size.scaled(WALK) };
        let mut each = ONE;
        if matches!(item.1, Type::String | Type::Bytes) {
            let text = self.hints.size(&item.0, &item.1).unwrap_or(Range::UNKNOWN);
            each = each.plus(text.scaled(WALK));
        }
        size.times(each)
    }

    /// The path and type of the items of a list (the keys of a map, as upstream).
    fn item(&self, list: &Argument<'_>) -> Option<(Vec<Name>, Type)> {
        let ty = match &list.ty {
            Type::List(of) => (**of).clone(),
            Type::Map(of) => of.0.clone(),
            Type::Opaque(_, params) => params.first()?.clone(),
            _ => return None,
        };
        let mut path = list.path.clone();
        if !path.is_empty() {
            path.push("@items".into());
        }
        Some((path, ty))
    }

    fn joined(&self, list: &Argument<'_>, separator: Option<&Argument<'_>>) -> Range {
        let count = self.size_of(list);
        let item = self.item(list).map(|(path, ty)| self.hints.size(&path, &ty).unwrap_or(Range::UNKNOWN));
        let texts = item.map_or(Range::default(), |size| count.times(size));
        let Some(separator) = separator else { return texts };
        let gaps = Range { min: count.min.saturating_sub(1), max: count.max.saturating_sub(1) };
        texts.plus(self.size_of(separator).times(gaps))
    }

    fn contains(&self, id: &str, other: &Argument<'_>) -> Range {
        let address = Range { min: 4, max: 16 };
        let mut sum = address.plus(address).scaled(WALK);
        if id.starts_with("cidr_contains_cidr") {
            sum = sum.plus(address.scaled(WALK)).plus(ONE);
        }
        if matches!(id, "cidr_contains_ip_string" | "cidr_contains_cidr_string") {
            sum = sum.plus(self.size_of(other).scaled(WALK));
        }
        sum
    }

    /// The language's own functions.
    fn of_overload(
        &mut self,
        e: &Expr,
        id: &str,
        target: Option<&Argument<'_>>,
        args: &[Argument<'_>],
    ) -> Option<Price> {
        let size = |i: usize| args.get(i).map(known);
        Some(match id {
            "string_format" => (known(target?).scaled(WALK), None),
            "string_to_bytes" => {
                let s = size(0)?;
                (s.scaled(WALK), Some(Range { min: s.min, max: s.max.wrapping_mul(4) }))
            }
            "bytes_to_string" => {
                let s = size(0)?;
                (s.scaled(WALK), Some(Range { min: s.min / 4, max: s.max }))
            }
            "strings_quote" => {
                let s = size(0)?;
                let max = s.max.wrapping_mul(2).wrapping_add(2);
                (s.scaled(WALK), Some(Range { min: s.min.wrapping_add(2), max }))
            }
            "starts_with_string" | "ends_with_string" => (size(0)?.scaled(WALK), None),
            "in_list" => (size(1)?.scaled(1.0), None),
            "matches_string" => (pattern(known(target?), size(0)?), None),
            "contains_string" => (known(target?).scaled(WALK).times(size(0)?.scaled(WALK)), None),
            "add_string" | "add_bytes" | "add_list" => {
                let made = size(0)?.plus(size(1)?);
                if let (Some(a), Some(b)) = (self.entry(args.first()?.expr), self.entry(args.get(1)?.expr)) {
                    self.entries.insert(e.id, a.union(b));
                }
                (if id == "add_list" { ONE } else { made.scaled(WALK) }, Some(made))
            }
            "equals" | "not_equals" => (smaller(size(0)?, size(1)?), None),
            _ if is_text_comparison(id) => (smaller(size(0)?, size(1)?), None),
            _ => return None,
        })
    }
}

fn known(arg: &Argument<'_>) -> Range {
    arg.size.unwrap_or(Range::UNKNOWN)
}

fn is_text_comparison(id: &str) -> bool {
    let word = id.strip_suffix("_string").or_else(|| id.strip_suffix("_bytes"));
    matches!(word, Some("less" | "less_equals" | "greater" | "greater_equals"))
}

fn smaller(a: Range, b: Range) -> Range {
    let max = a.max.min(b.max);
    Range { min: u64::from(max > 0), max }.scaled(WALK)
}

fn pattern(text: Range, pattern: Range) -> Range {
    text.plus(ONE).scaled(WALK).times(pattern.scaled(PATTERN))
}

fn selector(length: Range) -> Range {
    let requirements = length.scaled(0.5).scaled((cost::LIST + cost::STRUCT) as f64);
    Range::exactly(cost::LIST).plus(length.scaled(WALK)).plus(requirements)
}

/// The size of a text in which one part is replaced by another.
fn replaced([text, old, new]: [Range; 3]) -> Range {
    let (mut count, mut kept) = (Range::default(), Range::default());
    if old.min == 0 {
        // An empty text is found around every character.
        count.max = text.max.saturating_add(1);
        kept.max = text.max;
    } else if new.max <= old.min {
        kept.max = text.max;
    } else {
        count.max = (text.max as f64 / old.min as f64).ceil() as u64;
    }
    if old.max == 0 {
        count.min = text.min.saturating_add(1);
        kept.min = text.min;
    } else if old.max <= new.min {
        kept.min = text.min;
    } else {
        count.min = (text.min as f64 / old.max as f64).ceil() as u64;
    }
    count.times(new).plus(kept)
}

/// Equality of values of the libraries.
fn special_equality(a: &Argument<'_>, b: &Argument<'_>) -> Option<Price> {
    if a.ty != b.ty {
        return None;
    }
    let (Type::Opaque(name, _) | Type::Struct(name)) = &a.ty else { return None };
    Some(match &**name {
        "net.IP" | "net.CIDR" | "kubernetes.Quantity" | "kubernetes.Semver" => (ONE, None),
        name if name.starts_with("kubernetes.authorization.") => (ONE, None),
        "kubernetes.NamedFormat" => (Range { min: 1, max: 64 }.scaled(WALK), None),
        "kubernetes.URL" => {
            let max = b.size.map_or(1, |size| size.max);
            (Range { min: 1, max }.scaled(WALK), None)
        }
        _ => return None,
    })
}

/// The list and set extensions.
fn of_lists(id: &str, target: Option<&Argument<'_>>, args: &[Argument<'_>]) -> Option<Price> {
    let allocating = |factor: f64, size: Range| {
        (size.scaled(factor).plus(ONE).plus(Range::exactly(cost::LIST)), Some(size))
    };
    let number = |i: usize, otherwise: u64| match args.get(i).and_then(|a| a.expr.as_literal()) {
        Some(Literal::Int(n)) => u64::try_from(*n).unwrap_or(0),
        _ => otherwise,
    };
    Some(match id {
        "list_slice" => {
            let (start, end) = (number(0, 0), number(1, known(target?).max));
            allocating(1.0, Range::exactly(end.wrapping_sub(start)))
        }
        "lists_range" => allocating(1.0, Range::exactly(number(0, u64::MAX))),
        "list_reverse" => allocating(1.0, known(target?)),
        "list_flatten" => allocating(1.0, known(target?)),
        "list_flatten_int" => allocating(number(0, u64::MAX) as f64, known(target?)),
        "list_distinct" => allocating(2.0, known(target?).times(known(target?))),
        "list_sets_contains_list" | "list_sets_intersects_list" | "list_sets_equivalent_list" => {
            let factor = if id == "list_sets_equivalent_list" { 2.0 } else { 1.0 };
            (known(args.first()?).times(known(args.get(1)?)).scaled(factor).plus(ONE), None)
        }
        _ => {
            let sorted = if id.ends_with("_sort") { target? } else { args.first()? };
            let ty = id.strip_prefix("list_")?;
            let ty = ty.strip_suffix("_sort").or_else(|| ty.strip_suffix("_sortByAssociatedKeys"))?;
            let factor = if matches!(ty, "string" | "bytes") { 2.0 + WALK } else { 2.0 };
            allocating(factor, known(sorted).times(known(sorted)))
        }
    })
}
