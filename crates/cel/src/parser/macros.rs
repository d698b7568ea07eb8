//! Macros: calls that stand for presence tests and loops.
//!
//! Entry point: [`Parser::expand`]; the table is [`TABLE`].

use super::Parser;
use crate::ast::{Call, Comprehension, Element, Entry, Expr, Field, Kind, Literal, Name, Select, Struct};

/// Which macros beyond Kubernetes' are known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Macros {
    /// `cel.bind`, and `existsOne` with one variable.
    pub standard: bool,
    /// Whether `cel.bind` is one.
    pub bindings: bool,
}

/// The accumulator of loops, which no expression can name.
const ACCU: &str = "@result";
const OLD_ACCU: &str = "__result__";
const UNUSED: &str = "#unused";

/// What is wrong with a macro's arguments: at which node, and what.
type Bad = (u32, String);
type Expansion = Result<Option<Expr>, Bad>;

/// A macro's arguments and the call it stands in.
struct Input {
    id: u32,
    target: Option<Expr>,
    args: Vec<Expr>,
}

struct Macro {
    name: &'static str,
    args: usize,
    receiver: bool,
    expand: fn(&mut Parser<'_>, &mut Input) -> Expansion,
}

const fn on_target(
    name: &'static str,
    args: usize,
    expand: fn(&mut Parser<'_>, &mut Input) -> Expansion,
) -> Macro {
    Macro { name, args, receiver: true, expand }
}

static TABLE: [Macro; 22] =
    [
        Macro { name: "has", args: 1, receiver: false, expand: has },
        on_target("all", 2, |p, i| quantifier(p, i, Quantifier::All)),
        on_target("exists", 2, |p, i| quantifier(p, i, Quantifier::Exists)),
        on_target("exists_one", 2, |p, i| quantifier(p, i, Quantifier::One)),
        on_target("existsOne", 2, |p, i| {
            if p.macros.standard { quantifier(p, i, Quantifier::One) } else { Ok(None) }
        }),
        on_target("map", 2, map),
        on_target("map", 3, map),
        on_target("filter", 2, filter),
        on_target("all", 3, |p, i| quantifier(p, i, Quantifier::All)),
        on_target("exists", 3, |p, i| quantifier(p, i, Quantifier::Exists)),
        on_target("exists_one", 3, |p, i| quantifier(p, i, Quantifier::One)),
        on_target("existsOne", 3, |p, i| quantifier(p, i, Quantifier::One)),
        on_target("transformList", 3, |p, i| transform(p, i, Into::List)),
        on_target("transformList", 4, |p, i| transform(p, i, Into::List)),
        on_target("transformMap", 3, |p, i| transform(p, i, Into::Map)),
        on_target("transformMap", 4, |p, i| transform(p, i, Into::Map)),
        on_target("transformMapEntry", 3, |p, i| transform(p, i, Into::Entries)),
        on_target("transformMapEntry", 4, |p, i| transform(p, i, Into::Entries)),
        on_target("optMap", 2, |p, i| optional_map(p, i, "optMap", true)),
        on_target("optFlatMap", 2, |p, i| optional_map(p, i, "optFlatMap", false)),
        on_target("sortBy", 2, sort_by),
        on_target("bind", 3, bind),
    ];

impl Parser<'_> {
    /// The call, or what the macro of that name and shape makes of it.
    pub(super) fn expand(&mut self, id: u32, name: Name, target: Option<Expr>, args: Vec<Expr>) -> Expr {
        let mut input = Input { id, target, args };
        let (count, receiver) = (input.args.len(), input.target.is_some());
        let found = TABLE.iter().find(|m| m.name == &*name && m.args == count && m.receiver == receiver);
        if let Some(found) = found {
            match (found.expand)(self, &mut input) {
                Ok(Some(expr)) => return expr,
                Ok(None) => {}
                Err((at, message)) => {
                    let offset = self.offset(at);
                    return self.late_error(offset, message);
                }
            }
        }
        Expr {
            id,
            kind: Kind::Call(Box::new(Call { function: name, target: input.target, args: input.args })),
        }
    }

    /// A node made by the macro called at `id`.
    fn made(&mut self, id: u32, kind: Kind) -> Expr {
        let offset = self.offset(id);
        Expr { id: self.id(offset), kind }
    }

    fn made_ident(&mut self, id: u32, name: &str) -> Expr {
        self.made(id, Kind::Ident(name.into()))
    }

    fn made_literal(&mut self, id: u32, literal: Literal) -> Expr {
        self.made(id, Kind::Literal(literal))
    }

    fn made_call(&mut self, id: u32, function: &str, args: Vec<Expr>) -> Expr {
        self.made(id, Kind::Call(Box::new(Call { function: function.into(), target: None, args })))
    }

    fn made_method(&mut self, id: u32, function: &str, target: Expr, args: Vec<Expr>) -> Expr {
        self.made(id, Kind::Call(Box::new(Call { function: function.into(), target: Some(target), args })))
    }

    fn made_list(&mut self, id: u32, values: Vec<Expr>) -> Expr {
        let items = values.into_iter().map(|value| Element { value, optional: false });
        self.made(id, Kind::List(items.collect()))
    }

    /// A copy with ids of its own.
    fn copy(&mut self, expr: &Expr) -> Expr {
        let id = self.id(self.offset(expr.id));
        let kind = match &expr.kind {
            Kind::Unspecified | Kind::Literal(_) | Kind::Ident(_) => expr.kind.clone(),
            Kind::Select(s) => {
                let operand = self.copy(&s.operand);
                Kind::Select(Box::new(Select { operand, field: s.field.clone(), test_only: s.test_only }))
            }
            Kind::Call(c) => {
                let target = c.target.as_ref().map(|t| self.copy(t));
                let args = c.args.iter().map(|a| self.copy(a)).collect();
                Kind::Call(Box::new(Call { function: c.function.clone(), target, args }))
            }
            Kind::List(items) => Kind::List(
                items.iter().map(|e| Element { value: self.copy(&e.value), optional: e.optional }).collect(),
            ),
            Kind::Map(entries) => Kind::Map(entries.iter().map(|e| self.copy_entry(e)).collect()),
            Kind::Struct(s) => {
                let fields = s.fields.iter().map(|f| self.copy_field(f)).collect();
                Kind::Struct(Box::new(Struct { type_name: s.type_name.clone(), fields }))
            }
            Kind::Comprehension(c) => Kind::Comprehension(Box::new(Comprehension {
                range: self.copy(&c.range),
                init: self.copy(&c.init),
                condition: self.copy(&c.condition),
                step: self.copy(&c.step),
                result: self.copy(&c.result),
                ..(**c).clone()
            })),
        };
        Expr { id, kind }
    }

    fn copy_entry(&mut self, e: &Entry) -> Entry {
        let id = self.id(self.offset(e.id));
        Entry { id, key: self.copy(&e.key), value: self.copy(&e.value), optional: e.optional }
    }

    fn copy_field(&mut self, f: &Field) -> Field {
        let id = self.id(self.offset(f.id));
        Field { id, name: f.name.clone(), value: self.copy(&f.value), optional: f.optional }
    }
}

impl Input {
    fn arg(&mut self, i: usize) -> Result<Expr, Bad> {
        let empty = Expr { id: self.id, kind: Kind::Unspecified };
        let slot = self.args.get_mut(i).ok_or_else(|| (self.id, "missing argument".to_owned()))?;
        Ok(std::mem::replace(slot, empty))
    }

    fn arg_id(&self, i: usize) -> u32 {
        self.args.get(i).map_or(self.id, |a| a.id)
    }

    fn target(&mut self) -> Result<Expr, Bad> {
        self.target.take().ok_or_else(|| (self.id, "missing receiver".to_owned()))
    }

    /// The name of a loop's variable.
    fn variable(&self, i: usize, complaint: &str) -> Result<Name, Bad> {
        let name = self.args.get(i).and_then(Expr::as_ident);
        let name = name.ok_or_else(|| (self.arg_id(i), complaint.to_owned()))?;
        if &**name == ACCU || &**name == OLD_ACCU {
            return Err((self.arg_id(i), "iteration variable overwrites accumulator variable".to_owned()));
        }
        Ok(name.clone())
    }

    /// The names of two variables.
    fn variables(&self) -> Result<(Name, Name), Bad> {
        let simple = "argument must be a simple name";
        for i in 0..2 {
            if self.args.get(i).and_then(Expr::as_ident).is_none() {
                return Err((self.arg_id(i), simple.to_owned()));
            }
        }
        if self.args.first().and_then(Expr::as_ident) == self.args.get(1).and_then(Expr::as_ident) {
            let name = self.args.get(1).and_then(Expr::as_ident).map_or("", |n| n);
            return Err((self.arg_id(1), format!("duplicate variable name: {name}")));
        }
        Ok((self.variable(0, simple)?, self.variable(1, simple)?))
    }
}

/// What a loop is made of.
struct Loop {
    range: Expr,
    var: Name,
    var2: Option<Name>,
    init: Expr,
    condition: Expr,
    step: Expr,
    result: Expr,
}

fn fold(p: &mut Parser<'_>, id: u32, l: Loop) -> Expansion {
    let Loop { range, var, var2, init, condition, step, result } = l;
    let accu = ACCU.into();
    let kind = Comprehension { range, var, var2, accu, init, condition, step, result };
    Ok(Some(p.made(id, Kind::Comprehension(Box::new(kind)))))
}

fn has(p: &mut Parser<'_>, input: &mut Input) -> Expansion {
    let id = input.id;
    match input.arg(0)? {
        Expr { kind: Kind::Select(s), .. } => {
            let Select { operand, field, .. } = *s;
            Ok(Some(p.made(id, Kind::Select(Box::new(Select { operand, field, test_only: true })))))
        }
        other => Err((other.id, "invalid argument to has() macro".to_owned())),
    }
}

#[derive(Clone, Copy)]
enum Quantifier {
    All,
    Exists,
    One,
}

fn quantifier(p: &mut Parser<'_>, input: &mut Input, kind: Quantifier) -> Expansion {
    let id = input.id;
    let (var, var2) = if input.args.len() == 3 {
        let (first, second) = input.variables()?;
        (first, Some(second))
    } else {
        (input.variable(0, "argument must be a simple name")?, None)
    };
    let predicate = input.arg(input.args.len() - 1)?;
    let range = input.target()?;
    let accu = p.made_ident(id, ACCU);
    let result = p.made_ident(id, ACCU);
    match kind {
        Quantifier::All | Quantifier::Exists => {
            let all = matches!(kind, Quantifier::All);
            let init = p.made_literal(id, Literal::Bool(all));
            let tested = p.made_ident(id, ACCU);
            let tested = if all { tested } else { p.made_call(id, "!_", vec![tested]) };
            let condition = p.made_call(id, "@not_strictly_false", vec![tested]);
            let step = p.made_call(id, if all { "_&&_" } else { "_||_" }, vec![accu, predicate]);
            fold(p, id, Loop { range, var, var2, init, condition, step, result })
        }
        Quantifier::One => {
            let init = p.made_literal(id, Literal::Int(0));
            let condition = p.made_literal(id, Literal::Bool(true));
            let one = p.made_literal(id, Literal::Int(1));
            let more = p.made_call(id, "_+_", vec![accu, one]);
            let same = p.made_ident(id, ACCU);
            let step = p.made_call(id, "_?_:_", vec![predicate, more, same]);
            let one = p.made_literal(id, Literal::Int(1));
            let result = p.made_call(id, "_==_", vec![result, one]);
            fold(p, id, Loop { range, var, var2, init, condition, step, result })
        }
    }
}

/// The step of a loop that keeps `@result` where `filter` does not hold.
fn filtered(p: &mut Parser<'_>, id: u32, filter: Option<Expr>, step: Expr) -> Expr {
    let Some(filter) = filter else { return step };
    let same = p.made_ident(id, ACCU);
    p.made_call(id, "_?_:_", vec![filter, step, same])
}

fn append(p: &mut Parser<'_>, id: u32, value: Expr) -> Expr {
    let accu = p.made_ident(id, ACCU);
    let item = p.made_list(id, vec![value]);
    p.made_call(id, "_+_", vec![accu, item])
}

fn collect(
    p: &mut Parser<'_>,
    id: u32,
    range: Expr,
    vars: (Name, Option<Name>),
    init: Expr,
    step: Expr,
) -> Expansion {
    let condition = p.made_literal(id, Literal::Bool(true));
    let result = p.made_ident(id, ACCU);
    fold(p, id, Loop { range, var: vars.0, var2: vars.1, init, condition, step, result })
}

fn map(p: &mut Parser<'_>, input: &mut Input) -> Expansion {
    let range = input.target()?;
    map_over(p, input, range)
}

fn map_over(p: &mut Parser<'_>, input: &mut Input, range: Expr) -> Expansion {
    let id = input.id;
    let var = input.variable(0, "argument is not an identifier")?;
    let filter = if input.args.len() == 3 { Some(input.arg(1)?) } else { None };
    let value = input.arg(input.args.len() - 1)?;
    let init = p.made_list(id, Vec::new());
    let step = append(p, id, value);
    let step = filtered(p, id, filter, step);
    collect(p, id, range, (var, None), init, step)
}

fn filter(p: &mut Parser<'_>, input: &mut Input) -> Expansion {
    let id = input.id;
    let var = input.variable(0, "argument is not an identifier")?;
    let (item, predicate, range) = (input.arg(0)?, input.arg(1)?, input.target()?);
    let init = p.made_list(id, Vec::new());
    let step = append(p, id, item);
    let step = filtered(p, id, Some(predicate), step);
    collect(p, id, range, (var, None), init, step)
}

#[derive(Clone, Copy)]
enum Into {
    List,
    Map,
    Entries,
}

fn transform(p: &mut Parser<'_>, input: &mut Input, into: Into) -> Expansion {
    let id = input.id;
    let (first, second) = input.variables()?;
    let filter = if input.args.len() == 4 { Some(input.arg(2)?) } else { None };
    let value = input.arg(input.args.len() - 1)?;
    let range = input.target()?;
    let (init, step) = match into {
        Into::List => (p.made_list(id, Vec::new()), append(p, id, value)),
        Into::Map | Into::Entries => {
            let accu = p.made_ident(id, ACCU);
            let args = match into {
                Into::Map => vec![accu, p.made_ident(id, &first), value],
                _ => vec![accu, value],
            };
            (p.made(id, Kind::Map(Vec::new())), p.made_call(id, "cel.@mapInsert", args))
        }
    };
    let step = filtered(p, id, filter, step);
    collect(p, id, range, (first, Some(second)), init, step)
}

/// `result` with `name` bound to `value`: a loop over nothing.
fn bound(p: &mut Parser<'_>, id: u32, name: Name, value: Expr, result: Expr) -> Expr {
    let range = p.made_list(id, Vec::new());
    let condition = p.made_literal(id, Literal::Bool(false));
    let step = p.made_ident(id, &name);
    let (var, var2, init) = (UNUSED.into(), None, value);
    let kind = Comprehension { range, var, var2, accu: name, init, condition, step, result };
    p.made(id, Kind::Comprehension(Box::new(kind)))
}

fn optional_map(p: &mut Parser<'_>, input: &mut Input, name: &str, wrap: bool) -> Expansion {
    let id = input.id;
    let var = input.args.first().and_then(Expr::as_ident).cloned();
    let var =
        var.ok_or_else(|| (input.arg_id(0), format!("{name}() variable name must be a simple identifier")))?;
    let target = input.target()?;
    let copy = p.copy(&target);
    let body = input.arg(1)?;
    let present = p.made_method(id, "hasValue", target, Vec::new());
    let value = p.made_method(id, "value", copy, Vec::new());
    let mapped = bound(p, id, var, value, body);
    let mapped = if wrap { p.made_call(id, "optional.of", vec![mapped]) } else { mapped };
    let none = p.made_call(id, "optional.none", Vec::new());
    Ok(Some(p.made_call(id, "_?_:_", vec![present, mapped, none])))
}

fn sort_by(p: &mut Parser<'_>, input: &mut Input) -> Expansion {
    const INPUT: &str = "@__sortBy_input__";
    let id = input.id;
    let target = input.target()?;
    let sortable = matches!(
        target.kind,
        Kind::List(_) | Kind::Select(_) | Kind::Ident(_) | Kind::Comprehension(_) | Kind::Call(_)
    );
    if !sortable {
        let message =
            "sortBy can only be applied to a list, identifier, comprehension, call or select expression";
        return Err((target.id, message.to_owned()));
    }
    let range = p.made_ident(id, INPUT);
    let Some(keys) = map_over(p, input, range)? else { return Ok(None) };
    let list = p.made_ident(id, INPUT);
    let sorted = p.made_method(id, "@sortByAssociatedKeys", list, vec![keys]);
    Ok(Some(bound(p, id, INPUT.into(), target, sorted)))
}

fn bind(p: &mut Parser<'_>, input: &mut Input) -> Expansion {
    let cel = input.target.as_ref().and_then(Expr::as_ident).is_some_and(|n| &**n == "cel");
    if !p.macros.bindings || !cel {
        return Ok(None);
    }
    let name = input.args.first().and_then(Expr::as_ident).cloned();
    let name = name.ok_or_else(|| {
        (input.arg_id(0), "cel.bind() variable names must be simple identifiers".to_owned())
    })?;
    let (value, result) = (input.arg(1)?, input.arg(2)?);
    Ok(Some(bound(p, input.id, name, value, result)))
}
