//! The documented limits of results. Only the platform knows which limit of a queue endpoint applies to a job. A result
//! beyond one of them is posted with a warning. Only a result beyond `RUNPOD_MAX_RESULT_BYTES` (by default 20 MiB) is
//! not.

/// The limits of a queue endpoint, in bytes.
const AFTER_RUN: usize = 10_000_000;
const AFTER_RUNSYNC: usize = 20_000_000;

/// The limit of a load-balancing endpoint, in bytes.
#[cfg(feature = "http")]
const OF_A_RESPONSE: usize = 30_000_000;

/// Returns why a queue endpoint may refuse a result of this size.
pub(super) fn after_the_queue(bytes: usize) -> Option<&'static str> {
    if bytes > AFTER_RUNSYNC {
        Some("Runpod accepts at most 10 MB after /run and 20 MB after /runsync")
    } else if bytes > AFTER_RUN {
        Some("Runpod accepts at most 10 MB after /run; 20 MB are allowed only after /runsync")
    } else {
        None
    }
}

/// Returns the message for a result or a stream item that is not posted because of its size.
pub(crate) fn refusal(what: &str, bytes: usize, limit: usize) -> String {
    format!(
        "{what} has {bytes} bytes, and at most {limit} are posted (RUNPOD_MAX_RESULT_BYTES). Runpod accepts at most 10 MB \
         after /run and 20 MB after /runsync. Upload the data, for example with `ctx.upload` (feature `upload`), and \
         return its URL"
    )
}

/// Returns why a load-balancing endpoint may not forward a response of this size.
#[cfg(feature = "http")]
pub(super) fn of_a_response(bytes: usize) -> Option<&'static str> {
    (bytes > OF_A_RESPONSE).then_some("Runpod accepts at most 30 MB for a response")
}
