//! What the embedded back end asks of the machine, so that tests can own it: one directory of flat files, randomness
//! and a monotonic clock.
//!
//! Entry points: [`Disk`], and [`Directory`] for the real thing.

use std::any::Any;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A directory and the machine around it.
pub trait Disk: Send + Sync + 'static {
    /// Takes the directory for this process until the answer is dropped; `None` when somebody else has it.
    fn lock(&self) -> io::Result<Option<Box<dyn Any + Send + Sync>>>;

    /// The names of all files.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Makes an empty file for reading and writing, in place of one that is there.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a file for reading and writing.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Renames a file, in place of one that is there.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes what was created, renamed and removed durable.
    fn sync(&self) -> io::Result<()>;

    /// The name of a file as people should see it.
    fn display(&self, name: &str) -> String;

    /// A number nobody can guess.
    fn random(&self) -> u64;

    /// Time since some moment in the past; never goes back.
    fn now(&self) -> Duration;
}

/// An open file.
pub trait DiskFile: Send {
    /// Its length in bytes.
    fn len(&self) -> io::Result<u64>;

    /// True when it has no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Reads some bytes at an offset; 0 at the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes some of the bytes at an offset, answers how many.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Cuts or extends it.
    fn set_len(&mut self, len: u64) -> io::Result<()>;

    /// Makes its contents and length durable.
    fn sync(&mut self) -> io::Result<()>;
}

/// A real directory.
pub struct Directory {
    path: PathBuf,
    start: Instant,
}

struct RealFile(File);

const LOCK: &str = "lock";

impl Directory {
    /// Opens a directory, made with mode 0700 when missing; what is missing above it is made too.
    pub fn new(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        if !path.is_dir() {
            DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
            sync_directory(
                path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")),
            )?;
        }
        Ok(Self { path, start: Instant::now() })
    }

    fn at(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Disk for Directory {
    fn lock(&self) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
        let file = options().create(true).truncate(false).open(self.at(LOCK))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            // A name that is no text is none of ours.
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(RealFile(options().create(true).truncate(true).open(self.at(name))?)))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(RealFile(options().open(self.at(name))?)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.at(from), self.at(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.at(name))
    }

    fn sync(&self) -> io::Result<()> {
        sync_directory(&self.path)
    }

    fn display(&self, name: &str) -> String {
        self.at(name).display().to_string()
    }

    fn random(&self) -> u64 {
        // The keys of a new `RandomState` come from the system's randomness.
        RandomState::new().hash_one(0_u64)
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

impl DiskFile for RealFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.0.write_at(bytes, offset)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync(&mut self) -> io::Result<()> {
        // Enough for the contents and, where it changed, the length; times may be lost.
        self.0.sync_data()
    }
}

/// Files hold secrets: nobody else may read them.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Writes all bytes at an offset.
pub(super) fn write_all(file: &mut dyn DiskFile, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => {
                bytes = bytes.get(n..).unwrap_or_default();
                offset += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads until the buffer is full or the file ends; answers how many bytes were there.
pub(super) fn read_full(file: &dyn DiskFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + filled as u64) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
