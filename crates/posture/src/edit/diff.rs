//! What has changed in a text, as `patch` and `git apply` read it.

use std::fmt::Write as _;

/// Lines shown around a change.
const AROUND: usize = 3;

/// How far apart two texts may run before the rest counts as changed.
const FARTHEST: usize = 2_000;

/// A run of lines that differs: where it begins, and how many lines it has, in the old text and in the new one.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Differs {
    old: (usize, usize),
    new: (usize, usize),
}

/// The unified diff of a file, `""` when nothing has changed.
pub(crate) fn unified(name: &str, before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let runs = differences(&old, &new);
    if runs.is_empty() {
        return String::new();
    }
    let name = name.strip_prefix("./").unwrap_or(name);
    let slash = if name.starts_with('/') { "" } else { "/" };
    let (a, b) = (format!("a{slash}"), format!("b{slash}"));
    // Without it `patch` takes the part before a space for the name.
    let end = if name.contains(char::is_whitespace) { "\t" } else { "" };
    let mut out = format!("--- {a}{name}{end}\n+++ {b}{name}{end}\n");
    for hunk in runs.chunk_by(|one, next| next.old.0 - (one.old.0 + one.old.1) <= 2 * AROUND) {
        write_hunk(&mut out, hunk, &old, &new);
    }
    out
}

fn write_hunk(out: &mut String, runs: &[Differs], old: &[&str], new: &[&str]) {
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return };
    let lead = first.old.0.min(AROUND);
    let (start, end) = (first.old.0 - lead, (last.old.0 + last.old.1 + AROUND).min(old.len()));
    let tail = end - (last.old.0 + last.old.1);
    let new_start = first.new.0 - lead;
    let new_length = last.new.0 + last.new.1 + tail - new_start;
    let at = |start: usize, length: usize| if length == 0 { start } else { start + 1 };
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "@@ -{},{} +{},{new_length} @@",
        at(start, end - start),
        end - start,
        at(new_start, new_length)
    );
    let mut here = start;
    for run in runs {
        put(out, ' ', old, here, run.old.0);
        put(out, '-', old, run.old.0, run.old.0 + run.old.1);
        put(out, '+', new, run.new.0, run.new.0 + run.new.1);
        here = run.old.0 + run.old.1;
    }
    put(out, ' ', old, here, end);
}

fn put(out: &mut String, sign: char, lines: &[&str], from: usize, to: usize) {
    for line in lines.get(from..to).unwrap_or_default() {
        out.push(sign);
        out.push_str(line);
        if !line.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}

/// Runs that differ, found by going on from the nearest lines that are the same again.
fn differences(old: &[&str], new: &[&str]) -> Vec<Differs> {
    let mut runs = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && old.get(i) == new.get(j) {
            (i, j) = (i + 1, j + 1);
            continue;
        }
        let (skip_old, skip_new) = meet(old, new, i, j);
        runs.push(Differs { old: (i, skip_old), new: (j, skip_new) });
        (i, j) = (i + skip_old, j + skip_new);
    }
    runs
}

/// How many lines of each text to pass over until they go on together.
fn meet(old: &[&str], new: &[&str], i: usize, j: usize) -> (usize, usize) {
    let (left_old, left_new) = (old.len() - i, new.len() - j);
    for far in 1..=FARTHEST.min(left_old + left_new) {
        for skip_old in 0..=far.min(left_old) {
            let skip_new = far - skip_old;
            if skip_new <= left_new && go_together(old, new, i + skip_old, j + skip_new) {
                return (skip_old, skip_new);
            }
        }
    }
    (left_old, left_new)
}

/// True when three lines are the same, or all that are left.
fn go_together(old: &[&str], new: &[&str], i: usize, j: usize) -> bool {
    let (a, b) = (old.get(i..).unwrap_or_default(), new.get(j..).unwrap_or_default());
    let ahead = a.len().min(b.len()).min(3);
    (ahead == 3 || a.len() == b.len()) && a.get(..ahead) == b.get(..ahead)
}
