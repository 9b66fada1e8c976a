//! A worker defined with attributes that logs a lot and then ends in the way that `CHAOS_END` names.

use runpod::{Job, JobContext};

use crate::plan::{Made, Plan};

/// The state of a worker that gets as far as its first job.
pub(crate) struct Nothing;

/// Logs more than a pipe holds.
fn log_lines() {
    for number in 0..5000 {
        log::info!("line {number}");
    }
}

#[runpod::handler]
async fn refresh(job: Job<Plan>, ctx: JobContext) -> Made {
    log_lines();
    ctx.refresh_worker();
    job.input.result(&job.id)
}

#[runpod::main]
pub(crate) fn main() -> Result<Nothing, String> {
    /// A panic while a value is dropped during another panic ends the process.
    struct PanicsToo;
    impl Drop for PanicsToo {
        fn drop(&mut self) {
            panic!("the last line");
        }
    }
    // Events of the crate `log` reach the worker's log from here on, and not only when `main` has returned.
    runpod::logging::init();
    let end = std::env::var("CHAOS_END").unwrap_or_default();
    if !["job", "exit"].contains(&end.as_str()) {
        log_lines();
    }
    match end.as_str() {
        "panic" => panic!("the last line"),
        "abort" => {
            let _panics_too = PanicsToo;
            panic!("the first panic")
        }
        "error" => Err("the last line".to_owned()),
        "exit" => {
            // `exit` waits only a moment for the log, but that is enough if the log is read.
            log::error!("the last line");
            std::process::exit(3)
        }
        "flush" => {
            log::info!("the last line");
            log::logger().flush();
            std::process::exit(4)
        }
        _ => Ok(Nothing),
    }
}
