//! What an expression may mention: variables, functions, object types.
//!
//! Entry point: [`Env`].

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use crate::ast::{Name, Parsed};
use crate::checker::{self, Checked};
use crate::error::Error;
use crate::library::{self, Row};
use crate::parser::{self, Macros};
use crate::source::{Issues, Source};
use crate::stack;
use crate::types::{FieldType, Type, TypeProvider};

/// The surroundings expressions are compiled in.
///
/// ```
/// use cel::{Env, Type};
/// let env = Env::kubernetes().variable("x", Type::Int);
/// assert_eq!(env.compile("x + 1").unwrap().output_type(), &Type::Int);
/// let issues = env.compile("x + 'a'").unwrap_err();
/// assert_eq!(
///     issues.to_string(),
///     "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | x + 'a'\n | ..^"
/// );
/// ```
#[derive(Clone)]
pub struct Env {
    functions: &'static Functions,
    variables: Vec<(Name, Type)>,
    /// The names of the variables, shared with everything that is made in these surroundings.
    names: Arc<[Name]>,
    provider: Option<Arc<dyn TypeProvider>>,
    container: String,
    macros: Macros,
    /// Whether literals are validated as Kubernetes does.
    validate: bool,
    json_patch: bool,
}

impl Env {
    /// The language and libraries of Kubernetes 1.36.
    pub fn kubernetes() -> Self {
        Self {
            functions: &KUBERNETES,
            variables: Vec::new(),
            names: Arc::default(),
            provider: None,
            container: String::new(),
            macros: Macros::default(),
            validate: true,
            json_patch: false,
        }
    }

    /// The language as its specification has it: literals may mix types, `cel.bind` is known.  Functions are those of
    /// Kubernetes.
    pub fn standard() -> Self {
        Self { macros: Macros { standard: true, bindings: true }, validate: false, ..Self::kubernetes() }
    }

    /// Declares a variable; a later one of the same name replaces it.
    #[must_use]
    pub fn variable(mut self, name: &str, ty: Type) -> Self {
        match self.variables.iter_mut().find(|(n, _)| &**n == name) {
            Some(slot) => slot.1 = ty,
            None => {
                self.variables.push((name.into(), ty));
                self.names = self.variables.iter().map(|(name, _)| name.clone()).collect();
            }
        }
        self
    }

    /// Sets who knows the object types.
    #[must_use]
    pub fn provider(mut self, provider: Arc<dyn TypeProvider>) -> Self {
        self.provider = Some(provider);
        self
    }

    /// Sets the namespace that names are looked up in first.
    #[must_use]
    pub fn container(mut self, name: &str) -> Self {
        name.clone_into(&mut self.container);
        self
    }

    /// Adds the functions that mutating policies have for JSON patches.
    #[must_use]
    pub fn json_patch(mut self) -> Self {
        self.json_patch = true;
        self
    }

    /// Adds `cel.bind`.
    #[must_use]
    pub fn bindings(mut self) -> Self {
        self.macros.bindings = true;
        self
    }

    /// Parses and checks an expression.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn compile(&self, text: &str) -> Result<Checked, Issues> {
        let deep = stack::is_deep(text);
        stack::with_room(deep, || self.compile_here(text, deep)).unwrap_or_else(|e| Err(no_room(text, &e)))
    }

    fn compile_here(&self, text: &str, deep: bool) -> Result<Checked, Issues> {
        let source = Source::new(text);
        let mut issues = Issues::new(source.clone());
        let parsed = self.parse_into(&source, &mut issues);
        if !issues.is_empty() {
            return Err(issues);
        }
        checker::check(self, parsed, deep, &mut issues).filter(|_| issues.is_empty()).ok_or(issues)
    }

    /// Parses an expression and leaves types and names alone.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with its syntax.
    pub fn parse(&self, text: &str) -> Result<Parsed, Issues> {
        let parse = || {
            let source = Source::new(text);
            let mut issues = Issues::new(source.clone());
            let parsed = self.parse_into(&source, &mut issues);
            if issues.is_empty() { Ok(parsed) } else { Err(issues) }
        };
        stack::with_room(stack::is_deep(text), parse).unwrap_or_else(|e| Err(no_room(text, &e)))
    }

    fn parse_into(&self, source: &Source, issues: &mut Issues) -> Parsed {
        parser::parse(source, &self.macros, issues)
    }

    pub(crate) fn container_name(&self) -> &str {
        &self.container
    }

    pub(crate) fn validates(&self) -> bool {
        self.validate
    }

    /// The place of a variable and its type.
    pub(crate) fn find_variable(&self, name: &str) -> Option<(usize, &Type)> {
        self.variables.iter().enumerate().find(|(_, (n, _))| &**n == name).map(|(i, (_, t))| (i, t))
    }

    /// The declared variables in order.
    pub fn variables(&self) -> &[(Name, Type)] {
        &self.variables
    }

    pub(crate) fn names(&self) -> Arc<[Name]> {
        self.names.clone()
    }

    pub(crate) fn has_type(&self, name: &str) -> bool {
        self.provider.as_ref().is_some_and(|p| p.has_type(name))
    }

    pub(crate) fn field(&self, type_name: &str, field: &str) -> Option<FieldType> {
        self.provider.as_ref()?.field(type_name, field)
    }

    pub(crate) fn function(&self, name: &str) -> Option<(&'static str, &'static [Overload])> {
        if name.starts_with("jsonpatch.") && !self.json_patch {
            return None;
        }
        self.functions.get_key_value(name).map(|(n, o)| (*n, o.as_slice()))
    }

    /// The names a name may stand for, the longest namespace first.
    pub(crate) fn candidates(&self, name: &str) -> Vec<String> {
        if let Some(absolute) = name.strip_prefix('.') {
            return vec![absolute.to_owned()];
        }
        let mut out = Vec::new();
        let mut prefix = self.container.as_str();
        while !prefix.is_empty() {
            out.push(format!("{prefix}.{name}"));
            prefix = prefix.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
        out.push(name.to_owned());
        out
    }
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Env")
            .field("variables", &self.variables)
            .field("container", &self.container)
            .finish_non_exhaustive()
    }
}

fn no_room(text: &str, why: &Error) -> Issues {
    let mut issues = Issues::new(Source::new(text));
    issues.report(None, why.to_string());
    issues
}

type Functions = HashMap<&'static str, Vec<Overload>>;

/// One signature of a function.
#[derive(Debug)]
pub(crate) struct Overload {
    pub row: &'static Row,
    pub member: bool,
    /// The receiver first, when there is one.
    pub args: Vec<Type>,
    pub result: Type,
    /// Whether any of the types has parameters.
    pub generic: bool,
}

impl Overload {
    /// Reads a signature such as `string.(string, int): bool`.
    fn read(row: &'static Row) -> Self {
        let (args, result) = row.sig.rsplit_once("): ").unwrap_or((row.sig, "dyn"));
        let (receiver, args) =
            args.split_once('(').filter(|(r, _)| r.is_empty() || r.ends_with('.')).unwrap_or_else(|| {
                // The receiver has parentheses of its own.
                args.split_once(").(")
                    .map_or(("", args), |(_, a)| (args.split_at(args.len() - a.len() - 1).0, a))
            });
        let member = !receiver.is_empty();
        let receiver = receiver.trim_end_matches('.');
        let mut types: Vec<Type> = if member { vec![Type::read(receiver)] } else { Vec::new() };
        types.extend(split_args(args).map(Type::read));
        let result = Type::read(result);
        let generic = types.iter().chain([&result]).any(has_param);
        Self { row, member, args: types, result, generic }
    }
}

/// Arguments at the commas outside parentheses.
fn split_args(args: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    args.split(move |c| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        c == ',' && depth == 0
    })
    .filter(|a| !a.is_empty())
}

fn has_param(ty: &Type) -> bool {
    match ty {
        Type::Param(_) => true,
        Type::List(of) => has_param(of),
        Type::Map(of) => has_param(&of.0) || has_param(&of.1),
        Type::Type(of) => of.as_ref().is_some_and(|t| has_param(t)),
        Type::Opaque(_, params) => params.iter().any(has_param),
        _ => false,
    }
}

/// Whether the signatures of a function differ in their number of arguments.
pub(crate) fn is_variadic(function: &str) -> bool {
    let mut counts = KUBERNETES.get(function).into_iter().flatten().map(|o| o.args.len());
    let first = counts.next();
    counts.any(|n| Some(n) != first)
}

static KUBERNETES: LazyLock<Functions> = LazyLock::new(|| {
    let mut functions = Functions::new();
    for row in library::rows() {
        functions.entry(row.name).or_default().push(Overload::read(row));
    }
    functions
});
