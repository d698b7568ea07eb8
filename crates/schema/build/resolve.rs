//! Follows type names across packages until only structures and scalars are left, and flattens embedded structures.
//! Entry point: [`Catalogue::new`].

use std::collections::HashMap;

use crate::table::{Flags, Member, Package, Struct};

/// All messages, in the order of their OpenAPI names.
pub struct Catalogue {
    pub messages: Vec<Message>,
    /// Group, version and kind of those that are kinds, with their position; sorted.
    pub kinds: Vec<(String, String, String, usize)>,
}

pub struct Message {
    pub name: String,
    pub go_type: String,
    pub atomic: bool,
    pub fields: Vec<Field>,
}

pub struct Field {
    pub name: String,
    pub number: u32,
    pub via: Vec<(u32, String)>,
    pub ty: Type,
    pub go: Vec<String>,
    pub pointer: bool,
    pub flags: Flags,
}

pub enum Type {
    /// A variant without content.
    Plain(&'static str),
    /// A union of `JSONSchemaProps` and an alternative.
    SchemaOr(&'static str, usize),
    Message(usize),
    List(Box<Type>),
    Map(Box<Type>),
}

/// Types with their own JSON form, and the variant that stands for them.
const SPECIAL: &[(&str, &str)] = &[
    ("bool", "Bool"),
    ("int32", "Int32"),
    ("int64", "Int64"),
    ("float64", "Double"),
    ("string", "String"),
    ("interface{}", "Json"),
    ("types.UID", "String"),
    ("types.NodeName", "String"),
    ("meta.v1.Time", "Time"),
    ("meta.v1.MicroTime", "MicroTime"),
    ("meta.v1.Duration", "Duration"),
    ("meta.v1.FieldsV1", "FieldsV1"),
    ("resource.Quantity", "Quantity"),
    ("intstr.IntOrString", "IntOrString"),
    ("runtime.RawExtension", "RawExtension"),
    ("apiextensions.v1.JSON", "Json"),
];

/// The three unions with a schema.
const SCHEMA_OR: &[(&str, &str)] = &[
    ("apiextensions.v1.JSONSchemaPropsOrBool", "Bool"),
    ("apiextensions.v1.JSONSchemaPropsOrArray", "Array"),
    ("apiextensions.v1.JSONSchemaPropsOrStringArray", "StringArray"),
];

const SCHEMA: &str = "apiextensions.v1.JSONSchemaProps";

/// Embedding deeper than this is a loop.
const MAX_EMBEDDING: usize = 8;

/// What a name stands for.
enum Meaning<'a> {
    Struct(&'a Package, &'a Struct),
    Named(&'a Package, &'a str, &'a Flags),
}

struct Names<'a> {
    packages: &'a [Package],
    /// Position of each structure by its full name, such as `core.v1.PodSpec`.
    positions: HashMap<String, usize>,
}

impl Catalogue {
    /// Resolves everything; an error names the type that is not known.
    pub fn new(packages: &[Package]) -> Result<Self, String> {
        let mut structs: Vec<(String, String, &Package, &Struct)> = Vec::new();
        let names = Names { packages, positions: HashMap::new() };
        for package in packages {
            for s in &package.structs {
                structs.push((format!("{}.{}", package.openapi, s.name), s.name.clone(), package, s));
            }
            // `type List meta.v1.List`: a structure under a second name.
            for named in package.types.iter().filter(|t| !t.alias) {
                if let Ok(Meaning::Struct(_, s)) = names.meaning(&named.ty, package) {
                    structs.push((
                        format!("{}.{}", package.openapi, named.name),
                        named.name.clone(),
                        package,
                        s,
                    ));
                }
            }
        }
        structs.sort_by(|a, b| a.0.cmp(&b.0));
        let positions =
            structs.iter().enumerate().map(|(i, (_, name, p, _))| (format!("{}.{name}", p.id), i)).collect();
        let names = Names { packages, positions };
        let mut messages = Vec::new();
        let mut kinds = Vec::new();
        for (position, (openapi, name, package, s)) in structs.iter().enumerate() {
            let home = names.home(s, package);
            let fields = names.flatten(s, home).map_err(|e| format!("{openapi}: {e}"))?;
            if let Some((group, version)) = &package.group_version
                && (name == "WatchEvent" || embeds_type_meta(s))
            {
                kinds.push((group.clone(), version.clone(), name.clone(), position));
            }
            let go_type = format!("{}.{name}", package.go_name());
            messages.push(Message { name: openapi.clone(), go_type, atomic: s.atomic, fields });
        }
        kinds.sort();
        Ok(Self { messages, kinds })
    }
}

impl Package {
    /// The name in front of its types in Go's texts.
    fn go_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

impl<'a> Names<'a> {
    /// The package that declares a structure.
    fn home(&self, s: &Struct, fallback: &'a Package) -> &'a Package {
        let holds = |p: &&Package| p.structs.iter().any(|other| std::ptr::eq(other, s));
        self.packages.iter().find(holds).unwrap_or(fallback)
    }

    /// The package and bare name of a type written in `home`.
    fn locate(&self, text: &'a str, home: &'a Package) -> Result<(&'a Package, &'a str), String> {
        let Some((id, name)) = text.rsplit_once('.') else { return Ok((home, text)) };
        let package = self.packages.iter().find(|p| p.id == id);
        Ok((package.ok_or_else(|| format!("unknown package of `{text}`"))?, name))
    }

    /// Follows aliases to a structure or a named type.
    fn meaning(&self, text: &'a str, home: &'a Package) -> Result<Meaning<'a>, String> {
        let (package, name) = self.locate(text, home)?;
        if let Some(s) = package.structs.iter().find(|s| s.name == name) {
            return Ok(Meaning::Struct(package, s));
        }
        let named = package.types.iter().find(|t| t.name == name);
        let named = named.ok_or_else(|| format!("unknown type `{text}`"))?;
        if named.alias {
            self.meaning(&named.ty, package)
        } else {
            Ok(Meaning::Named(package, &named.ty, &named.flags))
        }
    }

    /// The fields of a structure with those of the embedded ones in place.
    fn flatten(&self, s: &'a Struct, home: &'a Package) -> Result<Vec<Field>, String> {
        let mut fields = Vec::new();
        self.collect(s, home, &mut Vec::new(), &mut fields)?;
        // As in Go, the least nested of equally named members is the one that counts.
        let mut depth: HashMap<String, usize> = HashMap::new();
        for f in &fields {
            let least = depth.entry(f.name.clone()).or_insert(f.via.len());
            *least = f.via.len().min(*least);
        }
        fields.retain(|f| depth.get(&f.name) == Some(&f.via.len()));
        Ok(fields)
    }

    fn collect(
        &self,
        s: &'a Struct,
        home: &'a Package,
        via: &mut Vec<(u32, String)>,
        out: &mut Vec<Field>,
    ) -> Result<(), String> {
        if via.len() > MAX_EMBEDDING {
            return Err(format!("`{}` embeds itself", s.name));
        }
        for member in &s.members {
            match member {
                Member::Inline { number, ty } => {
                    let ty = ty.trim_start_matches('*');
                    let Meaning::Struct(package, inner) = self.meaning(ty, home)? else {
                        return Err(format!("`{ty}` is embedded but no structure"));
                    };
                    via.push((*number, short(ty).to_owned()));
                    self.collect(inner, package, via, out)?;
                    via.pop();
                }
                Member::Field { name, number, ty, flags } => {
                    let field =
                        self.field(name, *number, ty, flags, home).map_err(|e| format!("{name}: {e}"))?;
                    out.push(Field { via: via.clone(), ..field });
                }
            }
        }
        Ok(())
    }

    fn field(
        &self,
        name: &str,
        number: u32,
        ty: &'a str,
        flags: &Flags,
        home: &'a Package,
    ) -> Result<Field, String> {
        let bare = ty.strip_prefix('*').unwrap_or(ty);
        let mut go = Vec::new();
        let mut flags = flags.clone();
        let resolved = self.resolve(bare, home, &mut go, &mut flags)?;
        Ok(Field {
            name: name.to_owned(),
            number,
            via: Vec::new(),
            ty: resolved,
            go,
            pointer: bare != ty,
            flags,
        })
    }

    /// Resolves a type; appends the Go names decode errors show and the flags its named types carry.
    fn resolve(
        &self,
        ty: &'a str,
        home: &'a Package,
        go: &mut Vec<String>,
        flags: &mut Flags,
    ) -> Result<Type, String> {
        go.push(self.go_text(ty, home)?);
        self.structure(ty, home, go, flags)
    }

    fn structure(
        &self,
        ty: &'a str,
        home: &'a Package,
        go: &mut Vec<String>,
        flags: &mut Flags,
    ) -> Result<Type, String> {
        let ty = ty.trim_start_matches('*');
        if ty == "[]byte" {
            return Ok(Type::Plain("Bytes"));
        }
        if let Some(item) = ty.strip_prefix("[]") {
            return Ok(Type::List(Box::new(self.resolve(item, home, go, flags)?)));
        }
        if let Some((_, value)) = ty.strip_prefix("map[").and_then(|t| t.split_once(']')) {
            return Ok(Type::Map(Box::new(self.resolve(value, home, go, flags)?)));
        }
        let full = full_name(ty, home);
        if let Some((_, variant)) = SPECIAL.iter().find(|(name, _)| *name == ty || *name == full) {
            return Ok(Type::Plain(variant));
        }
        if let Some((_, variant)) = SCHEMA_OR.iter().find(|(name, _)| *name == full) {
            return Ok(Type::SchemaOr(variant, self.position(SCHEMA)?));
        }
        if let Some(position) = self.positions.get(&full) {
            return Ok(Type::Message(*position));
        }
        match self.meaning(ty, home)? {
            Meaning::Struct(package, s) => {
                Ok(Type::Message(self.position(&format!("{}.{}", package.id, s.name))?))
            }
            Meaning::Named(_, _, named) if named.nullable => {
                go.push("string".to_owned());
                Ok(Type::Plain("StringList"))
            }
            Meaning::Named(package, text, named) => {
                flags.atomic |= named.atomic;
                flags.set |= named.set;
                flags.allowed.extend(named.allowed.iter().cloned());
                self.structure(text, package, go, flags)
            }
        }
    }

    fn position(&self, full: &str) -> Result<usize, String> {
        self.positions.get(full).copied().ok_or_else(|| format!("unknown structure `{full}`"))
    }

    /// A type as Go's reflection prints it.
    fn go_text(&self, ty: &'a str, home: &'a Package) -> Result<String, String> {
        if let Some(inner) = ty.strip_prefix('*') {
            return Ok(format!("*{}", self.go_text(inner, home)?));
        }
        if let Some(item) = ty.strip_prefix("[]") {
            return Ok(format!("[]{}", self.go_text(item, home)?));
        }
        if let Some((key, value)) = ty.strip_prefix("map[").and_then(|t| t.split_once(']')) {
            return Ok(format!("map[{}]{}", self.go_text(key, home)?, self.go_text(value, home)?));
        }
        match ty {
            "byte" => return Ok("uint8".to_owned()),
            "interface{}" => return Ok("interface {}".to_owned()),
            "bool" | "int32" | "int64" | "float64" | "string" => return Ok(ty.to_owned()),
            _ => {}
        }
        if let Some((id, name)) = ty.rsplit_once('.')
            && ["types", "resource", "intstr", "runtime"].contains(&id)
        {
            return Ok(format!("{id}.{name}"));
        }
        let (package, name) = self.locate(ty, home)?;
        match package.types.iter().find(|t| t.name == name && t.alias) {
            Some(alias) => self.go_text(&alias.ty, package),
            None => Ok(format!("{}.{name}", package.go_name())),
        }
    }
}

/// True for kinds; `WatchEvent` is the one kind without.
fn embeds_type_meta(s: &Struct) -> bool {
    s.members.iter().any(|m| matches!(m, Member::Inline { ty, .. } if short(ty) == "TypeMeta"))
}

fn full_name(ty: &str, home: &Package) -> String {
    if ty.contains('.') { ty.to_owned() } else { format!("{}.{ty}", home.id) }
}

fn short(ty: &str) -> &str {
    ty.rsplit('.').next().unwrap_or(ty)
}
