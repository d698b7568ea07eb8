//! Which type fits where, and what type parameters stand for.
//!
//! Entry point: [`Substitution`].

use std::sync::Arc;

use crate::types::Type;

/// What is known of the type variables.
#[derive(Clone, Debug, Default)]
pub(super) struct Substitution {
    bound: Vec<Option<Type>>,
    /// Earlier bindings of variables that were bound since, to go back to.
    trail: Vec<(u32, Option<Type>)>,
}

impl Substitution {
    /// A new variable.
    pub(super) fn fresh(&mut self) -> Type {
        self.bound.push(None);
        Type::Var(self.bound.len() as u32 - 1)
    }

    /// A signature with new variables for its parameters.
    pub(super) fn instantiate(&mut self, args: &[Type], result: &Type) -> (Vec<Type>, Type) {
        let mut names: Vec<(Arc<str>, Type)> = Vec::new();
        let args = args.iter().map(|t| self.replace(t, &mut names)).collect();
        (args, self.replace(result, &mut names))
    }

    fn replace(&mut self, ty: &Type, names: &mut Vec<(Arc<str>, Type)>) -> Type {
        match ty {
            Type::Param(name) => {
                if let Some((_, var)) = names.iter().find(|(n, _)| n == name) {
                    return var.clone();
                }
                let var = self.fresh();
                names.push((name.clone(), var.clone()));
                var
            }
            Type::List(of) => Type::list(self.replace(of, names)),
            Type::Map(of) => Type::map(self.replace(&of.0, names), self.replace(&of.1, names)),
            Type::Type(Some(of)) => Type::of_type(self.replace(of, names)),
            Type::Opaque(name, params) => {
                Type::Opaque(name.clone(), params.iter().map(|p| self.replace(p, names)).collect())
            }
            other => other.clone(),
        }
    }

    /// The type with variables replaced by what they stand for; unbound ones become `dyn` if asked for.
    pub(super) fn apply(&self, ty: &Type, to_dyn: bool) -> Type {
        match ty {
            Type::Var(_) => match self.find(ty) {
                Some(bound) => self.apply(bound, to_dyn),
                None if to_dyn => Type::Dyn,
                None => ty.clone(),
            },
            Type::List(of) => Type::list(self.apply(of, to_dyn)),
            Type::Map(of) => Type::map(self.apply(&of.0, to_dyn), self.apply(&of.1, to_dyn)),
            Type::Type(Some(of)) => Type::of_type(self.apply(of, to_dyn)),
            Type::Opaque(name, params) => {
                Type::Opaque(name.clone(), params.iter().map(|p| self.apply(p, to_dyn)).collect())
            }
            other => other.clone(),
        }
    }

    /// True when a value of one type may stand where the other is wanted; binds variables if so.
    pub(super) fn assign(&mut self, t1: &Type, t2: &Type) -> bool {
        self.attempt(|s| s.fits(t1, t2))
    }

    /// The same for lists of types.
    pub(super) fn assign_all(&mut self, l1: &[Type], l2: &[Type]) -> bool {
        self.attempt(|s| s.fit_all(l1, l2))
    }

    /// The one of two types that fit each other which says less.
    pub(super) fn most_general(&self, t1: Type, t2: Type) -> Type {
        if less_specific(&t1, &t2) { t1 } else { t2 }
    }

    /// Undoes the bindings when the attempt fails.
    fn attempt(&mut self, attempt: impl FnOnce(&mut Self) -> bool) -> bool {
        self.trail.clear();
        let good = attempt(self);
        if !good {
            while let Some((var, before)) = self.trail.pop() {
                if let Some(slot) = self.bound.get_mut(var as usize) {
                    *slot = before;
                }
            }
        }
        good
    }

    fn find(&self, ty: &Type) -> Option<&Type> {
        if let Type::Var(n) = ty { self.bound.get(*n as usize)?.as_ref() } else { None }
    }

    fn bind(&mut self, var: &Type, to: &Type) {
        if let Type::Var(n) = var
            && let Some(slot) = self.bound.get_mut(*n as usize)
        {
            self.trail.push((*n, slot.replace(to.clone())));
        }
    }

    fn fits(&mut self, t1: &Type, t2: &Type) -> bool {
        if let Type::Var(_) = t2 {
            let (valid, has) = self.stands_for(t1, t2);
            if valid || has {
                return valid;
            }
        }
        if let Type::Var(_) = t1 {
            return self.stands_for(t2, t1).0;
        }
        if t1.is_dyn_or_error() || t2.is_dyn_or_error() {
            return true;
        }
        match (t1, t2) {
            (Type::Null, other) | (other, Type::Null) => matches!(
                other,
                Type::Null | Type::Opaque(..) | Type::Struct(_) | Type::Duration | Type::Timestamp
            ),
            (Type::Type(_), Type::Type(_)) => true,
            (Type::List(a), Type::List(b)) => self.fits(a, b),
            (Type::Map(a), Type::Map(b)) => self.fits(&a.0, &b.0) && self.fits(&a.1, &b.1),
            (Type::Opaque(n, a), Type::Opaque(m, b)) => n == m && self.fit_all(a, b),
            (a, b) => a == b,
        }
    }

    fn fit_all(&mut self, l1: &[Type], l2: &[Type]) -> bool {
        l1.len() == l2.len() && l1.iter().zip(l2).all(|(a, b)| self.fits(a, b))
    }

    /// Whether variable `t2` may stand for `t1`, and whether it stands for something already.
    fn stands_for(&mut self, t1: &Type, t2: &Type) -> (bool, bool) {
        if t1 == t2 {
            return (true, true);
        }
        if let Some(bound) = self.find(t2).cloned() {
            if *t1 == bound {
                return (true, true);
            }
            if self.fits(t1, &bound) {
                let general = self.most_general(t1.clone(), bound);
                if self.absent(t2, &general) {
                    self.bind(t2, &general);
                }
                return (true, true);
            }
            return (false, true);
        }
        if self.absent(t2, t1) {
            self.bind(t2, t1);
            return (true, false);
        }
        (false, false)
    }

    /// True when a variable does not occur in a type.
    fn absent(&self, var: &Type, within: &Type) -> bool {
        if var == within {
            return false;
        }
        match within {
            Type::Var(_) => self.find(within).is_none_or(|bound| self.absent(var, bound)),
            Type::List(of) => self.absent(var, of),
            Type::Map(of) => self.absent(var, &of.0) && self.absent(var, &of.1),
            Type::Type(Some(of)) => self.absent(var, of),
            Type::Opaque(_, params) => params.iter().all(|p| self.absent(var, p)),
            _ => true,
        }
    }
}

/// True when the first type says as much as the second or less.
fn less_specific(t1: &Type, t2: &Type) -> bool {
    match (t1, t2) {
        (Type::Dyn | Type::Var(_) | Type::Param(_), _) => true,
        (_, Type::Dyn | Type::Var(_) | Type::Param(_)) => false,
        (Type::Opaque(n, a), Type::Opaque(m, b)) => {
            n == m && a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| less_specific(a, b))
        }
        (Type::List(a), Type::List(b)) => less_specific(a, b),
        (Type::Map(a), Type::Map(b)) => less_specific(&a.0, &b.0) && less_specific(&a.1, &b.1),
        (Type::Type(_), Type::Type(_)) => true,
        (a, b) => a == b,
    }
}
