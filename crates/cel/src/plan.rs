//! A checked tree to a program: names become places, functions are picked, constants are computed once.
//!
//! Entry point: [`Program::new`].

mod node;
mod operator;

use std::sync::Arc;

use crate::ast::{Call, Comprehension, Expr, Kind, Name, Struct};
use crate::checker::{Checked, Reference};
use crate::error::Error;
use crate::stack;
use crate::types::Type;
use crate::value::Value;

pub(crate) use node::{BinaryCost, Fold, Invocation, Node, Path, PatternKind, Quantifier, Root};
use operator::{invocation, operator};

/// A compiled expression; share it between threads and evaluate it as often as needed.
#[derive(Debug)]
pub struct Program {
    pub(crate) root: Node,
    /// The first values of accumulators.
    pub(crate) inits: Vec<Node>,
    pub(crate) slots: usize,
    pub(crate) variables: Arc<[Name]>,
    /// Whether running it takes much stack.
    pub(crate) deep: bool,
    pub(crate) output: Type,
}

impl Program {
    /// Compiles a checked expression.
    ///
    /// # Errors
    ///
    /// When a constant part has no value, such as a conversion or pattern that cannot work.
    pub fn new(checked: &Checked) -> Result<Self, Error> {
        stack::with_room(checked.deep, || Self::plan(checked))?
    }

    fn plan(checked: &Checked) -> Result<Self, Error> {
        let mut planner = Planner { checked, locals: Vec::new(), slots: 0, inits: Vec::new() };
        let root = planner.plan(&checked.root)?;
        Ok(Self {
            root,
            inits: planner.inits,
            slots: planner.slots,
            variables: checked.variables.clone(),
            deep: checked.deep,
            output: checked.output_type().clone(),
        })
    }

    /// The type of the value.
    pub fn output_type(&self) -> &Type {
        &self.output
    }
}

/// A variable of a loop in scope.
struct Scoped {
    name: Name,
    slot: usize,
    /// The place of an accumulator's first value.
    init: Option<usize>,
    take: bool,
}

struct Planner<'a> {
    checked: &'a Checked,
    locals: Vec<Scoped>,
    slots: usize,
    inits: Vec<Node>,
}

type Planned = Result<Node, Error>;

impl Planner<'_> {
    fn plan(&mut self, e: &Expr) -> Planned {
        match &e.kind {
            Kind::Unspecified => Err(Error::new("unsupported expr: unspecified")),
            Kind::Literal(literal) => Ok(Node::Const(Value::literal(literal))),
            Kind::Ident(name) => self.plan_ident(e.id, name),
            Kind::Select(s) => {
                let operand = self.plan(&s.operand)?;
                let key = self.checked.key(e.id).unwrap_or(&s.field).clone();
                if s.test_only {
                    let operand = Box::new(uncharged(operand));
                    return Ok(Node::Has { operand, key });
                }
                Ok(selection(operand, key))
            }
            Kind::Call(call) => self.plan_call(e.id, call),
            Kind::List(items) => {
                let items: Vec<_> = items
                    .iter()
                    .map(|i| Ok((self.plan(&i.value)?, i.optional)))
                    .collect::<Result<_, Error>>()?;
                let constant = items.iter().all(|(n, _)| matches!(n, Node::Const(_)));
                folded(Node::List { items: items.into() }, constant)
            }
            Kind::Map(entries) => {
                let plan = |e: &crate::ast::Entry| Ok((self.plan(&e.key)?, self.plan(&e.value)?, e.optional));
                let entries: Vec<_> = entries.iter().map(plan).collect::<Result<_, Error>>()?;
                let constant =
                    entries.iter().all(|(k, v, _)| matches!((k, v), (Node::Const(_), Node::Const(_))));
                folded(Node::Map { entries: entries.into() }, constant)
            }
            Kind::Struct(s) => self.plan_struct(s),
            Kind::Comprehension(c) => self.plan_fold(c),
        }
    }

    fn plan_ident(&mut self, id: u32, name: &str) -> Planned {
        match self.checked.reference(id) {
            Some(Reference::Variable(at)) => Ok(Node::Variable { at: *at, cost: 1 }),
            Some(Reference::Type(ty)) => Ok(Node::Const(Value::Type(ty.clone().into()))),
            _ => match self.locals.iter().rev().find(|l| &*l.name == name) {
                Some(Scoped { slot, init: Some(init), take, .. }) => {
                    Ok(Node::Accu { slot: *slot, init: *init, cost: 1, take: *take })
                }
                Some(local) => Ok(Node::Local { slot: local.slot, cost: 1 }),
                None => Err(Error::new(format!("no such attribute(s): {name}"))),
            },
        }
    }

    fn plan_struct(&mut self, s: &Struct) -> Planned {
        let plan = |f: &crate::ast::Field| {
            let name = self.checked.key(f.id).unwrap_or(&f.name).clone();
            Ok((name, self.plan(&f.value)?, f.optional))
        };
        let fields: Vec<_> = s.fields.iter().map(plan).collect::<Result<_, Error>>()?;
        Ok(Node::Struct { type_name: s.type_name.clone(), fields: fields.into() })
    }

    fn plan_call(&mut self, id: u32, call: &Call) -> Planned {
        if &*call.function == "_?._" {
            return self.plan_optional_select(id, call);
        }
        let args: Vec<Node> =
            call.target.iter().chain(&call.args).map(|a| self.plan(a)).collect::<Result<_, Error>>()?;
        let candidates = self.checked.calls(id).to_vec();
        let single = if let [one] = candidates.as_slice() { Some(*one) } else { None };
        if matches!(args.len(), 2 | 3) || matches!(&*call.function, "!_" | "@not_strictly_false") {
            return operator(&call.function, args, candidates, single);
        }
        invocation(args, candidates)
    }

    fn plan_optional_select(&mut self, id: u32, call: &Call) -> Planned {
        let [operand, field] = call.args.as_slice() else { return Err(Error::no_such_overload()) };
        let Some(crate::ast::Literal::String(name)) = field.as_literal() else {
            return Err(Error::no_such_overload());
        };
        let operand = self.plan(operand)?;
        let extra = relative(&operand);
        let key = self.checked.key(id).unwrap_or(name).clone();
        Ok(Node::Select { operand: Box::new(operand), key, optional: true, extra })
    }

    fn slot(&mut self) -> usize {
        self.slots += 1;
        self.slots - 1
    }

    fn plan_fold(&mut self, c: &Comprehension) -> Planned {
        let init_node = self.plan(&c.init)?;
        let range = self.plan(&c.range)?;
        let bind = matches!((&c.range.kind, &c.condition.kind),
            (Kind::List(items), Kind::Literal(crate::ast::Literal::Bool(false))) if items.is_empty());
        let init = self.inits.len();
        self.inits.push(init_node);
        let accu = self.slot();
        let outer = self.locals.len();
        self.locals.push(Scoped { name: c.accu.clone(), slot: accu, init: Some(init), take: false });
        let var = self.slot();
        self.locals.push(Scoped { name: c.var.clone(), slot: var, init: None, take: false });
        let var2 = c.var2.as_ref().map(|name| {
            let slot = self.slot();
            self.locals.push(Scoped { name: name.clone(), slot, init: None, take: false });
            slot
        });
        let condition = self.plan(&c.condition)?;
        self.take_from(outer, !bind);
        let step = self.plan(&c.step)?;
        self.locals.truncate(outer + 1);
        let result = self.plan(&c.result)?;
        self.locals.truncate(outer);
        let fold = Fold { range, var, var2, accu, condition, step, result, bind };
        Ok(match quantifier(&fold, self.inits.get(init)) {
            Some(decides) => asked(fold, decides),
            None => Node::Fold(Box::new(fold)),
        })
    }

    /// Whether references to an accumulator take its value.
    fn take_from(&mut self, local: usize, take: bool) {
        if let Some(local) = self.locals.get_mut(local) {
            local.take = take;
        }
    }
}

/// Selects a field; one of a variable, or of a field of one, makes a path.
fn selection(operand: Node, key: Name) -> Node {
    match operand {
        Node::Variable { at, cost } => {
            Node::Path(Box::new(Path { root: Root::Variable(at), cost, keys: vec![key] }))
        }
        Node::Local { slot, cost } => {
            Node::Path(Box::new(Path { root: Root::Local(slot), cost, keys: vec![key] }))
        }
        Node::Path(mut path) => {
            path.keys.push(key);
            Node::Path(path)
        }
        operand => {
            let extra = relative(&operand);
            Node::Select { operand: Box::new(operand), key, optional: false, extra }
        }
    }
}

/// What decides a loop made by `all` or `exists`; `None` for other loops.
fn quantifier(fold: &Fold, init: Option<&Node>) -> Option<bool> {
    let is_accu = |node: &Node| matches!(node, Node::Accu { slot, .. } if *slot == fold.accu);
    let Some(Node::Const(Value::Bool(init))) = init else { return None };
    let Node::NotStrictlyFalse(goes_on) = &fold.condition else { return None };
    let (decides, terms) = match (&**goes_on, &fold.step) {
        (goes_on, Node::And(terms)) if is_accu(goes_on) => (false, terms),
        (Node::Not(goes_on), Node::Or(terms)) if is_accu(goes_on) => (true, terms),
        _ => return None,
    };
    let [first, predicate] = &**terms;
    (is_accu(first) && is_accu(&fold.result) && *init != decides && !mentions(predicate, fold.accu))
        .then_some(decides)
}

/// Whether a node may read an accumulator; those of macros cannot be named in an expression.
fn mentions(node: &Node, accu: usize) -> bool {
    matches!(node, Node::Accu { slot, .. } if *slot == accu)
}

fn asked(fold: Fold, decides: bool) -> Node {
    let predicate = match fold.step {
        Node::And(terms) | Node::Or(terms) => {
            let [_, predicate] = *terms;
            predicate
        }
        other => other,
    };
    let Fold { range, var, var2, .. } = fold;
    Node::Quantifier(Box::new(Quantifier { range, var, var2, predicate, decides }))
}

/// What an operand that is no variable or selection adds to the cost of selecting from it.
fn relative(operand: &Node) -> u64 {
    let attribute = matches!(
        operand,
        Node::Variable { .. }
            | Node::Local { .. }
            | Node::Accu { .. }
            | Node::Path(_)
            | Node::Select { .. }
            | Node::Has { .. }
            | Node::Index { .. }
            | Node::Ternary(_)
    );
    u64::from(!attribute)
}

/// A variable or selection that is looked at as part of something else, which does not count the variable again.
fn uncharged(node: Node) -> Node {
    match node {
        Node::Variable { at, .. } => Node::Variable { at, cost: 0 },
        Node::Local { slot, .. } => Node::Local { slot, cost: 0 },
        Node::Accu { slot, init, take, .. } => Node::Accu { slot, init, cost: 0, take },
        Node::Path(mut path) => {
            path.cost = 0;
            Node::Path(path)
        }
        Node::Select { operand, key, optional, .. } => {
            Node::Select { operand: Box::new(uncharged(*operand)), key, optional, extra: 0 }
        }
        Node::Index { operand, index, optional, .. } => {
            Node::Index { operand: Box::new(uncharged(*operand)), index, optional, extra: 0 }
        }
        other => other,
    }
}

/// A value of constants, computed now.
fn folded(node: Node, constant: bool) -> Planned {
    if constant { crate::eval::constant(&node).map(Node::Const) } else { Ok(node) }
}
