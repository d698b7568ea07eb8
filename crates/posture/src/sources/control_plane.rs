//! The control plane: its components' flags, and the configuration files that they name.
