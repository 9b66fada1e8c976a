//! Finished results that the platform does not have yet, on disk until it has.
//!
//! One file for each result. It appears whole or not at all, is readable by this user only, and its name says when it was
//! stored and who is to deliver it ([`owner`]). The directory may be shared: on a network volume all workers of an
//! endpoint have the same, so that whoever wants to deliver what another one left takes it over first, by renaming it,
//! which only one can.
//!
//! [`SpoolWriter`] is the way in: one thread that owns the [`Spool`] and gets ordered messages, so that no other thread
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
