//! What Kubernetes refuses beyond types: broken durations, instants, patterns and formats in literals, and literals
//! whose items differ in type.
//!
//! Entry point: [`validate`].

use super::Checked;
use crate::ast::{Expr, Kind, Literal};
use crate::library;
use crate::source::Issues;
use crate::types::Type;

/// Functions whose arguments may hold mixed lists.
const EXEMPT: &str = "format";

type Check = fn(&str) -> bool;

/// Reports what is wrong with the literals of an expression.
pub(super) fn validate(checked: &Checked, issues: &mut Issues) {
    let arguments: [(&str, Check); 3] = [
        ("duration", |t| api::time::duration::parse(t).is_ok()),
        ("timestamp", |t| library::parse_timestamp(t).is_ok()),
        ("matches", |t| library::compile_regex(t).is_ok()),
    ];
    let mut nodes = Vec::new();
    collect(&checked.root, false, &mut nodes);
    for (function, good) in arguments {
        for (node, _) in &nodes {
            let Kind::Call(call) = &node.kind else { continue };
            let Some(first) = call.args.first().filter(|_| &*call.function == function) else { continue };
            let bad = match first.as_literal() {
                Some(Literal::String(text)) => !good(text),
                Some(Literal::Int(second)) => function == "timestamp" && !library::has_second(*second),
                _ => false,
            };
            if bad {
                issues.report(
                    checked.offsets.get(first.id as usize).copied(),
                    format!("invalid {function} argument"),
                );
            }
        }
    }
    for (node, _) in nodes.iter().filter(|(n, exempt)| !exempt && matches!(n.kind, Kind::List(_))) {
        list(checked, node, issues);
    }
    for (node, _) in nodes.iter().filter(|(n, exempt)| !exempt && matches!(n.kind, Kind::Map(_))) {
        map(checked, node, issues);
    }
    for (node, _) in &nodes {
        library::check_format(checked, node, issues);
    }
}

fn collect<'e>(node: &'e Expr, exempt: bool, out: &mut Vec<(&'e Expr, bool)>) {
    out.push((node, exempt));
    let inside = exempt || matches!(&node.kind, Kind::Call(c) if &*c.function == EXEMPT);
    for child in node.children() {
        collect(child, inside, out);
    }
}

fn inner(ty: &Type, optional: bool) -> &Type {
    if optional { ty.unwrap_optional().unwrap_or(ty) } else { ty }
}

fn mismatch(checked: &Checked, id: u32, wanted: &Type, found: &Type, issues: &mut Issues) {
    let offset = checked.offsets.get(id as usize).copied();
    issues.report(offset, format!("expected type '{wanted}' but found '{found}'"));
}

fn list(checked: &Checked, node: &Expr, issues: &mut Issues) {
    let Kind::List(items) = &node.kind else { return };
    let mut types = items.iter().map(|e| (e.value.id, inner(checked.type_of(e.value.id), e.optional)));
    let Some((_, first)) = types.next() else { return };
    if let Some((id, other)) = types.find(|(_, t)| *t != first) {
        mismatch(checked, id, first, other, issues);
    }
}

fn map(checked: &Checked, node: &Expr, issues: &mut Issues) {
    let Kind::Map(entries) = &node.kind else { return };
    let Some(first) = entries.first() else { return };
    let key = checked.type_of(first.key.id);
    let value = inner(checked.type_of(first.value.id), first.optional);
    for entry in entries {
        let (k, v) = (checked.type_of(entry.key.id), inner(checked.type_of(entry.value.id), entry.optional));
        if k != key {
            mismatch(checked, entry.key.id, key, k, issues);
        }
        if v != value {
            mismatch(checked, entry.value.id, value, v, issues);
        }
    }
}
