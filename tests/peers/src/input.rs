//! The inputs of handlers: lines from the suite, and the jobs of the SDK's own suite.

use serde::Deserialize;
use serde_json::Value;

/// Waits until the suite confirms that the job's announcement has arrived.
pub(crate) fn line() {
    let mut line = String::new();
    // An error or the end of stdin means that the suite is over and nobody waits for an answer, so the result is
    // ignored.
    let _ = std::io::stdin().read_line(&mut line);
}

pub(crate) async fn line_async() {
    let read = tokio::task::spawn_blocking(line);
    // The only possible error is a panic, and reading a line does not panic.
    let _ = read.await;
}

/// The input of a job in the SDK's own end-to-end suite.
#[derive(Deserialize)]
pub(crate) struct Mock {
    pub(crate) mock_return: Value,
    #[serde(default)]
    pub(crate) mock_delay: f64,
}
