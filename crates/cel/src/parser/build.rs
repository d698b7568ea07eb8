//! Making nodes: ids, places and how deep operators nest.

use super::Parser;
use crate::ast::{Call, Expr, Kind, Literal, Name, Select};
use crate::lexer::Tok;

/// The function an operator stands for.
pub(super) fn operator_name(op: Tok) -> &'static str {
    match op {
        Tok::Equals => "_==_",
        Tok::NotEquals => "_!=_",
        Tok::In => "@in",
        Tok::Less => "_<_",
        Tok::LessEquals => "_<=_",
        Tok::GreaterEquals => "_>=_",
        Tok::Greater => "_>_",
        Tok::Plus => "_+_",
        Tok::Minus => "_-_",
        Tok::Star => "_*_",
        Tok::Slash => "_/_",
        _ => "_%_",
    }
}

impl Parser<'_> {
    /// A new node's id; `offset` is where it begins.
    pub(super) fn id(&mut self, offset: u32) -> u32 {
        self.offsets.push(offset);
        self.heights.push(0);
        self.offsets.len() as u32 - 1
    }

    pub(super) fn offset(&self, id: u32) -> u32 {
        self.offsets.get(id as usize).copied().unwrap_or(0)
    }

    pub(super) fn set_height(&mut self, id: u32, height: u32) {
        if let Some(h) = self.heights.get_mut(id as usize) {
            *h = height;
        }
    }

    pub(super) fn height_of<'e>(&self, children: impl Iterator<Item = &'e Expr>) -> u32 {
        children.filter_map(|e| self.heights.get(e.id as usize)).copied().max().unwrap_or(0)
    }

    pub(super) fn unspecified(&mut self, offset: u32) -> Expr {
        Expr { id: self.id(offset), kind: Kind::Unspecified }
    }

    /// An error about the tree.
    pub(super) fn late_error(&mut self, offset: u32, message: String) -> Expr {
        self.late.push((Some(offset), message));
        self.unspecified(offset)
    }

    pub(super) fn string(&mut self, offset: u32, text: Name) -> Expr {
        Expr { id: self.id(offset), kind: Kind::Literal(Literal::String(text)) }
    }

    /// An operator; `counted` ones make the tree deeper.
    pub(super) fn operator(&mut self, id: u32, name: &str, args: Vec<Expr>, counted: bool) -> Expr {
        let height = self.height_of(args.iter()) + u32::from(counted);
        self.set_height(id, height);
        Expr { id, kind: Kind::Call(Box::new(Call { function: name.into(), target: None, args })) }
    }

    pub(super) fn counted_call(&mut self, id: u32, name: &str, args: Vec<Expr>) -> Expr {
        self.operator(id, name, args, true)
    }

    pub(super) fn selection(&mut self, id: u32, operand: Expr, field: Name, test_only: bool) -> Expr {
        let height = self.height_of(std::iter::once(&operand)) + 1;
        self.set_height(id, height);
        Expr { id, kind: Kind::Select(Box::new(Select { operand, field, test_only })) }
    }

    /// A call, or what the macro of that name makes of it.
    pub(super) fn call_or_macro(
        &mut self,
        id: u32,
        name: Name,
        target: Option<Expr>,
        args: Vec<Expr>,
    ) -> Expr {
        let height = self.height_of(target.iter().chain(&args)) + u32::from(target.is_some());
        let expr = self.expand(id, name, target, args);
        self.set_height(expr.id, height);
        expr
    }
}
