//! Resolves the environment and the command line to settings.
//!
//! [`Environment`] and [`Arguments`] hold the unresolved values, and [`Settings`] holds the result. The settings are
//! resolved once, and all faults are reported together. After that, nothing reads the environment. This module uses
//! no network and no logging: messages for the user are in [`Settings::warnings`] or in a
//! [`ConfigError`](error::ConfigError).

mod api_key;
mod arguments;
mod environment;
mod error;
pub(crate) mod fitness;
mod flag_typos;
mod flags;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod help;
mod http_settings;
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
#[cfg(feature = "http")]
pub(crate) use http_settings::HttpKind;
pub(crate) use http_settings::HttpSettings;
pub(crate) use http_settings::serves_handlers;
pub(crate) use log_level::LogLevel;
pub(crate) use platform_urls::PlatformUrls;
pub(crate) use secret::{Secret, Secrets};
#[cfg(feature = "local")]
pub(crate) use settings::ApiSettings;
#[cfg(feature = "upload")]
pub(crate) use settings::BUCKET_SECRET;
pub(crate) use settings::{LARGEST_RESULT, Mode, Settings};
pub(crate) use spool_directory::{SpoolDirectory, digest};
