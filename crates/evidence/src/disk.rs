//! A directory of the store that is only read: what opening it would mend is mended in memory.

use std::any::Any;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use store::disk::{Disk, DiskFile};

/// A directory.
pub(crate) struct ReadOnly {
    path: PathBuf,
    start: Instant,
}

struct ReadOnlyFile {
    file: File,
    /// Where it was cut, in memory.
    end: Option<u64>,
}

impl ReadOnly {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, start: Instant::now() }
    }
}

fn refused<T>() -> io::Result<T> {
    Err(io::ErrorKind::ReadOnlyFilesystem.into())
}

impl Disk for ReadOnly {
    fn lock(&self) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
        let file = match File::open(self.path.join("lock")) {
            // A copy without the lock is nobody's.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(Box::new(()))),
            other => other?,
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn create(&self, _: &str) -> io::Result<Box<dyn DiskFile>> {
        refused()
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let file = File::open(self.path.join(name))?;
        Ok(Box::new(ReadOnlyFile { file, end: None }))
    }

    fn rename(&self, _: &str, _: &str) -> io::Result<()> {
        refused()
    }

    /// Leftovers stay.
    fn remove(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn display(&self, name: &str) -> String {
        self.path.join(name).display().to_string().trim_end_matches('/').to_owned()
    }

    /// For new files, which there are none of.
    fn random(&self) -> u64 {
        0
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

impl DiskFile for ReadOnlyFile {
    fn len(&self) -> io::Result<u64> {
        let len = self.file.metadata()?.len();
        Ok(self.end.map_or(len, |end| len.min(end)))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = self.len()?.saturating_sub(offset);
        let room = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        self.file.read_at(buffer.get_mut(..room).unwrap_or_default(), offset)
    }

    fn write_at(&mut self, _: &[u8], _: u64) -> io::Result<usize> {
        refused()
    }

    /// Cuts what is read, not the file.
    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.end = Some(len);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}
