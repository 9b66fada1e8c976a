//! The lines that a deployment prints, and the errors that end it.

use std::io::{self, Write as _};

use super::show;
use super::stage::Existing;
use crate::failure::Failure;
use crate::invoke::{code, safe_text};
use crate::rest::endpoint::{Body, Endpoint};
use crate::rest::worker::Releases;

/// Warns of workers that never stop.
pub(super) fn warn(endpoint: &Endpoint) {
    if let Some(min @ 1..) = endpoint.workers.min {
        say(&format!(
            "warning: workers.min is {min}, so the endpoint never scales to zero; {min} worker(s) are billed even without jobs"
        ));
    }
}

/// Prints a request that is not sent.
pub(super) fn dry(method: &str, url: &str, body: &Body) -> Result<(), Failure> {
    show::request(method, url, body).map_err(|error| {
        Failure::new(format!("cannot write to stdout: {error}")).with_code(code::NO_ANSWER)
    })?;
    say("--dry-run: nothing was changed");
    Ok(())
}

pub(super) fn print_url(endpoint: &Endpoint) {
    if let Some(url) = endpoint.url() {
        // If nobody reads stdout, the endpoint exists anyway.
        let _ = writeln!(io::stdout(), "{}", safe_text::line(url, 300));
    }
}

/// Prints a line on stderr. Ignores a closed stderr.
pub(super) fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

pub(super) fn existing(endpoint: &Endpoint, is_changed: bool) -> Existing {
    Existing {
        name: safe_text::line(&endpoint.name, 100),
        id: safe_text::line(&endpoint.id, 60),
        min_workers: endpoint.workers.min.unwrap_or_default(),
        is_changed,
    }
}

pub(super) fn told(releases: &Releases) -> String {
    let newest = releases.history.first();
    let id = newest.map_or("unknown release", |release| release.id.as_str());
    let time = newest.map_or("", |release| release.created_at.as_str());
    format!(
        "{} of {}",
        safe_text::line(id, 60),
        safe_text::line(time, 40)
    )
}

pub(super) fn declined() -> Failure {
    Failure::new("nothing was changed").with_code(code::USAGE)
}

pub(super) fn usage(faults: &[String]) -> Failure {
    Failure::new(faults.join("\n")).with_code(code::USAGE)
}
