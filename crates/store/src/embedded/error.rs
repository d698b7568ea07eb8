//! Why a store does not open.

use std::{fmt, io};

/// Why a store does not open.
#[derive(Debug)]
pub enum OpenError {
    /// Another process, or another part of this one, has it open.
    Locked {
        /// The directory.
        directory: String,
    },
    /// The disk or its permissions.
    Io {
        /// The file or directory.
        file: String,
        /// What the system says.
        error: io::Error,
    },
    /// The data is damaged in a way that no interrupted write explains.
    Corrupt {
        /// The file.
        file: String,
        /// Where in it, in bytes.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// The data was written by another version of the program.
    Version {
        /// The file.
        file: String,
        /// The version of its format.
        found: u32,
        /// The version this program reads.
        known: u32,
    },
}

impl OpenError {
    pub(super) fn io(file: String, error: io::Error) -> Self {
        Self::Io { file, error }
    }

    pub(super) fn corrupt(file: String, offset: u64, what: impl Into<String>) -> Self {
        Self::Corrupt { file, offset, what: what.into() }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked { directory } => write!(f, "`{directory}` is in use by another process"),
            Self::Io { file, error } => write!(f, "cannot open the store: `{file}`: {error}"),
            Self::Corrupt { file, offset, what } => write!(
                f,
                "the store is damaged: `{file}` at offset {offset}: {what}; restore the directory from a backup, \
                 nothing was changed"
            ),
            Self::Version { file, found, known } => write!(
                f,
                "`{file}` has format version {found}, this program reads version {known}; use the program that wrote it"
            ),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}
