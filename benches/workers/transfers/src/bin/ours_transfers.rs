//! Our worker, which downloads or uploads what the job's input lists, and measures that.

use std::error::Error;
use std::fs;
use std::process;
use std::time::{Duration, Instant};

use runpod::prelude::*;
use rustix::process::getpid;
use rustix::time::{ClockId, clock_gettime};
use transfers_bench::{Order, Report};
use worker_bench::usage::Usage;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

async fn transfer(order: Order, ctx: JobContext) -> Outcome<usize> {
    let (begun, before) = (Instant::now(), processor_time()?);
    let files = match order.download.as_slice() {
        [url] => vec![ctx.download(url).await?],
        urls => ctx.download_all(urls).await?,
    };
    let named = order.upload.iter().map(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        (name.into_owned(), path.clone())
    });
    let stored = ctx.upload_all(named).await?;
    let report = Report {
        seconds: begun.elapsed().as_secs_f64(),
        processor_seconds: processor_time()?.saturating_sub(before).as_secs_f64(),
        megabytes: Usage::of(getpid())
            .peak_memory()
            .map_err(|error| error.to_string())?,
    };
    fs::write(&order.report, serde_json::to_vec(&report)?)?;
    // The benchmark checks the files, so they must not be removed with the job.
    for (number, file) in files.iter().enumerate() {
        fs::rename(file.path(), order.into.join(number.to_string()))?;
    }
    Ok(files.len() + stored.len())
}

/// Returns the processor time of all threads of this process.
fn processor_time() -> Outcome<Duration> {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Ok(Duration::new(
        u64::try_from(time.tv_sec)?,
        u32::try_from(time.tv_nsec)?,
    ))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> process::ExitCode {
    match runpod::Worker::builder().handler(transfer).run().await {
        Ok(()) => process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            process::ExitCode::FAILURE
        }
    }
}
