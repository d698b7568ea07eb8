//! Files that are read again when they change: key material, tokens, configuration.
//!
//! Entry points: [`Reloads::watch`] reads files now and hands them to whoever uses them, [`Reloads::start`] begins to
//! look at them.  Contents are compared, not times, so that a mounted volume whose links are swapped is noticed and a
//! file that was only touched is not.  Whoever gets new content may refuse it: then the last good one stays, which the
//! log and `/metrics` say.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest;

use crate::shutdown::Shutdown;

/// No file that is watched may be larger, in bytes.
const MOST: u64 = 32 << 20;
/// A file that changes is read again after this time and only taken when both readings agree, for writers that do not
/// replace it in one step.
const SETTLE: Duration = Duration::from_millis(20);

/// Takes the contents of the files, in the order in which they were named; an error is why they cannot be used.
type Take = Box<dyn FnMut(&[Vec<u8>]) -> Result<(), String> + Send>;

/// The files that are watched; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reloads {
    watched: Arc<Mutex<Vec<Watched>>>,
    /// Apart from the sets, so that one which takes its time does not stop `/metrics`.
    outcomes: Arc<Mutex<Vec<Arc<Outcome>>>>,
}

/// What `/metrics` tells of one set of files.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Which files.
    pub what: String,
    /// How often new content was taken.
    pub taken: AtomicU64,
    /// How often new content was refused.
    pub refused: AtomicU64,
    /// When content was taken last, in seconds since the Unix epoch.
    pub last: AtomicI64,
}

/// A set of files that is used as a whole, such as a certificate and its key.
struct Watched {
    paths: Vec<PathBuf>,
    /// What was seen last, taken or not.
    seen: Seen,
    take: Take,
    outcome: Arc<Outcome>,
}

/// A hash of all contents, or why there are none.
type Seen = Result<[u8; 32], String>;

impl std::fmt::Debug for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watched").field("paths", &self.paths).finish_non_exhaustive()
    }
}

impl Reloads {
    /// Reads the files and hands them to `take`, now and after every change.  `what` names the set in the log and in
    /// `/metrics`, by the flag that names the files.
    ///
    /// `take` must not wait: it runs on a thread for blocking work, one set after the other.
    ///
    /// # Errors
    /// A file that cannot be read or content that is refused now, with its name; then nothing is watched.
    pub(crate) fn watch(
        &self,
        what: &str,
        paths: &[&Path],
        mut take: impl FnMut(&[Vec<u8>]) -> Result<(), String> + Send + 'static,
    ) -> Result<(), String> {
        let paths: Vec<PathBuf> = paths.iter().map(|p| (*p).to_owned()).collect();
        let contents = read_all(&paths)?;
        take(&contents)?;
        let outcome = Arc::new(Outcome { what: what.to_owned(), ..Outcome::default() });
        outcome.last.store(now(), Ordering::Relaxed);
        lock(&self.outcomes).push(outcome.clone());
        lock(&self.watched).push(Watched { paths, seen: Ok(hash(&contents)), take: Box::new(take), outcome });
        Ok(())
    }

    /// Looks at the files every `interval` until the server stops.
    pub(crate) fn start(&self, interval: Duration, shutdown: Shutdown) {
        let reloads = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = shutdown.stop_accepting() => return,
                    () = tokio::time::sleep(interval) => {}
                }
                let reloads = reloads.clone();
                if let Err(error) = tokio::task::spawn_blocking(move || reloads.look()).await {
                    tracing::error!(%error, "a reload of files has failed");
                }
            }
        });
    }

    /// What has become of each set.
    pub(crate) fn outcomes(&self) -> Vec<Arc<Outcome>> {
        lock(&self.outcomes).clone()
    }

    /// Looks once.  Whoever takes content may have more files watched: nothing is locked meanwhile.
    pub(crate) fn look(&self) {
        let mut looking = Looking { reloads: self, sets: std::mem::take(&mut *lock(&self.watched)) };
        looking.sets.iter_mut().for_each(Watched::look);
    }
}

/// Sets that are being looked at; they come back whatever happens.
struct Looking<'a> {
    reloads: &'a Reloads,
    sets: Vec<Watched>,
}

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        let mut watched = lock(&self.reloads.watched);
        self.sets.append(&mut watched);
        *watched = std::mem::take(&mut self.sets);
    }
}

/// A panic of whoever takes content leaves the other sets as they are.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watched {
    fn look(&mut self) {
        let mut contents = read_all(&self.paths);
        if seen(&contents) == self.seen {
            return;
        }
        std::thread::sleep(SETTLE);
        let again = read_all(&self.paths);
        if again != contents {
            // Somebody is writing: it is looked at again next time.
            return;
        }
        contents = again;
        self.seen = seen(&contents);
        match contents.and_then(|contents| (self.take)(&contents)) {
            Ok(()) => {
                self.outcome.taken.fetch_add(1, Ordering::Relaxed);
                self.outcome.last.store(now(), Ordering::Relaxed);
                tracing::info!(what = %self.outcome.what, "new content of files is in use");
            }
            Err(why) => {
                self.outcome.refused.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(what = %self.outcome.what, %why, "new content of files is not used, the last good one stays");
            }
        }
    }
}

fn seen(contents: &Result<Vec<Vec<u8>>, String>) -> Seen {
    contents.as_ref().map(|c| hash(c)).map_err(Clone::clone)
}

fn hash(contents: &[Vec<u8>]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for content in contents {
        context.update(&(content.len() as u64).to_le_bytes());
        context.update(content);
    }
    let mut hash = [0; 32];
    hash.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    hash
}

fn read_all(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>, String> {
    paths.iter().map(|path| read(path).map_err(|why| format!("{}: {why}", path.display()))).collect()
}

/// A file's content; at most [`MOST`] bytes, so that a wrong path costs no memory.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read as _;
    let file = std::fs::File::open(path).map_err(|e| e.to_string())?;
    let mut content = Vec::new();
    file.take(MOST + 1).read_to_end(&mut content).map_err(|e| e.to_string())?;
    if content.len() as u64 > MOST { Err(format!("larger than {MOST} bytes")) } else { Ok(content) }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Case {
        dir: tempfile::TempDir,
        reloads: Reloads,
        got: Arc<Mutex<Vec<String>>>,
    }

    impl Case {
        /// Watches files `a` and `b` and refuses the text `bad`.
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            std::fs::write(dir.path().join("a"), "one").unwrap();
            std::fs::write(dir.path().join("b"), "two").unwrap();
            let (reloads, got) = (Reloads::default(), Arc::new(Mutex::new(Vec::new())));
            let list = got.clone();
            let take = move |contents: &[Vec<u8>]| {
                let text = contents.iter().map(|c| String::from_utf8_lossy(c)).collect::<Vec<_>>().join("+");
                if text.contains("bad") {
                    return Err("bad".to_owned());
                }
                list.lock().unwrap().push(text);
                Ok(())
            };
            reloads.watch("test", &[&dir.path().join("a"), &dir.path().join("b")], take).unwrap();
            Self { dir, reloads, got }
        }

        fn got(&self) -> Vec<String> {
            self.reloads.look();
            self.got.lock().unwrap().clone()
        }

        fn counts(&self) -> (u64, u64) {
            let outcomes = self.reloads.outcomes();
            (outcomes[0].taken.load(Ordering::Relaxed), outcomes[0].refused.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn new_content_is_handed_on_once() {
        let case = Case::new();
        assert_eq!(case.got(), ["one+two"]);
        std::fs::write(case.dir.path().join("b"), "three").unwrap();
        assert_eq!(case.got(), ["one+two", "one+three"]);
        std::fs::write(case.dir.path().join("b"), "three").unwrap();
        assert_eq!(case.got().len(), 2, "the same content is no change");
        assert_eq!(case.counts(), (1, 0));
    }

    #[test]
    fn whoever_takes_content_may_have_more_watched() {
        let case = Case::new();
        let (reloads, path) = (case.reloads.clone(), case.dir.path().join("b"));
        let take = move |_: &[Vec<u8>]| reloads.watch("more", &[&path], |_| Ok(()));
        case.reloads.watch("first", &[&case.dir.path().join("a")], take).unwrap();
        std::fs::write(case.dir.path().join("a"), "new").unwrap();
        case.reloads.look();
        let names: Vec<_> = case.reloads.outcomes().iter().map(|o| o.what.clone()).collect();
        assert_eq!(names, ["test", "more", "first", "more"]);
        assert_eq!(lock(&case.reloads.watched).len(), 4);
    }

    #[test]
    fn what_is_refused_or_gone_leaves_the_last_good() {
        let case = Case::new();
        std::fs::write(case.dir.path().join("a"), "bad").unwrap();
        assert_eq!(case.got(), ["one+two"]);
        case.got();
        assert_eq!(case.counts(), (0, 1), "told once");
        std::fs::remove_file(case.dir.path().join("a")).unwrap();
        assert_eq!(case.got(), ["one+two"]);
        std::fs::write(case.dir.path().join("a"), "one").unwrap();
        assert_eq!(case.got(), ["one+two", "one+two"], "it came back");
    }

    #[cfg(unix)]
    #[test]
    fn links_may_be_swapped() {
        let case = Case::new();
        let path = case.dir.path();
        std::fs::create_dir(path.join("v1")).unwrap();
        std::fs::write(path.join("v1/a"), "first").unwrap();
        std::os::unix::fs::symlink("v1/a", path.join("link")).unwrap();
        std::fs::rename(path.join("link"), path.join("a")).unwrap();
        assert_eq!(case.got().last().unwrap(), "first+two");
        std::fs::create_dir(path.join("v2")).unwrap();
        std::fs::write(path.join("v2/a"), "second").unwrap();
        std::os::unix::fs::symlink("v2/a", path.join("link")).unwrap();
        std::fs::rename(path.join("link"), path.join("a")).unwrap();
        assert_eq!(case.got().last().unwrap(), "second+two");
    }

    #[test]
    fn the_first_content_must_be_good() {
        let reloads = Reloads::default();
        let missing = reloads.watch("x", &[Path::new("/no/such/file")], |_| Ok(())).unwrap_err();
        assert!(missing.starts_with("/no/such/file: "), "{missing}");
        assert!(reloads.outcomes().is_empty());
    }
}
