//! Keeps finished results on disk until the platform has them.
//!
//! Each result has a file of its own, which is always complete. Only this user can read it. Its name contains the time
//! when it was stored and the worker that is to deliver it ([`owner`]). Several workers may share the directory, for
//! example all workers of an endpoint on a network volume. To deliver a result that another worker left, a worker first
//! renames the file to take it over. Only one worker can succeed with that.
//!
//! [`SpoolWriter`] is the entry point. It sends messages to the one thread that owns the [`Spool`]. So no other thread
//! waits for a disk or shares the state of a file. Everything below it may block.

mod directory;
mod error;
mod file;
mod files;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod message;
mod name;
mod opening;
mod owner;
mod result;
mod waiting;
#[cfg(all(test, target_os = "linux"))]
pub(crate) mod watched;
mod writer;

pub(crate) use name::Entry;
pub(crate) use result::JobResult;
pub(crate) use writer::{Claimed, DiskCopy, SpoolWriter};

#[cfg(test)]
pub(crate) use directory::Spool;
