//! Names to variables and functions, and a type for every node; texts of errors are cel-go's.
//!
//! Entry point: [`check`].

mod literals;
mod unify;
mod validate;

use std::sync::Arc;

use crate::ast::{Call, Comprehension, Expr, Kind, Literal, Name, Parsed};
use crate::env::{Env, Overload};
use crate::source::Issues;
use crate::types::Type;
use unify::Substitution;

/// What a name or call turned out to be.
#[derive(Clone, Debug)]
pub(crate) enum Reference {
    /// A declared variable, by its place.
    Variable(usize),
    /// A variable of a loop.
    Local,
    /// A type used as a value.
    Type(Type),
    /// The functions a call may stand for; more than one when the arguments' types are not known.
    Calls(Vec<&'static Overload>),
}

/// A checked expression; turn it into a [`crate::Program`] or [estimate](Checked::estimate) its cost.
#[derive(Clone, Debug)]
pub struct Checked {
    pub(crate) root: Expr,
    pub(crate) offsets: Vec<u32>,
    pub(crate) types: Vec<Type>,
    pub(crate) references: Vec<Option<Reference>>,
    /// The names of members that fields of objects stand for, by the node.
    pub(crate) keys: Vec<Option<Name>>,
    pub(crate) variables: Arc<[Name]>,
    /// Whether it nests so deeply that working on it takes much stack.
    pub(crate) deep: bool,
    output: Type,
}

impl Checked {
    /// The type of the value.
    pub fn output_type(&self) -> &Type {
        &self.output
    }

    /// The tree.
    pub fn expr(&self) -> &Expr {
        &self.root
    }

    pub(crate) fn type_of(&self, id: u32) -> &Type {
        self.types.get(id as usize).unwrap_or(&Type::Dyn)
    }

    pub(crate) fn reference(&self, id: u32) -> Option<&Reference> {
        self.references.get(id as usize).and_then(Option::as_ref)
    }

    pub(crate) fn calls(&self, id: u32) -> &[&'static Overload] {
        if let Some(Reference::Calls(found)) = self.reference(id) { found } else { &[] }
    }

    pub(crate) fn key(&self, id: u32) -> Option<&Name> {
        self.keys.get(id as usize).and_then(Option::as_ref)
    }

    /// The members the expression selects anywhere, of whatever.
    pub(crate) fn members(&self) -> Vec<Name> {
        let (mut found, mut todo) = (Vec::new(), vec![&self.root]);
        while let Some(node) = todo.pop() {
            match &node.kind {
                Kind::Select(s) => found.push(s.field.clone()),
                Kind::Call(c) if &*c.function == "_?._" => {
                    if let Some(Literal::String(field)) = c.args.get(1).and_then(Expr::as_literal) {
                        found.push(field.clone());
                    }
                }
                _ => {}
            }
            todo.extend(node.children());
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The declared variables the expression mentions.
    pub fn mentions(&self) -> Vec<&str> {
        let used = self.references.iter().flatten();
        let mut names: Vec<&str> = used
            .filter_map(|r| if let Reference::Variable(i) = r { self.variables.get(*i) } else { None })
            .map(|n| &**n)
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// Checks an expression; what is wrong goes to `issues`.
pub(crate) fn check(env: &Env, parsed: Parsed, deep: bool, issues: &mut Issues) -> Option<Checked> {
    let Parsed { mut root, offsets } = parsed;
    let count = offsets.len();
    let mut checker = Checker {
        env,
        offsets,
        issues,
        types: vec![None; count],
        references: vec![None; count],
        keys: vec![None; count],
        substitution: Substitution::default(),
        locals: Vec::new(),
    };
    checker.check(&mut root);
    if !checker.issues.is_empty() {
        return None;
    }
    let Checker { offsets, types, references, keys, substitution, .. } = checker;
    let types: Vec<Type> =
        types.into_iter().map(|t| t.map_or(Type::Dyn, |t| substitution.apply(&t, true))).collect();
    let output = types.get(root.id as usize).cloned().unwrap_or(Type::Dyn);
    let variables = env.names();
    let checked = Checked { root, offsets, types, references, keys, variables, deep, output };
    if env.validates() {
        validate::validate(&checked, issues);
    }
    Some(checked)
}

struct Checker<'a> {
    env: &'a Env,
    offsets: Vec<u32>,
    issues: &'a mut Issues,
    types: Vec<Option<Type>>,
    references: Vec<Option<Reference>>,
    keys: Vec<Option<Name>>,
    substitution: Substitution,
    /// The variables of the loops around, innermost last.
    locals: Vec<(Name, Type)>,
}

impl Checker<'_> {
    fn report(&mut self, id: u32, message: String) {
        let offset = self.offsets.get(id as usize).copied();
        self.issues.report(offset, message);
    }

    fn set_type(&mut self, id: u32, ty: Type) {
        if let Some(slot) = self.types.get_mut(id as usize) {
            *slot = Some(ty);
        }
    }

    fn type_of(&self, id: u32) -> Type {
        self.types.get(id as usize).and_then(Clone::clone).unwrap_or(Type::Error)
    }

    /// The type with what is known of its parameters.
    fn resolved(&self, id: u32) -> Type {
        self.substitution.apply(&self.type_of(id), false)
    }

    fn refer(&mut self, id: u32, to: Reference) {
        if let Some(slot) = self.references.get_mut(id as usize) {
            *slot = Some(to);
        }
    }

    fn undeclared(&mut self, id: u32, name: &str) {
        let container = self.env.container_name();
        self.report(id, format!("undeclared reference to '{name}' (in container '{container}')"));
        self.set_type(id, Type::Error);
    }

    fn check(&mut self, e: &mut Expr) {
        match &mut e.kind {
            Kind::Unspecified => {
                self.report(e.id, "unexpected unspecified type: exprpb.Expr".to_owned());
                self.set_type(e.id, Type::Error);
            }
            Kind::Literal(literal) => {
                let ty = literal_type(literal);
                self.set_type(e.id, ty);
            }
            Kind::Ident(name) => {
                let name = name.clone();
                self.check_ident(e.id, &name);
            }
            Kind::Select(_) => self.check_select(e),
            Kind::Call(_) => self.check_call(e),
            Kind::List(items) => self.check_list(e.id, items),
            Kind::Map(entries) => self.check_map(e.id, entries),
            Kind::Struct(s) => self.check_struct(e.id, s),
            Kind::Comprehension(c) => self.check_comprehension(e.id, c),
        }
    }

    fn check_ident(&mut self, id: u32, name: &str) {
        if let Some((_, ty)) = self.locals.iter().rev().find(|(n, _)| &**n == name) {
            let ty = ty.clone();
            self.set_type(id, ty);
            self.refer(id, Reference::Local);
        } else if !self.resolve_global(id, name) {
            self.undeclared(id, name);
        }
    }

    /// A variable or type of the outermost scope.
    fn resolve_global(&mut self, id: u32, name: &str) -> bool {
        for candidate in self.env.candidates(name) {
            if let Some((at, ty)) = self.env.find_variable(&candidate) {
                self.set_type(id, ty.clone());
                self.refer(id, Reference::Variable(at));
                return true;
            }
            let named = Type::named(&candidate);
            let object = self.env.has_type(&candidate).then(|| Type::object(&candidate));
            if let Some(ty) = named.or(object) {
                self.set_type(id, Type::of_type(ty.clone()));
                self.refer(id, Reference::Type(ty));
                return true;
            }
        }
        false
    }

    fn check_select(&mut self, e: &mut Expr) {
        let id = e.id;
        // `a.b` may be one name.
        if let Some(name) = e.qualified_name() {
            let first = name.split('.').find(|p| !p.is_empty()).unwrap_or("");
            let shadowed = !name.starts_with('.') && self.locals.iter().any(|(n, _)| &**n == first);
            if !shadowed && self.resolve_global(id, &name) {
                e.kind = Kind::Ident(name.into());
                return;
            }
        }
        let Kind::Select(select) = &mut e.kind else { return };
        let ty = self.check_field(id, &mut select.operand, &select.field, false);
        let ty = if select.test_only { Type::Bool } else { ty };
        let ty = self.substitution.apply(&ty, false);
        self.set_type(id, ty);
    }

    /// The type of a field of an operand.
    fn check_field(&mut self, id: u32, operand: &mut Expr, field: &str, optional: bool) -> Type {
        self.check(operand);
        let ty = self.resolved(operand.id);
        let inner = ty.unwrap_optional();
        let target = inner.unwrap_or(&ty);
        let found = match target {
            Type::Map(of) => of.1.clone(),
            Type::Struct(name) => self.field_type(id, name, field).unwrap_or(Type::Error),
            Type::Var(_) | Type::Param(_) => {
                self.substitution.assign(&Type::Dyn, target);
                Type::Dyn
            }
            other => {
                if !other.is_dyn_or_error() {
                    self.report(id, format!("type '{other}' does not support field selection"));
                }
                Type::Dyn
            }
        };
        if inner.is_some() || optional { Type::optional(found) } else { found }
    }

    fn field_type(&mut self, id: u32, type_name: &str, field: &str) -> Option<Type> {
        if !self.env.has_type(type_name) {
            self.report(id, format!("unexpected failed resolution of '{type_name}'"));
            return None;
        }
        let Some(found) = self.env.field(type_name, field) else {
            self.report(id, format!("undefined field '{field}'"));
            return None;
        };
        if let Some(slot) = self.keys.get_mut(id as usize) {
            *slot = found.key;
        }
        Some(found.ty)
    }

    fn check_call(&mut self, e: &mut Expr) {
        let id = e.id;
        let Kind::Call(call) = &mut e.kind else { return };
        if &*call.function == "_?._" {
            return self.check_optional_select(id, call);
        }
        for arg in &mut call.args {
            self.check(arg);
        }
        let namespaced = call.target.as_ref().and_then(Expr::qualified_name);
        let wanted = match (&call.target, namespaced) {
            (None, _) => Some(call.function.to_string()),
            (Some(_), prefix) => prefix.map(|p| format!("{p}.{}", call.function)),
        };
        let found =
            wanted.and_then(|name| self.env.candidates(&name).iter().find_map(|c| self.env.function(c)));
        if let Some((name, overloads)) = found {
            call.function = name.into();
            call.target = None;
            return self.resolve(id, call, overloads);
        }
        let Some(target) = &mut call.target else {
            return self.undeclared(id, &call.function);
        };
        self.check(target);
        let found = self.env.candidates(&call.function).iter().find_map(|c| self.env.function(c));
        match found {
            Some((name, overloads)) => {
                call.function = name.into();
                self.resolve(id, call, overloads);
            }
            None => self.undeclared(id, &call.function),
        }
    }

    fn check_optional_select(&mut self, id: u32, call: &mut Call) {
        let [operand, field] = call.args.as_mut_slice() else { return };
        let Some(Literal::String(name)) = field.as_literal().cloned() else { return };
        self.set_type(field.id, Type::String);
        let ty = self.check_field(id, operand, &name, true);
        let ty = self.substitution.apply(&ty, false);
        self.set_type(id, ty);
    }

    /// Picks the signatures of a function that fit.
    fn resolve(&mut self, id: u32, call: &Call, overloads: &'static [Overload]) {
        let args: Vec<&Expr> = call.target.iter().chain(&call.args).collect();
        let types: Vec<Type> = args.iter().map(|a| self.type_of(a.id)).collect();
        let styled = overloads.iter().filter(|o| o.member == call.target.is_some());
        if matches!(&*call.function, "_&&_" | "_||_") {
            return self.resolve_logic(id, &args, &types, styled.collect());
        }
        let (mut result, mut rows) = (None, Vec::new());
        for overload in styled {
            let (wanted, gives) = if overload.generic {
                self.substitution.instantiate(&overload.args, &overload.result)
            } else {
                (overload.args.clone(), overload.result.clone())
            };
            if !self.substitution.assign_all(&types, &wanted) {
                continue;
            }
            rows.push(overload);
            let gives = self.substitution.apply(&gives, false);
            result = Some(match result {
                None => gives,
                Some(Type::Dyn) => Type::Dyn,
                Some(before) if before == gives => before,
                Some(_) => Type::Dyn,
            });
        }
        let Some(result) = result else {
            let shown: Vec<String> =
                types.iter().map(|t| self.substitution.apply(t, true).to_string()).collect();
            let signature = match (call.target.is_some(), shown.split_first()) {
                (true, Some((target, rest))) => format!("{target}.({})", rest.join(", ")),
                _ => format!("({})", shown.join(", ")),
            };
            self.report(
                id,
                format!("found no matching overload for '{}' applied to '{signature}'", call.function),
            );
            return self.set_type(id, Type::Error);
        };
        self.set_type(id, result);
        self.refer(id, Reference::Calls(rows));
    }

    fn resolve_logic(&mut self, id: u32, args: &[&Expr], types: &[Type], rows: Vec<&'static Overload>) {
        let mut good = true;
        for (arg, ty) in args.iter().zip(types) {
            if !self.substitution.assign(ty, &Type::Bool) {
                self.report(arg.id, format!("expected type 'bool' but found '{ty}'"));
                good = false;
            }
        }
        self.set_type(id, if good { Type::Bool } else { Type::Error });
        self.refer(id, Reference::Calls(rows));
    }

    fn check_comprehension(&mut self, id: u32, c: &mut Comprehension) {
        self.check(&mut c.range);
        self.check(&mut c.init);
        let range = self.resolved(c.range.id);
        let accu = self.type_of(c.init.id);
        let outer = self.locals.len();
        self.locals.push((c.accu.clone(), accu.clone()));
        let (first, second) = match &range {
            Type::List(of) if c.var2.is_some() => (Type::Int, (**of).clone()),
            Type::List(of) => ((**of).clone(), Type::Dyn),
            Type::Map(of) => (of.0.clone(), of.1.clone()),
            Type::Dyn | Type::Error | Type::Var(_) | Type::Param(_) => {
                self.substitution.assign(&Type::Dyn, &range);
                (Type::Dyn, Type::Dyn)
            }
            other => {
                let message = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                self.report(c.range.id, message);
                (Type::Error, Type::Error)
            }
        };
        self.locals.push((c.var.clone(), first));
        if let Some(var2) = &c.var2 {
            self.locals.push((var2.clone(), second));
        }
        self.check(&mut c.condition);
        self.expect(c.condition.id, &Type::Bool);
        self.check(&mut c.step);
        self.expect(c.step.id, &accu);
        self.locals.truncate(outer + 1);
        self.check(&mut c.result);
        self.locals.truncate(outer);
        let ty = self.resolved(c.result.id);
        self.set_type(id, ty);
    }

    fn expect(&mut self, id: u32, ty: &Type) {
        let found = self.type_of(id);
        if !self.substitution.assign(ty, &found) {
            self.report(id, format!("expected type '{ty}' but found '{found}'"));
        }
    }
}

fn literal_type(literal: &Literal) -> Type {
    match literal {
        Literal::Null => Type::Null,
        Literal::Bool(_) => Type::Bool,
        Literal::Int(_) => Type::Int,
        Literal::Uint(_) => Type::Uint,
        Literal::Double(_) => Type::Double,
        Literal::String(_) => Type::String,
        Literal::Bytes(_) => Type::Bytes,
    }
}
