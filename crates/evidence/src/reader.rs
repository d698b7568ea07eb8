//! Gathers evidence from any number of places.
//!
//! Entry point: [`Reader`].

use std::ops::ControlFlow;
use std::path::Path;

use api::Value;

use crate::cluster::{self, Cluster};
use crate::data_dir;
use crate::files::{self, Walk};
use crate::origin::{Origin, Problem, ProblemKind};

/// An object and where it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// The object, as written.
    pub value: Value,
    /// Where.
    pub origin: Origin,
}

/// What comes out of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// An object, and the length of its text in bytes.
    Object(Object, usize),
    /// Something that was not read as it stands.
    Problem(Problem),
}

/// Which kinds are wanted, by group and kind.
#[derive(Clone, Debug, Default)]
pub enum Wanted {
    /// Every kind.
    #[default]
    All,
    /// Just these; versions do not matter.
    Kinds(Vec<(&'static str, &'static str)>),
}

/// How much is read.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most bytes of a document, or of an item of a list.
    pub document_bytes: usize,
    /// The most bytes of text of all objects that are kept.
    pub total_bytes: usize,
    /// The most files.
    pub files: usize,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The wanted objects, in the order they were found.
    pub objects: Vec<Object>,
    /// What was not read as it stands.
    pub problems: Vec<Problem>,
    /// How many objects of other kinds were passed over.
    pub passed_over: usize,
}

/// Gathers evidence.  Each method reads one place; what goes wrong there is in the evidence.
#[derive(Debug, Default)]
pub struct Reader {
    pub(crate) wanted: Wanted,
    pub(crate) limits: Limits,
    evidence: Evidence,
    bytes: usize,
    pub(crate) files: usize,
    full: bool,
    pub(crate) walk: Walk,
    watch: Option<fn(usize, usize)>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { document_bytes: 32 << 20, total_bytes: 1 << 30, files: 100_000 }
    }
}

impl Wanted {
    /// True when objects of this kind are wanted.
    pub fn kind(&self, group: &str, kind: &str) -> bool {
        match self {
            Self::All => true,
            Self::Kinds(kinds) => kinds.contains(&(group, kind)),
        }
    }
}

impl Object {
    /// API group, `""` for the core group.
    pub fn group(&self) -> &str {
        self.value.str_at(&["apiVersion"]).rsplit_once('/').map_or("", |(group, _)| group)
    }

    /// Kind.
    pub fn kind(&self) -> &str {
        self.value.str_at(&["kind"])
    }

    /// Namespace, `""` for none.
    pub fn namespace(&self) -> &str {
        self.value.str_at(&["metadata", "namespace"])
    }

    /// Name.
    pub fn name(&self) -> &str {
        self.value.str_at(&["metadata", "name"])
    }
}

impl Evidence {
    /// False when objects may be missing.
    pub fn is_complete(&self) -> bool {
        !self.problems.iter().any(|p| p.kind.is_loss())
    }

    /// The objects of a kind.
    pub fn of_kind<'a>(&'a self, group: &'a str, kind: &'a str) -> impl Iterator<Item = &'a Object> {
        self.objects.iter().filter(move |o| o.kind() == kind && o.group() == group)
    }
}

impl Reader {
    /// A reader that keeps the wanted kinds.
    pub fn new(wanted: Wanted) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// The same with other limits.
    #[must_use]
    pub fn limited(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same that tells now and then how many files and objects it has read.
    #[must_use]
    pub fn watched(mut self, watch: Option<fn(usize, usize)>) -> Self {
        self.watch = watch;
        self
    }

    /// Reads a file, or a directory with all below it.
    pub fn path(&mut self, path: &Path) {
        files::path(self, path);
    }

    /// Reads a text such as standard input; `name` is what to call it.
    pub fn text(&mut self, name: &str, input: &mut dyn std::io::Read) {
        let limit = self.limits.document_bytes;
        // Stopping early is told by `take`.
        let _ = files::read(name, input, limit, &mut |found| self.take(found));
    }

    /// Reads a live cluster.
    pub fn cluster(&mut self, cluster: &mut dyn Cluster) {
        cluster::read(self, cluster);
    }

    /// Reads the data directory of a server that is not running.
    pub fn data_dir(&mut self, path: &Path) {
        data_dir::read(self, path);
    }

    /// What was found.
    pub fn finish(self) -> Evidence {
        self.evidence
    }

    /// Notes a problem.
    pub fn problem(&mut self, origin: Origin, kind: ProblemKind, text: impl Into<String>) {
        self.evidence.problems.push(Problem { origin, kind, text: text.into() });
    }

    /// True when no more objects are taken.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    pub(crate) fn take(&mut self, found: Found) -> ControlFlow<()> {
        match found {
            Found::Object(object, bytes) if self.wanted.kind(object.group(), object.kind()) => {
                self.bytes += bytes;
                if self.bytes > self.limits.total_bytes {
                    self.full = true;
                    let text = format!(
                        "more than {} MiB of objects; from here on nothing is read",
                        self.limits.total_bytes >> 20
                    );
                    self.problem(object.origin, ProblemKind::TooLarge, text);
                    return ControlFlow::Break(());
                }
                self.evidence.objects.push(object);
                if let Some(watch) = self.watch.filter(|_| self.evidence.objects.len().is_multiple_of(64)) {
                    watch(self.files, self.evidence.objects.len());
                }
            }
            Found::Object(..) => self.evidence.passed_over += 1,
            Found::Problem(problem) => self.evidence.problems.push(problem),
        }
        ControlFlow::Continue(())
    }
}
