//! The limit of open files, and the number of connections that it allows.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit to set. A higher limit has no benefit, and slows down programs that close all possible descriptors
/// before they start another program.
const WANTED: u64 = 65_536;

/// The number of descriptors reserved for the rest of the process, such as webhooks and files that handlers open.
const RESERVED: u64 = 256;

/// Raises the process's limit of open files as far as allowed.
pub(super) fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    let Some(soft) = limit.current else {
        return;
    };
    let raised = WANTED.min(limit.maximum.unwrap_or(WANTED));
    if soft >= raised {
        return;
    }
    let new = Rlimit {
        current: Some(raised),
        maximum: limit.maximum,
    };
    match setrlimit(Resource::Nofile, new) {
        Ok(()) => tracing::info!(
            "This process may now open {raised} files, to serve many clients at once; the limit was {soft}."
        ),
        Err(error) => tracing::debug!("cannot raise the limit of open files above {soft}: {error}"),
    }
}

/// Returns the number of connections that the limit of open files allows.
pub(super) fn connections() -> usize {
    allowed(getrlimit(Resource::Nofile).current.unwrap_or(WANTED))
}

fn allowed(descriptors: u64) -> usize {
    let connections = descriptors
        .saturating_sub(RESERVED)
        .max(descriptors / 2)
        .max(1);
    usize::try_from(connections).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use rustix::process::{Resource, getrlimit};

    use super::{allowed, connections};

    #[test]
    fn some_descriptors_are_left_to_the_rest_of_the_process() {
        assert_eq!(allowed(20_000), 19_744);
        assert_eq!(allowed(256), 128);
        assert_eq!(allowed(1), 1);
    }

    #[test]
    fn asking_twice_gives_the_same() {
        assert_eq!(connections(), connections());
    }

    #[test]
    fn asking_for_the_number_leaves_the_limit_of_the_process_as_it_is() {
        let before = getrlimit(Resource::Nofile);
        connections();
        assert_eq!(getrlimit(Resource::Nofile), before);
    }
}
