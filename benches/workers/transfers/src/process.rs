//! Measures a program that does not measure itself.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use transfers_bench::Report;
use worker_bench::usage::Usage;

use crate::Outcome;

/// The time between two looks at the memory. The peak only grows, so the last look finds it, or nearly.
const LOOK: Duration = Duration::from_millis(2);

/// Runs a program with one thread to its end.
pub(crate) fn measured(command: &mut Command) -> Outcome<Report> {
    let begun = Instant::now();
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let child = command.spawn()?;
    let id = Pid::from_child(&child);
    let has_ended = AtomicBool::new(false);
    let (seconds, processor_seconds, megabytes) = thread::scope(|scope| -> Outcome<_> {
        let memory = scope.spawn(|| {
            let mut most = 0.0_f64;
            while !has_ended.load(Ordering::Relaxed) {
                // A process that has ended has no memory.
                most = Usage::of(id)
                    .peak_memory()
                    .map_or(most, |now| most.max(now));
                thread::sleep(LOOK);
            }
            most
        });
        // The figures of a process exist until somebody has waited for it.
        let ended = waitid(
            WaitId::Pid(id),
            WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
        );
        let seconds = begun.elapsed().as_secs_f64();
        has_ended.store(true, Ordering::Relaxed);
        ended?;
        let memory = memory
            .join()
            .map_err(|_| "the measurement of the memory failed")?;
        Ok((seconds, processor_seconds(id)?, memory))
    })?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        let (program, status) = (command.get_program().display(), output.status);
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{program}: {status}: {errors}").into());
    }
    Ok(Report {
        seconds,
        processor_seconds,
        megabytes,
    })
}

/// Returns the processor time of the main thread. `/proc/[pid]/stat` would be in units of 10 ms.
fn processor_seconds(id: Pid) -> Outcome<f64> {
    let path = format!("/proc/{}/schedstat", id.as_raw_nonzero());
    let text = fs::read_to_string(path)?;
    let nanoseconds = text.split_whitespace().next().ok_or("schedstat is empty")?;
    Ok(Duration::from_nanos(nanoseconds.parse()?).as_secs_f64())
}
