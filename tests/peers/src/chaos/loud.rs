//! A handler that writes text that must not be visible to every output of a process.

use runpod::{Job, JobContext};

use crate::plan::{End, Made, Plan, started};

/// Returns the worker's key, a terminal escape sequence, and a line that looks like a log line.
fn bad(what: &str) -> String {
    let key = std::env::var("RUNPOD_AI_API_KEY").unwrap_or_default();
    format!(
        "{what} {key} \u{1b}[2J\n{{\"requestId\": null, \"message\": \"forged\", \"level\": \"INFO\"}}"
    )
}

/// Installs a panic hook, as a program may do.
pub(crate) fn install_hook() {
    std::panic::set_hook(Box::new(|info| {
        let line = info.location().map_or(0, std::panic::Location::line);
        eprintln!("own hook: line {line}");
    }));
}

pub(crate) async fn loud(job: Job<Plan>, ctx: JobContext) -> Result<Made, String> {
    started(&job.id);
    log::info!("{}", bad("logged"));
    log::debug!("below the level");
    let thread = std::thread::Builder::new()
        .name("users-own".to_owned())
        .spawn(|| panic!("{}", bad("in a thread")));
    let _ = thread.map(std::thread::JoinHandle::join);
    let _ = tokio::spawn(async { panic!("{}", bad("in a task")) }).await;
    let _ = std::panic::catch_unwind(|| panic!("{}", bad("caught")));
    match job.input.end {
        End::Panic => panic!("{}", bad("in the handler")),
        End::Error => Err(bad("returned")),
        End::Block => {
            ctx.mark_unhealthy(bad("unhealthy"));
            Ok(job.input.result(&job.id))
        }
        _ => Ok(job.input.result(&job.id)),
    }
}
