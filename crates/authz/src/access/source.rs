//! Where an authorizer of type `AccessRules` has its rules from: the `accessRules` section of its entry in an
//! `AuthorizationConfiguration`.

use api::Value;
use api::field::{Errors, Path};

/// Where the rules are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// `accessRules: {file: PATH}`: a file of rules, see [`super::file`].
    File(String),
    /// `accessRules: {objects: true}`: the objects of resource `accessrules`.
    Objects,
}

impl Source {
    /// Reads the section; what is wrong with it goes to `errors`, under `path`.
    pub fn read(section: &Value, path: &Path, errors: &mut Errors) -> Option<Self> {
        let (file, objects) = (section.str_at(&["file"]), section.at(&["objects"]).as_bool() == Some(true));
        match (file, objects) {
            ("", false) => {
                errors.required(path, "one of file and objects is needed");
                None
            }
            ("", true) => Some(Self::Objects),
            (_, true) => {
                errors.invalid(&path.child("objects"), &true.into(), "cannot be given together with file");
                None
            }
            (file, false) => Some(Self::File(file.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    #[test]
    fn one_of_two() {
        let read = |section: Value| {
            let mut errors = Errors::new();
            let source = Source::read(&section, &Path::new("accessRules"), &mut errors);
            source.ok_or_else(|| errors.to_string())
        };
        assert_eq!(read(object! { "file" => "/x" }), Ok(Source::File("/x".to_owned())));
        assert_eq!(read(object! { "objects" => true }), Ok(Source::Objects));
        let none = "accessRules: Required value: one of file and objects is needed";
        assert_eq!(read(Value::Null).unwrap_err(), none);
        let both = "accessRules.objects: Invalid value: true: cannot be given together with file";
        assert_eq!(read(object! { "file" => "/x", "objects" => true }).unwrap_err(), both);
    }
}
