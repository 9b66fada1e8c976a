//! Runpod's limits for a request to a load-balancing endpoint.

use std::time::Duration;

/// The largest body of a request and of a response.
pub(super) const LARGEST_BODY: u64 = 30 << 20;

/// How long a request may wait for a worker.
pub(super) const LONGEST_WAIT: Duration = Duration::from_mins(2);

/// How long a request may take once a worker has it.
pub(super) const LONGEST_REQUEST: Duration = Duration::from_secs(330);
