//! Writes the catalogue as Rust.  Entry point: [`code`].

use std::fmt::Write as _;

use crate::hash;
use crate::resolve::{Catalogue, Field, Message, Type};
use crate::resources::{Resource, Subresource};

/// The text of the included file.
pub fn code(catalogue: &Catalogue, resources: &[Resource], own: &[Resource]) -> Result<String, String> {
    let mut out = String::new();
    let defaults = with_defaults(&catalogue.messages);
    for (position, (message, defaults)) in catalogue.messages.iter().zip(defaults).enumerate() {
        emit_message(&mut out, position, message, defaults)?;
    }
    let refs: Vec<String> = (0..catalogue.messages.len()).map(|i| format!("&M{i}")).collect();
    let _ = writeln!(out, "static MESSAGES: &[&Message] = &[{}];", refs.join(","));
    let kinds: Vec<String> = catalogue
        .kinds
        .iter()
        .map(|(group, version, kind, position)| format!("(({group:?},{version:?},{kind:?}),&M{position})"))
        .collect();
    let _ = writeln!(out, "static KINDS: &[((&str, &str, &str), &Message)] = &[{}];", kinds.join(",\n"));
    emit_resources(&mut out, catalogue, resources)?;
    emit_table(&mut out, "OWN_RESOURCES", catalogue, own)?;
    Ok(out)
}

fn emit_message(out: &mut String, position: usize, message: &Message, defaults: u64) -> Result<(), String> {
    let Message { name, go_type, atomic, fields } = message;
    // The walks keep a bit a field.
    if fields.len() > 64 {
        return Err(format!("{name}: more than 64 fields"));
    }
    let (seed, slots) = index(fields).ok_or_else(|| format!("{name}: no seed without collisions"))?;
    let fields: Vec<String> = fields.iter().map(field).collect();
    let fields = fields.join(",\n");
    let _ = writeln!(out, "static F{position}: &[Field] = &[\n{fields}];");
    let _ = writeln!(
        out,
        "static M{position}: Message = Message {{ name: {name:?}, go_type: {go_type:?}, atomic: {atomic}, \
         fields: F{position}, index: Index::new(F{position}, {seed}, &{slots:?}, {defaults}) }};",
    );
    Ok(())
}

/// For each message a bit for each field that has a default or leads to one.
fn with_defaults(messages: &[Message]) -> Vec<u64> {
    let mut found = vec![0u64; messages.len()];
    loop {
        let before = found.clone();
        for (message, found) in messages.iter().zip(&mut found) {
            for (position, field) in message.fields.iter().enumerate() {
                let leads_to_one =
                    structures(&field.ty).and_then(|p| before.get(p)).is_some_and(|bits| *bits != 0);
                if leads_to_one || changes_something(field) {
                    *found |= 1 << (position & 63);
                }
            }
        }
        if found == before {
            return found;
        }
    }
}

/// True for a default that is not the zero value of a plain field.
fn changes_something(field: &Field) -> bool {
    let zero = |json: &String| ["\"\"", "0", "false"].contains(&json.as_str());
    field.flags.default.as_ref().is_some_and(|json| field.pointer || !zero(json))
}

/// The structure a type leads to, through lists and maps.
fn structures(ty: &Type) -> Option<usize> {
    match ty {
        Type::Plain(_) => None,
        Type::SchemaOr(_, position) | Type::Message(position) => Some(*position),
        Type::List(inner) | Type::Map(inner) => structures(inner),
    }
}

/// A seed for which every name has a slot of its own, and the slots.
fn index(fields: &[Field]) -> Option<(u32, Vec<u8>)> {
    let least = (fields.len() * 2).next_power_of_two();
    [least, least * 2, least * 4].into_iter().find_map(|size| {
        (0..4000).find_map(|seed| {
            let mut slots = vec![u8::MAX; size];
            for (position, field) in fields.iter().enumerate() {
                let slot = slots.get_mut(hash::slot(&field.name, seed, size))?;
                if *slot != u8::MAX {
                    return None;
                }
                *slot = u8::try_from(position).ok().filter(|p| *p != u8::MAX)?;
            }
            Some((seed, slots))
        })
    })
}

fn field(f: &Field) -> String {
    let flags = &f.flags;
    // What travels in no structure on the wire has no number.
    let number = if f.via.iter().any(|(n, _)| *n == 0) { 0 } else { f.number };
    let via: Vec<String> =
        f.via.iter().map(|(number, name)| format!("Via {{ number: {number}, name: {name:?} }}")).collect();
    let presence = match (flags.omitzero, flags.omitempty, f.pointer) {
        (true, _, _) => "OmitZero",
        (_, true, true) => "Optional",
        (_, true, false) => "OmitEmpty",
        (_, false, _) => "Always",
    };
    let list = match (flags.atomic, flags.set, flags.keys.is_empty()) {
        (true, ..) => "ListType::Atomic".to_owned(),
        (_, true, _) => "ListType::Set".to_owned(),
        (.., false) => format!("ListType::Map(&{:?})", flags.keys),
        _ if flags.granular => "ListType::Granular".to_owned(),
        _ => "ListType::Default".to_owned(),
    };
    format!(
        "Field {{ name: {:?}, number: {number}, via: &[{}], ty: {}, go: &{:?}, presence: Presence::{presence}, \
         pointer: {}, required: {}, list: {list}, patch: PatchStrategy {{ merge: {}, replace: {}, retain_keys: {}, \
         merge_key: {:?} }}, default: {:?}, allowed: &{:?} }}",
        f.name,
        via.join(","),
        ty(&f.ty),
        f.go,
        f.pointer,
        flags.required,
        flags.merge,
        flags.replace,
        flags.retain_keys,
        flags.merge_key,
        flags.default,
        flags.allowed,
    )
}

fn ty(t: &Type) -> String {
    match t {
        Type::Plain(name) => format!("Type::{name}"),
        Type::SchemaOr(variant, position) => format!("Type::JsonSchemaOr(SchemaOr::{variant}, &M{position})"),
        Type::Message(position) => format!("Type::Message(&M{position})"),
        Type::List(item) => format!("Type::List(&{})", ty(item)),
        Type::Map(value) => format!("Type::Map(&{})", ty(value)),
    }
}

fn emit_resources(out: &mut String, catalogue: &Catalogue, resources: &[Resource]) -> Result<(), String> {
    emit_table(out, "RESOURCES", catalogue, resources)?;
    let mut order: Vec<usize> = (0..resources.len()).collect();
    order.sort_by_key(|i| resources.get(*i).map(|r| (&r.group, &r.version, &r.plural)));
    let _ = writeln!(out, "/// Positions in `RESOURCES` sorted by group, version and plural.");
    let _ = writeln!(out, "static RESOURCE_ORDER: &[u16] = &{order:?};");
    Ok(())
}

fn emit_table(
    out: &mut String,
    name: &str,
    catalogue: &Catalogue,
    resources: &[Resource],
) -> Result<(), String> {
    let lines = resources.iter().map(|r| resource(catalogue, resources, r)).collect::<Result<Vec<_>, _>>()?;
    let _ = writeln!(out, "static {name}: &[Resource] = &[\n{}];", lines.join(",\n"));
    Ok(())
}

fn resource(catalogue: &Catalogue, all: &[Resource], r: &Resource) -> Result<String, String> {
    let Resource {
        group,
        version,
        plural,
        singular,
        kind,
        namespaced,
        verbs,
        short_names,
        categories,
        hash,
        ..
    } = r;
    let message = kind_position(catalogue, group, version, kind)
        .ok_or_else(|| format!("{group}/{version} {kind}: no such structure"))?;
    // Only a version that is served can be stored here.
    let served =
        |(g, v): &&(String, String)| all.iter().any(|o| (&o.group, &o.version, &o.kind) == (g, v, kind));
    let (storage_group, storage_version) =
        r.stored.as_ref().filter(served).map_or((group, version), |(g, v)| (g, v));
    let subresources: Vec<String> = r.subresources.iter().map(|s| subresource(catalogue, s)).collect();
    Ok(format!(
        "Resource {{ group: {group:?}, version: {version:?}, plural: {plural:?}, singular: {singular:?}, \
         kind: {kind:?}, namespaced: {namespaced}, short_names: &{short_names:?}, categories: &{categories:?}, \
         verbs: &{verbs:?}, message: &M{message}, subresources: &[{}], storage_version_hash: {hash:?}, \
         storage: ({storage_group:?}, {storage_version:?}) }}",
        subresources.join(",")
    ))
}

fn subresource(catalogue: &Catalogue, s: &Subresource) -> String {
    let Subresource { name, kind, group, version, verbs } = s;
    // Options of connections come as query parameters; a log is text.
    let has_body = !kind.ends_with("Options") && name != "log";
    let message = kind_position(catalogue, group, version, kind)
        .filter(|_| has_body)
        .map_or("None".to_owned(), |position| format!("Some(&M{position})"));
    format!(
        "Subresource {{ name: {name:?}, group: {group:?}, version: {version:?}, kind: {kind:?}, verbs: &{verbs:?}, \
         message: {message} }}"
    )
}

fn kind_position(catalogue: &Catalogue, group: &str, version: &str, kind: &str) -> Option<usize> {
    let found = catalogue
        .kinds
        .iter()
        .find(|(g, v, k, _)| (g.as_str(), v.as_str(), k.as_str()) == (group, version, kind));
    found.map(|(.., position)| *position)
}
