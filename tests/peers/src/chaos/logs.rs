//! Handlers that log a lot or that prevent the log from being written.

use std::io;

use runpod::Job;

use crate::gate;
use crate::plan::{End, Made, Plan, produced, started};

/// Logs one line of a kilobyte for each item that a stream would have.
pub(crate) async fn logs(job: Job<Plan>) -> Made {
    started(&job.id);
    for number in 0..job.input.items {
        log::info!("line {number} {}", "x".repeat(1000));
    }
    if let End::Hang = job.input.end {
        std::future::pending::<()>().await;
    }
    produced(&job.id);
    job.input.result(&job.id)
}

/// If the job has a gate, holds standard output until the gate opens.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a handler owns its arguments"
)]
pub(crate) fn holds_stdout(job: Job<Plan>) -> Made {
    started(&job.id);
    if job.input.gate {
        let _held = io::stdout().lock();
        gate::pass(&job.id);
    }
    produced(&job.id);
    job.input.result(&job.id)
}
