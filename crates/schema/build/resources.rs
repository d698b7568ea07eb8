//! Reads the table of resources.  Entry point: [`parse`].

use crate::table::list;

pub struct Resource {
    pub group: String,
    pub version: String,
    pub plural: String,
    pub singular: String,
    pub kind: String,
    pub namespaced: bool,
    pub verbs: Vec<String>,
    pub short_names: Vec<String>,
    pub categories: Vec<String>,
    pub hash: String,
    /// Group and version of the stored form, when it is another.
    pub stored: Option<(String, String)>,
    pub subresources: Vec<Subresource>,
}

pub struct Subresource {
    pub name: String,
    pub kind: String,
    pub group: String,
    pub version: String,
    pub verbs: Vec<String>,
}

/// Reads the table; an error names the line.
pub fn parse(text: &str) -> Result<Vec<Resource>, String> {
    let mut resources: Vec<Resource> = Vec::new();
    let mut group_version = (String::new(), String::new());
    for (number, line) in text.lines().enumerate() {
        let fault = |what: &str| format!("resources.txt line {}: {what}: {line}", number + 1);
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] | ["#", ..] => {}
            ["groupversion", gv] => {
                group_version = split(gv).ok_or_else(|| fault("group/version expected"))?;
            }
            [name, kind, gv, verbs] if line.starts_with("  ") => {
                let (group, version) = split(gv).ok_or_else(|| fault("group/version expected"))?;
                let verbs = list(verbs.strip_prefix("verbs=").ok_or_else(|| fault("verbs expected"))?);
                let parent = resources.last_mut().ok_or_else(|| fault("no resource above"))?;
                let (name, kind) = ((*name).to_owned(), (*kind).to_owned());
                parent.subresources.push(Subresource { name, kind, group, version, verbs });
            }
            [plural, singular, kind, scope, rest @ ..] => {
                let mut resource = Resource {
                    group: group_version.0.clone(),
                    version: group_version.1.clone(),
                    plural: (*plural).to_owned(),
                    singular: (*singular).to_owned(),
                    kind: (*kind).to_owned(),
                    namespaced: *scope == "namespaced",
                    verbs: Vec::new(),
                    short_names: Vec::new(),
                    categories: Vec::new(),
                    hash: String::new(),
                    stored: None,
                    subresources: Vec::new(),
                };
                for word in rest {
                    resource.set(word).ok_or_else(|| fault("unknown word"))?;
                }
                resources.push(resource);
            }
            _ => return Err(fault("not understood")),
        }
    }
    Ok(resources)
}

impl Resource {
    fn set(&mut self, word: &str) -> Option<()> {
        match word.split_once('=')? {
            ("verbs", v) => self.verbs = list(v),
            ("short", v) => self.short_names = list(v),
            ("categories", v) => self.categories = list(v),
            ("hash", v) => self.hash = v.to_owned(),
            ("stored", v) => self.stored = Some(split(v)?),
            _ => return None,
        }
        Some(())
    }
}

fn split(group_version: &str) -> Option<(String, String)> {
    group_version.split_once('/').map(|(g, v)| (g.to_owned(), v.to_owned()))
}
