//! Facts of a host: files with modes and owners, processes, units, packages, kernel settings.
