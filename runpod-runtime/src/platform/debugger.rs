//! The report that `--rp_debugger` adds to outputs: information about the system, and the sections that the job has
//! measured.

use std::sync::OnceLock;

use serde::Serialize;

use crate::handler::{JobContext, Timing, Timings};

#[derive(Serialize)]
pub(crate) struct Report {
    system_info: &'static SystemInfo,
    timestamps: Vec<Timestamp>,
    ready_delay_ms: f64,
}

#[derive(Serialize)]
struct SystemInfo {
    os: String,
    processor: String,
    rust_version: &'static str,
    runpod: &'static str,
}

#[derive(Serialize)]
struct Timestamp {
    name: String,
    start_utc: String,
    stop_utc: String,
    duration_ms: f64,
}

/// Returns the report for one job. `ready_delay_ms` is the time from the start of the process until it was ready for
/// jobs.
pub(crate) fn report(context: Option<&JobContext>, ready_delay_ms: f64) -> Report {
    let timings = context
        .and_then(JobContext::timings)
        .map(Timings::all)
        .unwrap_or_default();
    Report {
        system_info: SystemInfo::of_machine(),
        timestamps: timings.into_iter().filter_map(Timestamp::of).collect(),
        ready_delay_ms,
    }
}

impl SystemInfo {
    /// Reads the information on first use.
    fn of_machine() -> &'static Self {
        static OF_MACHINE: OnceLock<SystemInfo> = OnceLock::new();
        OF_MACHINE.get_or_init(|| Self {
            os: operating_system(),
            processor: processor(),
            rust_version: env!("CARGO_PKG_RUST_VERSION"),
            runpod: crate::platform::VERSION,
        })
    }
}

impl Timestamp {
    /// Returns `None` for a section that has not ended.
    fn of(timing: Timing) -> Option<Self> {
        let stopped = timing.stopped?;
        Some(Self {
            name: timing.name,
            start_utc: humantime::format_rfc3339_micros(timing.started).to_string(),
            stop_utc: humantime::format_rfc3339_micros(stopped.at).to_string(),
            duration_ms: stopped.after.as_secs_f64() * 1000.0,
        })
    }
}

/// Returns a text such as `Linux 6.1.0`.
pub(crate) fn operating_system() -> String {
    #[cfg(unix)]
    let name_of_system = rustix::system::uname();
    #[cfg(unix)]
    let release = name_of_system.release().to_string_lossy();
    #[cfg(not(unix))]
    let release = "";
    let mut name = std::env::consts::OS.to_owned();
    if let Some(first) = name.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    format!("{name} {}", release.trim()).trim_end().to_owned()
}

/// Reads the processor's name from the kernel's own list. The Python SDK spends a second of every cold start on this.
fn processor() -> String {
    std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|info| {
            info.lines()
                .find_map(|line| line.strip_prefix("model name"))
                .map(|name| name.trim_start_matches([' ', '\t', ':']).to_owned())
        })
        .unwrap_or_else(|| "unknown".to_owned())
}
