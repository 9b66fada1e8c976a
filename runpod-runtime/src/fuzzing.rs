//! Entry points for coverage-guided fuzzing (`fuzz/`). Each one parses external data as the worker does and checks
//! invariants. These functions exist only with `--cfg fuzzing` and are not a public API. They need the features `unpack`
//! and `volume-cache`.

use crate::{config, download, platform, spool, volume_cache};

/// Parses the answer to a job-take request.
pub fn take_answer(data: &[u8]) {
    platform::fuzzing::take_answer(data);
}

/// Parses the answer to a stop poll.
pub fn stop_answer(data: &[u8]) {
    platform::fuzzing::stop_answer(data);
}

/// Parses the value of a `Retry-After` header.
pub fn retry_after(data: &[u8]) {
    platform::fuzzing::retry_after(data);
}

/// Parses a file of the spool: the first line is its name, the rest is its content.
pub fn spool_file(data: &[u8]) {
    spool::fuzzing::file(data);
}

/// Parses a URL template. The lines are the template, a worker id and a job id.
pub fn url_template(data: &[u8]) {
    config::fuzzing::url_template(data);
}

/// Parses a command line whose arguments are separated by NUL.
pub fn arguments(data: &[u8]) {
    config::fuzzing::arguments(data);
}

/// Parses an environment. Each line is a digit that selects the variable, followed by the value.
pub fn environment(data: &[u8]) {
    config::fuzzing::environment(data);
}

/// Redacts a key. The first line is the key, and the rest is a text that may contain it.
pub fn redaction(data: &[u8]) {
    config::fuzzing::redaction(data);
}

/// Parses a `Content-Disposition` header, or the path of a URL.
pub fn file_name(data: &[u8]) {
    download::fuzzing::file_name(data);
}

/// Unpacks a zip, tar or tar.gz archive.
pub fn archive(data: &[u8]) {
    download::fuzzing::archive(data);
}

/// Parses the manifest of a volume cache.
pub fn volume_manifest(data: &[u8]) {
    volume_cache::fuzzing::manifest(data);
}

/// Reads the archive of a volume cache.
pub fn volume_archive(data: &[u8]) {
    volume_cache::fuzzing::archive(data);
}
