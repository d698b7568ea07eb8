//! What changed between two structures, as a unified diff of their JSON texts: some refusals show it.
//!
//! Entry point: [`unified`].  Matching lines are found as Python's `difflib` and its Go port do (Ratcliff and
//! Obershelp: the longest common run of lines first, then what is left of it and right of it), so that hunks come out
//! the same.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;

use api::Value;

/// Unchanged lines shown around a change.
const CONTEXT: usize = 3;
/// From this many lines on, lines that are found all over the text do not anchor a match.
const POPULAR_FROM: usize = 200;
/// Longer texts are not compared: the work grows with the square.
const MAX_LINES: usize = 10_000;

/// The hunks that turn `old` into `new`, with 3 lines of context and no file names; empty when nothing changed or the
/// texts are too long.
pub(crate) fn unified(old: &Value, new: &Value) -> String {
    let (old, new) = (pretty(old), pretty(new));
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    if old.len().max(new.len()) > MAX_LINES {
        return String::new();
    }
    let mut out = String::new();
    for hunk in hunks(&changes(&old, &new)) {
        write_hunk(&mut out, &hunk, &old, &new);
    }
    out
}

/// JSON with one space for each level, as Go's `json.MarshalIndent` writes it.
fn pretty(value: &Value) -> String {
    let mut out = String::new();
    write_pretty(&mut out, value, 1);
    out
}

fn write_pretty(out: &mut String, value: &Value, depth: usize) {
    let line = |out: &mut String, first: bool, depth: usize| {
        let _ = write!(out, "{}\n{:depth$}", if first { "" } else { "," }, "");
    };
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                line(out, i == 0, depth);
                write_pretty(out, item, depth + 1);
            }
            line(out, true, depth - 1);
            out.push(']');
        }
        Value::Object(map) if !map.is_empty() => {
            out.push('{');
            for (i, (key, item)) in map.iter().enumerate() {
                line(out, i == 0, depth);
                let _ = write!(out, "{}: ", api::json::to_string(&key.into()));
                write_pretty(out, item, depth + 1);
            }
            line(out, true, depth - 1);
            out.push('}');
        }
        other => out.push_str(&api::json::to_string(other)),
    }
}

/// Lines of the old text and the lines of the new one that stand in their place; either may be empty.
type Change = (Range<usize>, Range<usize>);

fn changes(old: &[&str], new: &[&str]) -> Vec<Change> {
    let mut found = Vec::new();
    let (mut i, mut j) = (0, 0);
    for (a, b, size) in matches(old, new).into_iter().chain([(old.len(), new.len(), 0)]) {
        if i < a || j < b {
            found.push((i..a, j..b));
        }
        (i, j) = (a + size, b + size);
    }
    found
}

/// Runs of equal lines in order: where they start in both texts, and how long they are.
fn matches(old: &[&str], new: &[&str]) -> Vec<(usize, usize, usize)> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    new.iter().enumerate().for_each(|(j, line)| places.entry(line).or_default().push(j));
    if new.len() >= POPULAR_FROM {
        places.retain(|_, at| at.len() <= new.len() / 100 + 1);
    }
    let mut found = Vec::new();
    let mut open = vec![(0..old.len(), 0..new.len())];
    while let Some((a, b)) = open.pop() {
        let (i, j, size) = longest(old, new, &places, &a, &b);
        if size == 0 {
            continue;
        }
        found.push((i, j, size));
        open.extend([(a.start..i, b.start..j), (i + size..a.end, j + size..b.end)]);
    }
    found.sort_unstable();
    found
}

/// The longest run of equal lines inside both ranges, the first one of several.
fn longest(
    old: &[&str],
    new: &[&str],
    places: &HashMap<&str, Vec<usize>>,
    a: &Range<usize>,
    b: &Range<usize>,
) -> (usize, usize, usize) {
    let (mut i, mut j, mut size) = (a.start, b.start, 0);
    // For each line of the new text, how long the run is that ends there and at the line before this one.
    let mut runs: HashMap<usize, usize> = HashMap::new();
    for (at, line) in old.iter().enumerate().take(a.end).skip(a.start) {
        let mut next = HashMap::new();
        for &place in places.get(line).into_iter().flatten().filter(|place| b.contains(place)) {
            let run = place.checked_sub(1).and_then(|before| runs.get(&before)).unwrap_or(&0) + 1;
            next.insert(place, run);
            if run > size {
                (i, j, size) = (at + 1 - run, place + 1 - run, run);
            }
        }
        runs = next;
    }
    // Popular lines do not start a match but may belong to one.
    while i > a.start && j > b.start && old.get(i - 1) == new.get(j - 1) {
        (i, j, size) = (i - 1, j - 1, size + 1);
    }
    while i + size < a.end && j + size < b.end && old.get(i + size) == new.get(j + size) {
        size += 1;
    }
    (i, j, size)
}

/// Changes that stand close together.
fn hunks(changes: &[Change]) -> Vec<Vec<Change>> {
    let mut found: Vec<Vec<Change>> = Vec::new();
    for (old, new) in changes {
        let before = found.last().and_then(|hunk| hunk.last()).map(|(last, _)| last.end);
        match found.last_mut().filter(|_| before.is_some_and(|end| old.start - end <= 2 * CONTEXT)) {
            Some(hunk) => hunk.push((old.clone(), new.clone())),
            None => found.push(vec![(old.clone(), new.clone())]),
        }
    }
    found
}

fn write_hunk(out: &mut String, hunk: &[Change], old: &[&str], new: &[&str]) {
    let (Some((first_old, first_new)), Some((last_old, last_new))) = (hunk.first(), hunk.last()) else {
        return;
    };
    let lead = CONTEXT.min(first_old.start);
    let tail = CONTEXT.min(old.len() - last_old.end);
    let shown_old = first_old.start - lead..last_old.end + tail;
    let shown_new = first_new.start - lead..last_new.end + tail;
    let _ = writeln!(out, "@@ -{} +{} @@", position(&shown_old), position(&shown_new));
    let mut lines = |sign: char, text: &[&str], range: Range<usize>| {
        for line in text.iter().take(range.end).skip(range.start) {
            let _ = writeln!(out, "{sign}{line}");
        }
    };
    let mut at = shown_old.start;
    for (gone, come) in hunk {
        lines(' ', old, at..gone.start);
        lines('-', old, gone.clone());
        lines('+', new, come.clone());
        at = gone.end;
    }
    lines(' ', old, at..shown_old.end);
}

/// Lines count from 1; an empty range stands behind the line it names.
fn position(range: &Range<usize>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => (range.start + 1).to_string(),
        length => format!("{},{length}", range.start + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    #[test]
    fn one_change() {
        let spec = |name: &str| {
            object! { "A" => Value::Null, "B" => vec!["x"], "Name" => name, "C" => object! {}, "D" => 1, "E" => "<" }
        };
        let wanted = [
            "@@ -3,7 +3,7 @@",
            "  \"B\": [",
            "   \"x\"",
            "  ],",
            "- \"Name\": \"\",",
            "+ \"Name\": \"pv\",",
            "  \"C\": {},",
            "  \"D\": 1,",
            "  \"E\": \"\\u003c\"",
            "",
        ];
        assert_eq!(unified(&spec(""), &spec("pv")), wanted.join("\n"));
        assert_eq!(unified(&spec("a"), &spec("a")), "");
    }

    #[test]
    fn far_changes_are_hunks_of_their_own() {
        let list = |skip: &[i64]| Value::from((0..30).filter(|n| !skip.contains(n)).collect::<Vec<i64>>());
        let text = unified(&list(&[]), &list(&[3, 7, 25]));
        let heads: Vec<&str> = text.lines().filter(|line| line.starts_with("@@")).collect();
        assert_eq!(heads, ["@@ -2,11 +2,9 @@", "@@ -24,7 +22,6 @@"]);
        assert!(text.contains("\n- 3,\n") && text.contains("\n- 25,\n"));
    }

    #[test]
    fn lines_that_come_and_go_in_two_places() {
        let text =
            |items: &[&str]| Value::from(items.iter().map(|item| Value::from(*item)).collect::<Vec<_>>());
        let old = text(&["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]);
        let new = text(&["x", "a", "b", "c", "d", "e", "f", "g", "h", "i"]);
        assert_eq!(
            unified(&old, &new),
            "@@ -1,4 +1,5 @@\n [\n+ \"x\",\n  \"a\",\n  \"b\",\n  \"c\",\n@@ -7,6 +8,5 @@\n  \"f\",\n  \"g\",\n  \"h\",\n- \
             \"i\",\n- \"j\"\n+ \"i\"\n ]\n"
        );
    }

    #[test]
    fn the_plain_and_the_huge() {
        assert_eq!(unified(&Value::Null, &1.into()), "@@ -1 +1 @@\n-null\n+1\n");
        let huge = |of: i64| Value::from(vec![of; MAX_LINES]);
        assert_eq!(unified(&huge(1), &huge(2)), "");
        assert_eq!([0..1, 3..3, 2..6].map(|range| position(&range)), ["1", "3,0", "3,4"]);
    }
}
