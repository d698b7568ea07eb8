//! A command line as the programs of Kubernetes read it.
//!
//! Entry points: [`Flags::parse`]; [`pairs`] for who wants to know where each stands.

/// The flags of a program that takes no other words, in the order they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags<'a>(Vec<(String, &'a str)>);

impl<'a> Flags<'a> {
    /// Reads `--name=value`, `--name value`, `-n value` and `--name`, which stands for `--name=true`; `_` counts as `-`.
    ///
    /// A word behind `--name` is its value: these programs refuse to start with words that are no flags.
    pub(crate) fn parse(words: impl IntoIterator<Item = &'a str>) -> Self {
        Self(pairs(words, &[]).into_iter().map(|(_, name, value)| (name, value)).collect())
    }

    /// The value that counts: the last one.
    pub(crate) fn last(&self, name: &str) -> Option<&'a str> {
        self.all(name).last()
    }

    /// Every value, for flags that add up.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(flag, _)| flag == name).map(|(_, value)| *value)
    }
}

/// The flags of a command line: which word each is, its name and its value.  What stands behind a flag of `switches`
/// is not its value.
pub(crate) fn pairs<'a>(
    words: impl IntoIterator<Item = &'a str>,
    switches: &[&str],
) -> Vec<(usize, String, &'a str)> {
    let mut words = words.into_iter().enumerate().peekable();
    let mut flags = Vec::new();
    while let Some((at, word)) = words.next() {
        let Some(flag) = named(word) else { continue };
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (flag, None),
        };
        // Both spellings are one flag.
        let name = name.replace('_', "-");
        let takes_next = |next: &(usize, &str)| !switches.contains(&name.as_str()) && is_value(next.1);
        let value = value.or_else(|| words.next_if(takes_next).map(|(_, next)| next)).unwrap_or("true");
        flags.push((at, name, value));
    }
    flags
}

/// The name, with what follows it: `--name…`, `-name…` as Go's own package has it, or a letter as in `-H`.
fn named(word: &str) -> Option<&str> {
    let flag = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
    flag.starts_with(char::is_alphabetic).then_some(flag)
}

/// Anything that is no flag; `-999` is a number, `-` a file.
fn is_value(word: &str) -> bool {
    match word.strip_prefix('-') {
        Some(rest) => rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit()),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_flag() {
        let words = [
            "kubelet",
            "--a=1",
            "--b",
            "2",
            "--c",
            "--d_e=x=y",
            "--a",
            "3",
            "--f",
            "-999",
            "--",
            "z",
            "-H",
            "u",
        ];
        let flags = Flags::parse(words);
        let last = |name| flags.last(name);
        assert_eq!([last("a"), last("b"), last("c")], [Some("3"), Some("2"), Some("true")]);
        assert_eq!([last("d-e"), last("f"), last("kubelet")], [Some("x=y"), Some("-999"), None]);
        assert_eq!(last("H"), Some("u"));
        assert_eq!(flags.all("a").collect::<Vec<_>>(), ["1", "3"]);
    }
}
