//! The time from the start of the process to the first job-take request, by phase.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A phase of a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The worker's own preparations, and the fitness checks.
    Checks,
    /// `main`, which creates the state.
    Main,
    /// The rest, until the first job-take request.
    FirstTake,
}

/// How long each phase of a start took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct StartTimes {
    /// From the start of the process to the worker's first step. This includes a start script that replaces itself with
    /// the worker (`exec`).
    pub(crate) process: Duration,
    pub(crate) checks: Duration,
    pub(crate) main: Duration,
    pub(crate) first_take: Duration,
}

impl StartTimes {
    pub(crate) fn total(&self) -> Duration {
        self.process + self.checks + self.main + self.first_take
    }

    /// Returns the time of each phase under its name in metrics, and the whole time.
    pub(crate) fn by_phase(&self) -> [(&'static str, Duration); 5] {
        [
            ("process", self.process),
            ("checks", self.checks),
            ("main", self.main),
            ("first_take", self.first_take),
            ("total", self.total()),
        ]
    }

    /// Returns the time of each phase that belongs to the worker itself, under its name in metrics.
    #[cfg(feature = "local")]
    pub(crate) fn own_phases(&self) -> [(&'static str, Duration); 2] {
        [("checks", self.checks), ("main", self.main)]
    }

    fn of(&mut self, phase: Phase) -> &mut Duration {
        match phase {
            Phase::Checks => &mut self.checks,
            Phase::Main => &mut self.main,
            Phase::FirstTake => &mut self.first_take,
        }
    }
}

impl fmt::Display for StartTimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Ready after {:.2} s: process {:.2} s, checks {:.2} s, main {:.2} s, first take {:.2} s",
            self.total().as_secs_f64(),
            self.process.as_secs_f64(),
            self.checks.as_secs_f64(),
            self.main.as_secs_f64(),
            self.first_take.as_secs_f64(),
        )
    }
}

/// Measures the phases of a start. All copies share the same times.
#[derive(Debug, Clone)]
pub(crate) struct StartPhases(Arc<Mutex<Clock>>);

#[derive(Debug)]
struct Clock {
    times: StartTimes,
    /// When the current phase began.
    since: Instant,
    is_ready: bool,
}

impl StartPhases {
    /// Starts to measure. `process` is the time that the process has already run.
    pub(crate) fn after(process: Duration) -> Self {
        let times = StartTimes {
            process,
            ..StartTimes::default()
        };
        Self(Arc::new(Mutex::new(Clock {
            times,
            since: Instant::now(),
            is_ready: false,
        })))
    }

    /// Adds the time since the last phase ended to `phase`. A phase may have several parts.
    pub(crate) fn finished(&self, phase: Phase) {
        let mut clock = self.clock();
        let now = Instant::now();
        let took = now.saturating_duration_since(clock.since);
        *clock.times.of(phase) += took;
        clock.since = now;
    }

    /// Returns how long the current phase has taken so far.
    pub(crate) fn in_phase(&self) -> Duration {
        self.clock().since.elapsed()
    }

    /// Ends the start with the first job-take request, and returns its times. Returns `None` for all later requests.
    pub(crate) fn ready(&self) -> Option<StartTimes> {
        let was_ready = std::mem::replace(&mut self.clock().is_ready, true);
        (!was_ready).then(|| {
            self.finished(Phase::FirstTake);
            self.clock().times
        })
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The step in which Linux counts a process's times for programs (`USER_HZ` is 100).
#[cfg(target_os = "linux")]
const TICK_MS: u64 = 10;

/// Returns how long this process has run, as far as the system tells. Linux counts in steps of 10 ms.
#[cfg(target_os = "linux")]
pub(crate) fn age_of_process() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let Some(ticks) = start_ticks(&stat) else {
        return Duration::ZERO;
    };
    let started = Duration::from_millis(ticks.saturating_mul(TICK_MS));
    // Both times are counted from the start of the system.
    let uptime = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    let seconds = uptime.split(' ').next().and_then(|it| it.parse().ok());
    let now = seconds.and_then(|it| Duration::try_from_secs_f64(it).ok());
    now.unwrap_or_default().saturating_sub(started)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn age_of_process() -> Duration {
    Duration::ZERO
}

/// Returns the time at which a process started, in clock ticks since the system's start, from its `/proc/<id>/stat`.
#[cfg(target_os = "linux")]
fn start_ticks(stat: &str) -> Option<u64> {
    // The name of the program stands in parentheses and may contain spaces and parentheses. Field 3 follows it.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(22 - 3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_the_whole_time_and_each_phase() {
        let times = StartTimes {
            process: Duration::from_millis(12),
            checks: Duration::ZERO,
            main: Duration::from_millis(2290),
            first_take: Duration::from_millis(8),
        };
        assert_eq!(
            times.to_string(),
            "Ready after 2.31 s: process 0.01 s, checks 0.00 s, main 2.29 s, first take 0.01 s"
        );
    }

    #[test]
    fn each_phase_has_its_own_time_and_copies_share_it() {
        let phases = StartPhases::after(Duration::from_secs(5));
        let copy = phases.clone();
        phases.finished(Phase::Checks);
        copy.finished(Phase::Main);
        phases.finished(Phase::Checks);
        let times = copy.ready().unwrap();
        assert_eq!(times.process, Duration::from_secs(5));
        assert!(times.total() > times.process);
        assert_eq!(phases.ready(), None, "a worker becomes ready once");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_name_of_the_program_does_not_hide_its_start() {
        let rest = "S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 123456 1000 200";
        assert_eq!(start_ticks(&format!("42 (worker) {rest}")), Some(123_456));
        assert_eq!(start_ticks(&format!("42 (a) b (c) {rest}")), Some(123_456));
        assert_eq!(start_ticks("42 (worker) S 1"), None);
        assert_eq!(start_ticks(""), None);
        assert!(age_of_process() < Duration::from_hours(24));
    }
}
