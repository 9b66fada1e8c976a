//! The worker of the chaos suite. It has handlers of every kind, which do what the job's input says. The first
//! arguments select the handler and the number of slots.
//!
//! `chaos_peer.py` builds the same workers with the real SDK. If a job's input has a `gate`, the handler waits until
//! the endpoint opens it, so that no order depends on timing.

mod ends;
mod gate;
mod kinds;
mod logs;
mod loud;
mod plan;

use std::process::ExitCode;

use runpod::Worker;

fn main() -> Result<ExitCode, runpod::Error> {
    let mut words = std::env::args().skip(1);
    let kind = words.next().unwrap_or_default();
    let slots = words.next().and_then(|word| word.parse().ok()).unwrap_or(1);
    let refresh = words.next().is_some_and(|word| word == "refresh");
    if std::env::var_os("CHAOS_HOOK").is_some() {
        loud::install_hook();
    }
    if kind == "ends" {
        return Ok(ends::main());
    }
    let worker = Worker::builder();
    let worker = match kind.as_str() {
        "async" => worker.handler(kinds::asynchronous),
        "plain" => worker.blocking(kinds::plain),
        "stream" => worker.stream(kinds::stream),
        "iterator" => worker.stream(kinds::iterator),
        "emitter" => worker.stream(kinds::emitter),
        "logs" => worker.handler(logs::logs),
        "holds-stdout" => worker.blocking(logs::holds_stdout),
        "loud" => worker.handler(loud::loud),
        "aggregate" => worker.stream(kinds::stream).return_aggregate_stream(true),
        unknown => {
            eprintln!("no worker is named {unknown:?}");
            std::process::exit(2);
        }
    };
    // This runtime only waits for the worker, which has its own threads.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the runtime can be created");
    let worker = worker.concurrency(slots).refresh_worker(refresh);
    runtime.block_on(worker.run()).map(|()| ExitCode::SUCCESS)
}
