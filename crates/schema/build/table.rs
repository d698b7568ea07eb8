//! Reads one package's table.  Entry point: [`parse`].

/// A Go package of API types.
#[derive(Default)]
pub struct Package {
    /// Its name in the tables, such as `apps.v1`.
    pub id: String,
    /// Its Go import path.
    pub path: String,
    /// The prefix of its OpenAPI names.
    pub openapi: String,
    /// API group and version of its kinds; `None` when it has none.
    pub group_version: Option<(String, String)>,
    pub types: Vec<Named>,
    pub structs: Vec<Struct>,
}

/// `type NAME TYPE FLAGS`: a type with a name of its own; `alias NAME TYPE`: another name for a type.
pub struct Named {
    pub name: String,
    pub ty: String,
    pub alias: bool,
    pub flags: Flags,
}

/// `struct NAME FLAGS`, then its members.
pub struct Struct {
    pub name: String,
    pub atomic: bool,
    pub members: Vec<Member>,
}

pub enum Member {
    /// `inline NUMBER TYPE`: an embedded structure.
    Inline { number: u32, ty: String },
    /// `NAME NUMBER TYPE FLAGS`.
    Field { name: String, number: u32, ty: String, flags: Flags },
}

/// The words behind a field or type.
#[derive(Clone, Default)]
pub struct Flags {
    pub omitempty: bool,
    pub omitzero: bool,
    pub required: bool,
    pub nullable: bool,
    pub atomic: bool,
    pub granular: bool,
    pub set: bool,
    pub keys: Vec<String>,
    pub merge: bool,
    pub replace: bool,
    pub retain_keys: bool,
    pub merge_key: String,
    /// JSON text.
    pub default: Option<String>,
    pub allowed: Vec<String>,
}

/// Reads a table; an error names the line.
pub fn parse(id: &str, text: &str) -> Result<Package, String> {
    let mut package = Package { id: id.to_owned(), ..Package::default() };
    for (number, line) in text.lines().enumerate() {
        parse_line(&mut package, line).map_err(|e| format!("line {}: {e}: {line}", number + 1))?;
    }
    Ok(package)
}

fn parse_line(package: &mut Package, line: &str) -> Result<(), String> {
    if let Some(member) = line.strip_prefix("  ") {
        let parent = package.structs.last_mut().ok_or("a member without a structure")?;
        parent.members.push(parse_member(member)?);
        return Ok(());
    }
    let mut words = line.splitn(3, ' ');
    let (keyword, name, rest) =
        (words.next().unwrap_or(""), words.next().unwrap_or("").to_owned(), words.next().unwrap_or(""));
    match keyword {
        "" | "#" => {}
        "package" => package.path = name,
        "openapi" => package.openapi = name,
        "group" => package.group_version = Some((name, String::new())),
        "version" => package.group_version.get_or_insert_default().1 = name,
        "type" | "alias" => {
            let (ty, flags) = rest.split_once(' ').unwrap_or((rest, ""));
            let alias = keyword == "alias";
            package.types.push(Named { name, ty: ty.to_owned(), alias, flags: parse_flags(flags)? });
        }
        "struct" => {
            package.structs.push(Struct { name, atomic: parse_flags(rest)?.atomic, members: Vec::new() });
        }
        _ => return Err("unknown keyword".to_owned()),
    }
    Ok(())
}

fn parse_member(text: &str) -> Result<Member, String> {
    let mut words = text.splitn(4, ' ');
    let (Some(name), Some(number), Some(ty)) = (words.next(), words.next(), words.next()) else {
        return Err("name, number and type expected".to_owned());
    };
    let number = number.parse().map_err(|e| format!("number: {e}"))?;
    let (name, ty) = (name.to_owned(), ty.to_owned());
    if name == "inline" {
        return Ok(Member::Inline { number, ty });
    }
    Ok(Member::Field { name, number, ty, flags: parse_flags(words.next().unwrap_or(""))? })
}

fn parse_flags(text: &str) -> Result<Flags, String> {
    let mut flags = Flags::default();
    // Values may hold blanks, so they stand last.
    let (text, values) = text.split_once("enum=").map_or((text, None), |(t, v)| (t, Some(v)));
    flags.allowed = values.into_iter().flat_map(|v| v.split('|')).map(str::to_owned).collect();
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        match word.split_once('=').unwrap_or((word, "")) {
            ("omitempty", _) => flags.omitempty = true,
            ("omitzero", _) => flags.omitzero = true,
            ("required", _) => flags.required = true,
            ("nullable", _) => flags.nullable = true,
            ("atomic", _) => flags.atomic = true,
            ("granular", _) => flags.granular = true,
            ("set", _) => flags.set = true,
            ("keys", keys) => flags.keys = list(keys),
            ("merge", _) => flags.merge = true,
            ("replace", _) => flags.replace = true,
            ("retainKeys", _) => flags.retain_keys = true,
            ("mergeKey", key) => flags.merge_key = key.to_owned(),
            ("default", json) => flags.default = Some(json.to_owned()),
            _ => return Err(format!("unknown flag `{word}`")),
        }
    }
    Ok(flags)
}

/// The words of a list with commas.
pub fn list(text: &str) -> Vec<String> {
    text.split(',').filter(|w| !w.is_empty()).map(str::to_owned).collect()
}
