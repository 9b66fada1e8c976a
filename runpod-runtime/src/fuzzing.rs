//! The doors for coverage-guided fuzzing (`fuzz/`): everything that comes from outside, read as the worker reads it, with
//! what must hold then. There only with `--cfg fuzzing`; not public API.

use crate::{config, platform, spool};

/// The answer to a take.
pub fn take_answer(data: &[u8]) {
    platform::fuzzing::take_answer(data);
}

/// The answer to a stop poll.
pub fn stop_answer(data: &[u8]) {
    platform::fuzzing::stop_answer(data);
}

/// The value of a `Retry-After` header.
pub fn retry_after(data: &[u8]) {
    platform::fuzzing::retry_after(data);
}

/// A file of the spool: its name in the first line, then its content.
pub fn spool_file(data: &[u8]) {
    spool::fuzzing::file(data);
}

/// An address with placeholders, a worker's id and a job's id, a line each.
pub fn url_template(data: &[u8]) {
    config::fuzzing::url_template(data);
}

/// A command line, its arguments separated by NUL.
pub fn arguments(data: &[u8]) {
    config::fuzzing::arguments(data);
}

/// An environment: on each line a digit that says which variable, and its value.
pub fn environment(data: &[u8]) {
    config::fuzzing::environment(data);
}

/// A key in the first line, and a text that may have it in it.
pub fn redaction(data: &[u8]) {
    config::fuzzing::redaction(data);
}
