//! How far a command is, for people who wait: one line on stderr, only when that is a terminal.
//!
//! Entry points: [`watch`] for reading, [`step`] for what comes behind it, [`clear`] before anything else is written.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How often the line changes at most; what is over before is not shown at all.
const PAUSE: Duration = Duration::from_millis(200);

/// When the line changed last, and whether there is one.
static LINE: Mutex<Option<(Instant, bool)>> = Mutex::new(None);

/// What a reader tells how far it is; `None` when nobody looks.
pub(crate) fn watch() -> Option<fn(usize, usize)> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    if let Ok(mut line) = LINE.lock() {
        *line = Some((Instant::now(), false));
    }
    Some(|files, objects| {
        let files = if files == 0 { String::new() } else { format!(" in {files} files") };
        show(&format!("{objects} objects{files} so far"));
    })
}

/// Tells what is done now.
pub(crate) fn step(text: &str) {
    show(text);
}

fn show(text: &str) {
    let Ok(mut line) = LINE.lock() else { return };
    let Some((last, shown)) = line.as_mut() else { return };
    if last.elapsed() >= PAUSE {
        (*last, *shown) = (Instant::now(), true);
        // Nobody is left to tell when stderr is gone.
        let _ = write!(std::io::stderr(), "\r\x1b[K{text}");
    }
}

/// Takes the line away.
pub(crate) fn clear() {
    let Ok(mut line) = LINE.lock() else { return };
    if let Some((_, shown)) = line.as_mut().filter(|(_, shown)| *shown) {
        *shown = false;
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
}
