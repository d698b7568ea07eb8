//! How two values differ, as a unified diff of their JSON: what upstream adds to messages about changes.
//!
//! Entry point: [`unified`].  Which of several right answers it gives matters, so it looks for the longest common run
//! first and then on both sides of it, and leaves out lines that are everywhere (Ratcliff and Obershelp's way, as
//! Python's `difflib`).

use std::collections::HashMap;
use std::ops::Range;

use api::{Value, json};

/// Lines of context around a change.
const CONTEXT: usize = 3;
/// From this many lines on, lines that make up more than a hundredth of them are no place to start a run.
const MANY: usize = 200;
/// Beyond this many lines a difference takes too long to find.
const LINES_MAX: usize = 20_000;

/// The difference from `old` to `new`, nothing when there is none or both are huge.
pub(crate) fn unified(old: &Value, new: &Value) -> String {
    let (old, new) = (pretty(old), pretty(new));
    if old.len().max(new.len()) > LINES_MAX {
        return String::new();
    }
    let mut out = String::new();
    for group in grouped(&steps(&old, &new)) {
        write_group(&group, &old, &new, &mut out);
    }
    out
}

/// The lines of a value's JSON, indented by one space a level.
fn pretty(value: &Value) -> Vec<String> {
    let mut lines = vec![String::new()];
    write_pretty(value, 0, &mut lines);
    lines
}

fn write_pretty(value: &Value, depth: usize, lines: &mut Vec<String>) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            push(lines, "[");
            for (i, item) in items.iter().enumerate() {
                lines.push(" ".repeat(depth + 1));
                write_pretty(item, depth + 1, lines);
                push(lines, if i + 1 < items.len() { "," } else { "" });
            }
            lines.push(" ".repeat(depth) + "]");
        }
        Value::Object(map) if !map.is_empty() => {
            push(lines, "{");
            for (i, (key, item)) in map.iter().enumerate() {
                lines.push(format!("{}{}: ", " ".repeat(depth + 1), json::to_string(&key.into())));
                write_pretty(item, depth + 1, lines);
                push(lines, if i + 1 < map.len() { "," } else { "" });
            }
            lines.push(" ".repeat(depth) + "}");
        }
        plain => push(lines, &json::to_string(plain)),
    }
}

fn push(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

/// Lines that stay, or lines of the old text that give way to lines of the new one; either range may be empty then.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    same: bool,
    old: Range<usize>,
    new: Range<usize>,
}

/// A run of lines that both texts have.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    old: usize,
    new: usize,
    length: usize,
}

fn steps(old: &[String], new: &[String]) -> Vec<Step> {
    let (mut at_old, mut at_new) = (0, 0);
    let mut steps = Vec::new();
    let end = Run { old: old.len(), new: new.len(), length: 0 };
    for run in runs(old, new).into_iter().chain([end]) {
        if at_old < run.old || at_new < run.new {
            steps.push(Step { same: false, old: at_old..run.old, new: at_new..run.new });
        }
        (at_old, at_new) = (run.old + run.length, run.new + run.length);
        if run.length > 0 {
            steps.push(Step { same: true, old: run.old..at_old, new: run.new..at_new });
        }
    }
    steps
}

/// All common runs in order, neighbours joined.
fn runs(old: &[String], new: &[String]) -> Vec<Run> {
    let places = places(new);
    let mut open = vec![(0..old.len(), 0..new.len())];
    let mut found = Vec::new();
    while let Some((a, b)) = open.pop() {
        let run = longest(old, new, &places, &a, &b);
        if run.length > 0 {
            open.push((a.start..run.old, b.start..run.new));
            open.push((run.old + run.length..a.end, run.new + run.length..b.end));
            found.push(run);
        }
    }
    found.sort_by_key(|run| run.old);
    let mut joined: Vec<Run> = Vec::new();
    for run in found {
        match joined.last_mut() {
            Some(last) if last.old + last.length == run.old && last.new + last.length == run.new => {
                last.length += run.length;
            }
            _ => joined.push(run),
        }
    }
    joined
}

/// Where each line stands in the text, but for lines that are too common.
fn places(text: &[String]) -> HashMap<&str, Vec<usize>> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, line) in text.iter().enumerate() {
        places.entry(line).or_default().push(i);
    }
    if text.len() >= MANY {
        places.retain(|_, found| found.len() <= text.len() / 100 + 1);
    }
    places
}

/// The longest run inside the ranges, the first of several.
fn longest(
    old: &[String],
    new: &[String],
    places: &HashMap<&str, Vec<usize>>,
    a: &Range<usize>,
    b: &Range<usize>,
) -> Run {
    let mut best = Run { old: a.start, new: b.start, length: 0 };
    // How long the run is that ends at a line of the new text and the line of the old one before this.
    let mut lengths: HashMap<usize, usize> = HashMap::new();
    for (i, line) in old.iter().enumerate().take(a.end).skip(a.start) {
        let mut next = HashMap::new();
        let here = places.get(line.as_str()).map_or(&[][..], Vec::as_slice);
        for &j in here.iter().filter(|j| b.contains(j)) {
            let before = j.checked_sub(1).and_then(|j| lengths.get(&j)).copied().unwrap_or(0);
            next.insert(j, before + 1);
            if before + 1 > best.length {
                best = Run { old: i - before, new: j - before, length: before + 1 };
            }
        }
        lengths = next;
    }
    extended(best, old, new, a, b)
}

/// The run with the common lines around it that were too common to count.
fn extended(mut run: Run, old: &[String], new: &[String], a: &Range<usize>, b: &Range<usize>) -> Run {
    let same = |i: usize, j: usize| old.get(i).is_some() && old.get(i) == new.get(j);
    while run.old > a.start && run.new > b.start && same(run.old - 1, run.new - 1) {
        run = Run { old: run.old - 1, new: run.new - 1, length: run.length + 1 };
    }
    while run.old + run.length < a.end
        && run.new + run.length < b.end
        && same(run.old + run.length, run.new + run.length)
    {
        run.length += 1;
    }
    run
}

/// Changes with what is around them; those close together in one group.
fn grouped(steps: &[Step]) -> Vec<Vec<Step>> {
    let mut groups = Vec::new();
    let mut group: Vec<Step> = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        let (first, last) = (i == 0, i + 1 == steps.len());
        let head = || shortened(step, CONTEXT.min(step.old.len()), true);
        let tail = || shortened(step, CONTEXT.min(step.old.len()), false);
        if !step.same {
            group.push(step.clone());
        } else if first && last {
            return groups;
        } else if first {
            group.push(tail());
        } else if last {
            group.push(head());
        } else if step.old.len() > 2 * CONTEXT {
            group.push(head());
            groups.push(std::mem::take(&mut group));
            group.push(tail());
        } else {
            group.push(step.clone());
        }
    }
    if !group.is_empty() {
        groups.push(group);
    }
    groups
}

/// The first (or last) `count` lines of a step.
fn shortened(step: &Step, count: usize, first: bool) -> Step {
    let cut = |range: &Range<usize>| {
        if first { range.start..range.start + count } else { range.end - count..range.end }
    };
    Step { same: step.same, old: cut(&step.old), new: cut(&step.new) }
}

fn write_group(group: &[Step], old: &[String], new: &[String], out: &mut String) {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return };
    let (old_range, new_range) = (first.old.start..last.old.end, first.new.start..last.new.end);
    out.push_str(&format!("@@ -{} +{} @@\n", shown_range(&old_range), shown_range(&new_range)));
    for step in group {
        let mut lines = |sign: char, text: &[String], range: &Range<usize>| {
            for line in text.get(range.clone()).unwrap_or(&[]) {
                out.push(sign);
                out.push_str(line);
                out.push('\n');
            }
        };
        if step.same {
            lines(' ', old, &step.old);
        } else {
            lines('-', old, &step.old);
            lines('+', new, &step.new);
        }
    }
}

/// A range as the head of a group names it: lines count from 1.
fn shown_range(range: &Range<usize>) -> String {
    match range.len() {
        1 => (range.start + 1).to_string(),
        0 => format!("{},0", range.start),
        length => format!("{},{length}", range.start + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    #[test]
    fn equal_values_have_none() {
        let value = object! { "a" => vec![1, 2], "b" => Value::object() };
        assert_eq!(unified(&value, &value), "");
    }

    #[test]
    fn one_change() {
        let numbers = |changed: i64| (0..9).map(|i| if i == 4 { changed } else { i }).collect::<Vec<_>>();
        let (old, new) = (object! { "n" => numbers(4) }, object! { "n" => numbers(40) });
        assert_eq!(
            unified(&old, &new),
            "@@ -4,7 +4,7 @@\n   1,\n   2,\n   3,\n-  4,\n+  40,\n   5,\n   6,\n   7,\n"
        );
    }

    #[test]
    fn lines_that_come_and_go_in_two_places() {
        let text = |items: &[&str]| items.iter().map(|item| Value::from(*item)).collect::<Vec<_>>();
        let old = text(&["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]);
        let new = text(&["x", "a", "b", "c", "d", "e", "f", "g", "h", "i"]);
        assert_eq!(
            unified(&old.into(), &new.into()),
            "@@ -1,4 +1,5 @@\n [\n+ \"x\",\n  \"a\",\n  \"b\",\n  \"c\",\n@@ -7,6 +8,5 @@\n  \"f\",\n  \"g\",\n  \"h\",\n- \
             \"i\",\n- \"j\"\n+ \"i\"\n ]\n"
        );
    }

    #[test]
    fn ranges() {
        assert_eq!([0..1, 3..3, 2..6].map(|range| shown_range(&range)), ["1", "3,0", "3,4"]);
    }

    #[test]
    fn the_empty_and_the_huge() {
        assert_eq!(unified(&Value::Null, &1.into()), "@@ -1 +1 @@\n-null\n+1\n");
        let huge = |first: i64| vec![first; LINES_MAX].into_iter().map(Value::from).collect::<Vec<_>>();
        assert_eq!(unified(&huge(1).into(), &huge(2).into()), "");
    }
}
