//! The environment and the arguments, and the settings that they resolve to.
//!
//! Two levels: [`Environment`] and [`Arguments`] are what was given, [`Settings`] is what they resolve to. Settings are
//! made once, with every fault reported together, and handed down; nothing reads the environment after that. This room
//! does no network and no logging: what a person should know is in [`Settings::warnings`] or in a [`ConfigError`](error::ConfigError).

mod api_key;
mod arguments;
mod environment;
mod error;
mod flag_typos;
mod flags;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod help;
mod json_fault;
mod log_level;
mod platform_urls;
mod resolver;
mod secret;
mod settings;
mod spool_directory;
mod test_job;
mod url_template;

pub(crate) use arguments::Arguments;
pub(crate) use environment::{Environment, ProcessContext};
pub(crate) use help::help;
pub(crate) use log_level::LogLevel;
pub(crate) use platform_urls::PlatformUrls;
pub(crate) use secret::{Secret, Secrets};
#[cfg(feature = "local")]
pub(crate) use settings::ApiSettings;
pub(crate) use settings::{Mode, Settings};
pub(crate) use spool_directory::{SpoolDirectory, digest};
