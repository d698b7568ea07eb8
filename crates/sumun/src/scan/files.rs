//! Files that a scan reads whole, and files that it writes.
//!
//! Entry points: [`read`], [`replace`].

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

/// The largest file that is read whole, in bytes.
const MOST_BYTES: u64 = 256 << 20;

/// Reads a file.  What is no file, such as a pipe that nobody writes to, is not waited for.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut text = Vec::new();
    File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(io::Error::other(format!("more than {} MiB; it is not read", MOST_BYTES >> 20)));
    }
    Ok(text)
}

/// Writes a file in one step: whoever reads it sees the old text or the new one.  Its mode stays; a link stays a link.
///
/// # Errors
/// Why it cannot be written.
pub(super) fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let path = if path.exists() { fs::canonicalize(path)? } else { path.to_owned() };
    let mode = fs::metadata(&path).map(|metadata| metadata.permissions()).ok();
    let name = path.file_name().ok_or_else(|| io::Error::other("it has no name"))?;
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}", std::process::id()));
    let beside = path.with_file_name(beside);
    let written = write_new(&beside, text, mode).and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        // It may not even be there.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn write_new(path: &Path, text: &[u8], mode: Option<fs::Permissions>) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    if let Some(mode) = mode {
        file.set_permissions(mode)?;
    }
    file.write_all(text)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_file_is_replaced_where_its_link_points_with_its_mode() {
        let dir = std::env::temp_dir().join(format!("sumun-files-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let (file, link) = (dir.join("a"), dir.join("b"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();
        replace(&link, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 2);
        assert!(read(&dir).is_err() && replace(&dir.join("none/c"), b"").is_err());
        fs::remove_dir_all(&dir).unwrap();
    }
}
