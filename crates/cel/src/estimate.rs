//! What evaluating an expression may cost at least and at most, before there is any object.
//!
//! Entry point: [`Checked::estimate`].  The estimate is cel-go's with Kubernetes' libraries: sizes of literals are known,
//! those of variables come from [`SizeHints`], everything else may be of any size.

mod calls;

use std::collections::HashMap;

use crate::ast::{Call, Comprehension, Expr, Kind, Literal, Name};
use crate::checker::Checked;
use crate::cost;
use crate::stack;
use crate::types::Type;

/// From least to most; used for sizes and for costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The least.
    pub min: u64,
    /// The most; `u64::MAX` is no bound.
    pub max: u64,
}

impl Range {
    /// Anything.
    pub const UNKNOWN: Self = Self { min: 0, max: u64::MAX };

    /// Exactly so much.
    pub const fn exactly(n: u64) -> Self {
        Self { min: n, max: n }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self { min: self.min.saturating_add(other.min), max: self.max.saturating_add(other.max) }
    }

    pub(crate) fn times(self, other: Self) -> Self {
        Self { min: self.min.saturating_mul(other.min), max: self.max.saturating_mul(other.max) }
    }

    /// Both ends times a factor, rounded up.
    pub(crate) fn scaled(self, factor: f64) -> Self {
        // Casting a float too large gives the largest number.
        let scale = |n: u64| (n as f64 * factor).ceil() as u64;
        Self { min: scale(self.min), max: scale(self.max) }
    }

    fn union(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }
}

/// Knows how large the values of variables may get.
pub trait SizeHints {
    /// The size of what lies at a path: the variable, then fields, `@items` of lists, `@keys` and `@values` of maps.
    /// The path is empty for what no variable leads to.
    fn size(&self, path: &[Name], ty: &Type) -> Option<Range>;
}

/// Knows nothing.
impl SizeHints for () {
    fn size(&self, _: &[Name], _: &Type) -> Option<Range> {
        None
    }
}

impl Checked {
    /// What evaluating may cost.
    ///
    /// ```
    /// # use cel::{Env, Type};
    /// let env = Env::kubernetes().variable("x", Type::Int);
    /// let cost = env.compile("x > 1 && x < 5").unwrap().estimate(&());
    /// assert_eq!((cost.min, cost.max), (2, 4));
    /// ```
    pub fn estimate(&self, hints: &(dyn SizeHints + Sync)) -> Range {
        stack::with_room(self.deep, || self.estimate_here(hints)).unwrap_or(Range::UNKNOWN)
    }

    fn estimate_here(&self, hints: &dyn SizeHints) -> Range {
        let mut coster = Coster {
            checked: self,
            hints,
            paths: HashMap::new(),
            sizes: HashMap::new(),
            entries: HashMap::new(),
            locals: Vec::new(),
        };
        coster.cost(&self.root)
    }
}

/// The sizes of what is in a list or map.
#[derive(Clone, Copy, Debug)]
struct EntrySize {
    list: bool,
    key: Range,
    value: Range,
}

impl EntrySize {
    fn union(self, other: Self) -> Self {
        Self { list: self.list, key: self.key.union(other.key), value: self.value.union(other.value) }
    }
}

/// A variable of a loop.
struct Local {
    name: Name,
    path: Vec<Name>,
    size: Option<Range>,
    entry: Option<EntrySize>,
}

struct Coster<'a> {
    checked: &'a Checked,
    hints: &'a dyn SizeHints,
    paths: HashMap<u32, Vec<Name>>,
    sizes: HashMap<u32, Range>,
    entries: HashMap<u32, EntrySize>,
    locals: Vec<Local>,
}

/// What a function's estimate has to know of an argument.
struct Argument<'e> {
    path: Vec<Name>,
    ty: Type,
    expr: &'e Expr,
    size: Option<Range>,
}

const ONE: Range = Range::exactly(1);

impl Coster<'_> {
    fn cost(&mut self, e: &Expr) -> Range {
        match &e.kind {
            Kind::Unspecified | Kind::Literal(_) => Range::default(),
            Kind::Ident(name) => {
                let path = self.local(name).map_or_else(|| vec![name.clone()], |l| l.path.clone());
                self.paths.insert(e.id, path);
                ONE
            }
            Kind::Select(s) => {
                let mut sum = self.cost(&s.operand);
                if s.test_only {
                    return sum;
                }
                let ty = self.checked.type_of(s.operand.id);
                if matches!(ty, Type::Map(_) | Type::Struct(_) | Type::Param(_)) {
                    sum = sum.plus(ONE);
                }
                let path = self.extended(&s.operand, &s.field);
                self.paths.insert(e.id, path);
                sum
            }
            Kind::Call(call) => self.cost_call(e, call),
            Kind::List(items) => {
                let values: Vec<&Expr> = items.iter().map(|i| &i.value).collect();
                let (sum, value) = self.cost_all(&values);
                self.entries.insert(e.id, EntrySize { list: true, key: ONE, value });
                sum.plus(Range::exactly(cost::LIST))
            }
            Kind::Map(entries) => {
                let (keys, key) = self.cost_all(&entries.iter().map(|x| &x.key).collect::<Vec<_>>());
                let (values, value) = self.cost_all(&entries.iter().map(|x| &x.value).collect::<Vec<_>>());
                self.entries.insert(e.id, EntrySize { list: false, key, value });
                keys.plus(values).plus(Range::exactly(cost::MAP))
            }
            Kind::Struct(s) => {
                let (sum, _) = self.cost_all(&s.fields.iter().map(|f| &f.value).collect::<Vec<_>>());
                sum.plus(Range::exactly(cost::STRUCT))
            }
            Kind::Comprehension(c) if is_bind(c) => self.cost_bind(e, c),
            Kind::Comprehension(c) => self.cost_fold(e, c),
        }
    }

    /// The sum of costs, and the sizes any of the values may have.
    fn cost_all(&mut self, values: &[&Expr]) -> (Range, Range) {
        let mut size = Range { min: if values.is_empty() { 0 } else { u64::MAX }, max: 0 };
        let mut sum = Range::default();
        for value in values {
            sum = sum.plus(self.cost(value));
            size = size.union(self.size_or_unknown(value));
        }
        (sum, size)
    }

    fn cost_bind(&mut self, e: &Expr, c: &Comprehension) -> Range {
        let sum = self.cost(&c.range).plus(self.cost(&c.init));
        self.push_value(&c.accu, &c.init);
        let sum = sum.plus(self.cost(&c.result));
        // While the variable is known, as the result may be just it.
        let (size, entry) = (self.size(&c.result), self.entry(&c.result));
        self.locals.pop();
        self.keep(e.id, size, entry);
        sum
    }

    fn cost_fold(&mut self, e: &Expr, c: &Comprehension) -> Range {
        let mut sum = self.cost(&c.range).plus(self.cost(&c.init));
        self.push_value(&c.accu, &c.init);
        let entry = self.entry(&c.range);
        let list =
            entry.map_or_else(|| matches!(self.checked.type_of(c.range.id), Type::List(_)), |x| x.list);
        let (keys, values) = if list { ("@indices", "@items") } else { ("@keys", "@values") };
        let (key, value) = (entry.map(|x| x.key), entry.map(|x| x.value));
        match &c.var2 {
            Some(var2) => {
                self.push(&c.var, &c.range, keys, key);
                self.push(var2, &c.range, values, value);
            }
            None if list => self.push(&c.var, &c.range, values, value),
            None => self.push(&c.var, &c.range, keys, key),
        }
        let each = self.cost(&c.condition).plus(self.cost(&c.step));
        let step_entry = self.entry(&c.step);
        self.locals.truncate(self.locals.len() - if c.var2.is_some() { 2 } else { 1 });
        sum = sum.plus(self.cost(&c.result));
        self.locals.pop();
        let count = self.size_or_unknown(&c.range);
        match &c.init.kind {
            Kind::Literal(_) => {
                let size = self.size(&c.init);
                self.keep(e.id, size, None);
            }
            Kind::List(_) | Kind::Map(_) => self.keep(e.id, Some(count), step_entry),
            _ => {}
        }
        sum.plus(count.times(each))
    }

    fn cost_call(&mut self, e: &Expr, call: &Call) -> Range {
        if let ("dyn", [arg]) = (&*call.function, call.args.as_slice()) {
            let sum = self.cost(arg).plus(ONE);
            let (size, entry) = (self.size(arg), self.entry(arg));
            self.keep(e.id, size, entry);
            return sum;
        }
        let mut costs = Vec::with_capacity(call.args.len());
        let mut args = Vec::with_capacity(call.args.len());
        for arg in &call.args {
            costs.push(self.cost(arg));
            args.push(self.argument(arg));
        }
        let overloads: Vec<&str> = match &*call.function {
            "_?._" => vec!["select_optional_field"],
            _ => self.checked.calls(e.id).iter().map(|o| o.row.id).collect(),
        };
        let mut sum = Range::default();
        let target = call.target.as_ref().map(|target| {
            sum = self.cost(target);
            self.argument(target)
        });
        let mut price = Range { min: u64::MAX, max: 0 };
        let mut size: Option<Range> = None;
        for id in overloads {
            let (own, made) = self.price(e, &call.function, id, target.as_ref(), &args, &costs);
            price = price.union(own);
            size = match (size, made) {
                (Some(a), Some(b)) => Some(a.union(b)),
                (a, b) => a.or(b),
            };
            if let ("index_list" | "index_map", Some(first)) = (id, call.args.first()) {
                size = self.entry(first).map(|x| x.value);
                let path = self.extended(first, if id == "index_list" { "@items" } else { "@values" });
                self.paths.insert(e.id, path);
            }
            if size.is_none() {
                size = self.size(e);
            }
        }
        self.keep(e.id, size, None);
        sum.plus(price)
    }

    fn argument<'e>(&mut self, e: &'e Expr) -> Argument<'e> {
        let mut path = self.path(e);
        if path.first().is_some_and(|p| matches!(&**p, "@result" | "__result__")) {
            path.clear();
        }
        let size = self.size(e);
        Argument { path, ty: self.checked.type_of(e.id).clone(), expr: e, size }
    }

    fn local(&self, name: &str) -> Option<&Local> {
        self.locals.iter().rev().find(|l| &*l.name == name)
    }

    fn path(&self, e: &Expr) -> Vec<Name> {
        let local = e.as_ident().and_then(|name| self.local(name));
        local.map(|l| l.path.clone()).or_else(|| self.paths.get(&e.id).cloned()).unwrap_or_default()
    }

    fn extended(&self, e: &Expr, by: &str) -> Vec<Name> {
        let mut path = self.path(e);
        path.push(by.into());
        path
    }

    fn push(&mut self, name: &Name, range: &Expr, part: &str, size: Option<Range>) {
        let path = self.extended(range, part);
        self.locals.push(Local { name: name.clone(), path, size, entry: None });
    }

    fn push_value(&mut self, name: &Name, value: &Expr) {
        let (path, size, entry) = (self.path(value), self.size(value), self.entry(value));
        self.locals.push(Local { name: name.clone(), path, size, entry });
    }

    /// Remembers the sizes of a node.
    fn keep(&mut self, id: u32, size: Option<Range>, entry: Option<EntrySize>) {
        if let Some(size) = size {
            self.sizes.insert(id, size);
        }
        if let Some(entry) = entry {
            self.entries.insert(id, entry);
        }
    }

    fn size_or_unknown(&mut self, e: &Expr) -> Range {
        self.size(e).unwrap_or(Range::UNKNOWN)
    }

    fn size(&mut self, e: &Expr) -> Option<Range> {
        if let Some(size) = self.sizes.get(&e.id) {
            return Some(*size);
        }
        if let Some(size) = written_size(e) {
            return Some(size);
        }
        let ty = self.checked.type_of(e.id);
        if let Some(size) = self.hints.size(&self.path(e), ty) {
            self.sizes.insert(e.id, size);
            return Some(size);
        }
        if is_scalar(ty) {
            return Some(ONE);
        }
        e.as_ident().and_then(|name| self.local(name)).and_then(|l| l.size)
    }

    fn entry(&self, e: &Expr) -> Option<EntrySize> {
        let local = || e.as_ident().and_then(|name| self.local(name)).and_then(|l| l.entry);
        self.entries.get(&e.id).copied().or_else(local)
    }
}

/// The size of what is written out.
fn written_size(e: &Expr) -> Option<Range> {
    let size = match &e.kind {
        Kind::Literal(Literal::String(text)) => text.chars().count(),
        Kind::Literal(Literal::Bytes(bytes)) => bytes.len(),
        Kind::Literal(_) => 1,
        Kind::List(items) => items.len(),
        Kind::Map(entries) => entries.len(),
        _ => return None,
    };
    Some(Range::exactly(size as u64))
}

fn is_scalar(ty: &Type) -> bool {
    match ty {
        Type::Bool | Type::Double | Type::Duration | Type::Int | Type::Timestamp | Type::Uint => true,
        other => other.unwrap_optional().is_some_and(is_scalar),
    }
}

/// Whether a loop is a binding of a variable.
fn is_bind(c: &Comprehension) -> bool {
    matches!(&c.range.kind, Kind::List(items) if items.is_empty())
        && matches!(c.condition.as_literal(), Some(Literal::Bool(false)))
}
