//! Builds a worker and measures the time.

use std::fmt;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use super::candidate::{Candidate, Prepared};
use super::tree::{self, Tree};
use crate::step::{self, Failure};

/// The wall-clock time of a build, and its processor time if the system reports that.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    pub(super) wall: Duration,
    pub(super) processors: Option<Duration>,
}

impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.1} s", self.wall.as_secs_f64())?;
        if let Some(processors) = self.processors {
            write!(
                formatter,
                " ({:.1} s of processor time)",
                processors.as_secs_f64()
            )?;
        }
        Ok(())
    }
}

#[derive(Debug)]
pub(super) struct Measured {
    pub(super) candidate: &'static Candidate,
    pub(super) tree: Tree,
    pub(super) debug: Vec<Time>,
    pub(super) release: Vec<Time>,
    pub(super) edit: Vec<Time>,
    pub(super) binary_bytes: u64,
}

impl Measured {
    /// Counts the worker's crates, without building them.
    pub(super) fn tree(worker: &Prepared<'static>) -> Result<Self, Failure> {
        Ok(Self {
            candidate: worker.candidate,
            tree: tree::of(worker)?,
            debug: Vec::new(),
            release: Vec::new(),
            edit: Vec::new(),
            binary_bytes: 0,
        })
    }

    /// Runs a debug and a release build, each from an empty folder.
    pub(super) fn build_cold(&mut self, worker: &Prepared<'_>) -> Result<(Time, Time), Failure> {
        worker.clear()?;
        let debug = timed(&mut worker.offline("build"))?;
        worker.clear()?;
        let release = timed(worker.offline("build").arg("--release"))?;
        self.debug.push(debug);
        self.release.push(release);
        self.binary_bytes = size_of(worker)?;
        Ok((debug, release))
    }

    /// Builds the release binary only to read its size.
    pub(super) fn build_for_size(&mut self, worker: &Prepared<'_>) -> Result<(), Failure> {
        timed(worker.offline("build").arg("--release"))?;
        self.binary_bytes = size_of(worker)?;
        Ok(())
    }

    /// Runs `cargo check` after a change to the handler's body only.
    pub(super) fn check_after_edit(
        &mut self,
        worker: &Prepared<'_>,
        edit: usize,
    ) -> Result<(), Failure> {
        worker.write_handler(&format!("Hello for the {}. time", edit + 2))?;
        self.edit.push(timed(&mut worker.offline("check"))?);
        Ok(())
    }
}

fn size_of(worker: &Prepared<'_>) -> Result<u64, Failure> {
    let binary = worker.release_binary();
    let read = fs::metadata(&binary);
    let read =
        read.map_err(|error| Failure::new(format!("cannot read {}: {error}", binary.display())))?;
    Ok(read.len())
}

/// Returns the shortest time. Other programs on the machine make the wall-clock time longer and, because of the
/// caches, also the processor time. They never make either time shorter.
pub(super) fn least(times: impl IntoIterator<Item = Duration>) -> Duration {
    times.into_iter().min().unwrap_or_default()
}

fn timed(command: &mut Command) -> Result<Time, Failure> {
    let (start, before) = (Instant::now(), children_time());
    let output = step::capture(command)?;
    let wall = start.elapsed();
    let processors = before
        .zip(children_time())
        .map(|(before, after)| after.saturating_sub(before));
    if output.status.success() {
        Ok(Time { wall, processors })
    } else {
        Err(Failure::new(format!(
            "{command:?} failed ({}):\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        )))
    }
}

/// Returns the processor time of all child processes that have exited, and of their descendants. Unlike wall-clock
/// time, it does not include other programs on the machine. Only Linux reports it.
fn children_time() -> Option<Duration> {
    children_time_of(&fs::read_to_string("/proc/self/stat").ok()?)
}

/// Reads the fields `cutime` and `cstime`, in hundredths of a second.
fn children_time_of(stat: &str) -> Option<Duration> {
    // The second field is the program's name in brackets, and may contain any character. The third is the state.
    let (_, fields) = stat.rsplit_once(") ")?;
    let ticks: Vec<u64> = fields
        .split_whitespace()
        .skip(13)
        .take(2)
        .filter_map(|field| field.parse().ok())
        .collect();
    match ticks[..] {
        [user, system] => Some(Duration::from_millis((user + system) * 10)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_children_is_read_past_an_odd_program_name() {
        let stat = "7 (x) task) S 1 7 7 0 -1 4194560 9 8 7 6 11 22 150 50 20 0 1 0 5 6 7";
        assert_eq!(children_time_of(stat), Some(Duration::from_secs(2)));
        assert_eq!(children_time_of("7 (x) S 1"), None);
    }
}
