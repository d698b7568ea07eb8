//! Audit logs as commands are given them: files, directories and standard input, with a bar on stderr while they are read.
//!
//! Entry points: [`files`] and [`read`].

use std::fs::File;
use std::io::{IsTerminal as _, Read, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Failure;

/// The files at `paths`, and all files below directories, in the order of their names; `-` is standard input.
///
/// # Errors
/// A path that cannot be opened.
pub(crate) fn files<'a>(paths: impl Iterator<Item = &'a String>) -> Result<Vec<String>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path == "-" { files.push(path.clone()) } else { gather(Path::new(path), &mut files)? }
    }
    Ok(files)
}

/// Hands every file to `take`, with its name.
///
/// # Errors
/// A file that cannot be opened.
pub(crate) fn read(files: &[String], mut take: impl FnMut(&str, &mut dyn Read)) -> Result<(), Failure> {
    let mut progress = Progress::new(files);
    for file in files {
        if file == "-" {
            take("standard input", &mut std::io::stdin().lock());
            continue;
        }
        let input = File::open(file).map_err(|why| Failure(format!("{file}: {why}")))?;
        take(file, &mut progress.counting(input));
    }
    progress.clear();
    Ok(())
}

/// A file, or every file below a directory, in the order of their names.
fn gather(path: &Path, files: &mut Vec<String>) -> Result<(), Failure> {
    let told = |why: std::io::Error| Failure(format!("{}: {why}", path.display()));
    if !path.is_dir() {
        File::open(path).map_err(told)?;
        files.push(path.display().to_string());
        return Ok(());
    }
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(path).and_then(|all| all.map(|e| e.map(|e| e.path())).collect()).map_err(told)?;
    entries.sort();
    // A link to a folder above would never end.
    entries
        .iter()
        .filter(|e| e.is_file() || (e.is_dir() && !e.is_symlink()))
        .try_for_each(|e| gather(e, files))
}

/// A bar on stderr, on a terminal only.
struct Progress {
    total: u64,
    done: u64,
    start: Instant,
    shown: Option<Instant>,
    is_terminal: bool,
}

/// How often the bar moves.
const EVERY: Duration = Duration::from_millis(100);
const WIDTH: u64 = 30;

impl Progress {
    fn new(files: &[String]) -> Self {
        let total = files.iter().filter_map(|file| std::fs::metadata(file).ok()).map(|m| m.len()).sum();
        let is_terminal = std::io::stderr().is_terminal();
        Self { total, done: 0, start: Instant::now(), shown: None, is_terminal }
    }

    /// The same input; what is read of it moves the bar.
    fn counting<R: Read>(&mut self, input: R) -> Counting<'_, R> {
        Counting { input, progress: self }
    }

    fn add(&mut self, read: usize) {
        self.done += read as u64;
        if self.is_terminal && self.shown.is_none_or(|at| at.elapsed() >= EVERY) {
            self.shown = Some(Instant::now());
            let line = bar(self.done, self.total, self.start.elapsed());
            let _ = write!(std::io::stderr(), "\r{line}\x1b[K");
        }
    }

    fn clear(&self) {
        if self.shown.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

fn bar(done: u64, total: u64, took: Duration) -> String {
    let full = (done.min(total) * WIDTH).checked_div(total).unwrap_or(0);
    let cells: String = (0..WIDTH).map(|cell| if cell < full { '#' } else { '.' }).collect();
    let rate = done as f64 / took.as_secs_f64().max(0.001) / 1e6;
    format!("[{cells}] {} of {} MB, {rate:.0} MB/s", done / 1_000_000, total / 1_000_000)
}

struct Counting<'p, R> {
    input: R,
    progress: &'p mut Progress,
}

impl<R: Read> Read for Counting<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.progress.add(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_never_overflows() {
        let second = Duration::from_secs(1);
        assert_eq!(bar(5_000_000, 10_000_000, second), "[###############...............] 5 of 10 MB, 5 MB/s");
        assert!(bar(9, 0, second).starts_with("[......"));
        assert!(bar(20, 10, second).starts_with("[#####"));
    }
}
