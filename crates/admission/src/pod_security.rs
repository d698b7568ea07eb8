//! Pod Security Standards: which pods a level of a version allows (KEP-2579).
//!
//! Entry points: [`evaluate`] holds a pod against a [`LevelVersion`]; [`Policy::of_labels`] reads what a namespace
//! asks for; [`Plugin`] is the admission plug-in that puts both to work.  One control a file, in `controls/`.

mod configuration;
mod controls;
mod level;
mod plugin;
mod pod;
mod sweep;

pub use configuration::Configuration;
pub use controls::{CONTROLS, Control, Revision, Violation, evaluate};
pub use level::{Level, LevelVersion, Policy, Version};
pub use plugin::Plugin;
pub use pod::{Pod, TEMPLATES, Template};
