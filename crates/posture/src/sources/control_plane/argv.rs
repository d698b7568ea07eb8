//! Command lines: of containers, with their variables, and within scripts of a shell.

use api::Value;

use super::Program;

/// The most words that are read of a command line.
const MOST_WORDS: usize = 4096;

/// A word of a command line, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub text: String,
    /// Such as `spec.containers[0].command[3]`; the same for all words of one script.
    pub field: String,
}

/// Words of a shell behind which a command begins, and launchers that run what follows.
const BEFORE: [&str; 9] = [";", "&", "&&", "|", "||", "--", "exec", "hyperkube", "nohup"];

/// The program that a command line runs, and what follows its name: `command`, behind a launcher such as `/go-runner`, or
/// in a script such as `sh -c "exec kube-apiserver …"`.
pub(crate) fn program(words: &[Word]) -> Option<(Program, Vec<Word>)> {
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    for (i, word) in words.iter().enumerate() {
        if let Some(program) = runs(&texts, i) {
            return Some((program, words.get(i + 1..).unwrap_or_default().to_vec()));
        }
        if word.text.contains(char::is_whitespace)
            && let Some(found) = in_script(word)
        {
            return Some(found);
        }
    }
    None
}

/// The program whose run a word begins.  A path such as `/var/lib/etcd` is called like one and is none: behind the first
/// word it has to be a name or in a directory of programs, with flags behind it or where a command begins.
fn runs(words: &[&str], at: usize) -> Option<Program> {
    let word = words.get(at)?;
    let program = Program::of_path(word)?;
    let Some(before) = at.checked_sub(1).and_then(|at| words.get(at)) else { return Some(program) };
    let directory = word.rsplit_once('/').map_or("", |(directory, _)| directory);
    let is_executable = directory.is_empty() || directory == "." || directory.ends_with("bin");
    let has_flags = words.get(at + 1).is_some_and(|next| next.starts_with('-'));
    let begins = BEFORE.contains(&before.rsplit('/').next().unwrap_or(before));
    (begins || is_executable && has_flags).then_some(program)
}

fn in_script(script: &Word) -> Option<(Program, Vec<Word>)> {
    let all = split(&script.text);
    let texts: Vec<&str> = all.iter().map(String::as_str).collect();
    let (at, program) = (0..texts.len()).find_map(|at| Some((at, runs(&texts, at)?)))?;
    // The command ends where the shell's own words begin.
    let ends = |text: &str| {
        matches!(text, ";" | "&" | "&&" | "|" | "||")
            || text.starts_with(['>', '<'])
            || text.starts_with("2>")
    };
    let words = texts.into_iter().skip(at + 1).take_while(|text| !ends(text));
    let words = words.map(|text| Word { text: text.to_owned(), field: script.field.clone() });
    Some((program, words.collect()))
}

/// Splits a script into words: quotes hold words together, a backslash before a line's end joins lines.
fn split(script: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote, mut chars) = (None::<String>, None, script.chars());
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', None | Some('"')) => match chars.next() {
                None | Some('\n') => {}
                Some(escaped) => word.get_or_insert_default().push(escaped),
            },
            (c, Some(q)) if c == q => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            ('\n', None) => {
                words.extend(word.take());
                words.push(";".to_owned());
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (';' | '&' | '|', None) => {
                words.extend(word.take());
                words.push(c.to_string());
            }
            (c, _) => word.get_or_insert_default().push(c),
        }
        if words.len() >= MOST_WORDS {
            break;
        }
    }
    words.extend(word);
    words
}

/// Replaces `$(NAME)` by the container's variables, as the kubelet does; `$$(` stands for `$(`.
pub(crate) fn expand(text: &str, environment: &[Value]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("$(") {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        let name = found.get(2..).and_then(|f| f.split_once(')')).map(|(name, _)| name);
        let Some(name) = name else { return out + found };
        let whole = found.get(..name.len() + 3).unwrap_or(found);
        if before.ends_with('$') {
            out.pop();
            out.push_str(whole);
        } else {
            let variable = environment.iter().find(|v| v.str_at(&["name"]) == name);
            out.push_str(variable.and_then(|v| v.get("value")).and_then(Value::as_str).unwrap_or(whole));
        }
        rest = found.get(name.len() + 3..).unwrap_or("");
    }
    out + rest
}
