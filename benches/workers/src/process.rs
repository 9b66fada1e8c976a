//! Worker processes, and the figures that the system reports about them.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::Outcome;
use crate::worker::Worker;

/// A running worker in its own process group.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    id: Pid,
    pub(crate) begun: Instant,
}

/// The settings with which a worker is started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start<'a> {
    pub(crate) worker: Worker,
    pub(crate) streams: bool,
    pub(crate) slots: usize,
    /// The folder with the worker's home directory and its spool.
    pub(crate) folder: &'a Path,
}

impl Process {
    pub(crate) fn start(
        start: Start<'_>,
        python: Option<&Path>,
        variables: Vec<(&'static str, String)>,
    ) -> Outcome<Self> {
        let mut command = command(start, python)?;
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", start.folder)
            .env("TMPDIR", start.folder)
            .env("RUNPOD_LOG_LEVEL", "ERROR")
            .env("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "true")
            .env("RUNPOD_SKIP_GPU_CHECK", "true")
            .env("RUNPOD_WORKER_CONCURRENCY", start.slots.to_string())
            .env("BENCH_SLOTS", start.slots.to_string())
            .env("BENCH_KIND", if start.streams { "stream" } else { "value" })
            .env("NO_PROXY", "127.0.0.1")
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .process_group(0);
        if start.worker == Worker::OursWithoutSpool {
            command.env("RUNPOD_RESULT_SPOOL", "off");
        } else {
            command.env("RUNPOD_RESULT_SPOOL", start.folder.join("spool"));
        }
        let begun = Instant::now();
        let child = command.spawn()?;
        let id = Pid::from_child(&child);
        Ok(Self { child, id, begun })
    }

    /// Returns the processor time of the worker since its start: user and system time of all threads, including threads
    /// that have exited.
    pub(crate) fn processor_time(&self) -> Outcome<Duration> {
        let mut ticks = 0;
        for process in self.group() {
            // The indexes start at the field after the program's name. The name is in brackets and may contain any
            // character.
            let fields = process.stat()?;
            ticks += field(&fields, 11)? + field(&fields, 12)?;
        }
        Ok(Duration::from_millis(ticks * 1000 / ticks_a_second()))
    }

    pub(crate) fn threads(&self) -> Outcome<u64> {
        self.sum(|process| process.status("Threads:"))
    }

    /// Returns the peak of the resident memory, in MB.
    pub(crate) fn peak_memory(&self) -> Outcome<f64> {
        Ok(megabytes(self.sum(|process| process.status("VmHWM:"))?))
    }

    /// Returns the proportional set size (PSS) in MB: the private resident memory plus a share of the memory that is
    /// shared with other processes.
    pub(crate) fn share_of_memory(&self) -> Outcome<f64> {
        let kilobytes = self.sum(|process| process.read("smaps_rollup", "Pss:"))?;
        Ok(megabytes(kilobytes))
    }

    /// Returns the number of voluntary context switches of all current threads, that is, how often they started to
    /// wait.
    pub(crate) fn waits(&self) -> Outcome<u64> {
        let mut waits = 0;
        for process in self.group() {
            for task in fs::read_dir(process.0.join("task"))?.flatten() {
                waits += Folder(task.path()).status("voluntary_ctxt_switches:")?;
            }
        }
        Ok(waits)
    }

    /// Sends SIGTERM and returns how long the process takes to exit.
    pub(crate) fn end(mut self) -> Outcome<Duration> {
        let signalled = Instant::now();
        kill_process(self.id, Signal::TERM)?;
        self.child.wait()?;
        let took = signalled.elapsed();
        self.kill_group();
        Ok(took)
    }

    pub(crate) fn kill(mut self) -> Outcome<()> {
        self.kill_group();
        self.child.wait()?;
        Ok(())
    }

    /// Kills the worker and its child processes, because the SDK's heartbeat process outlives its worker.
    fn kill_group(&self) {
        // The group may not exist any more.
        let _ = kill_process_group(self.id, Signal::KILL);
    }

    fn sum(&self, of: impl Fn(&Folder) -> Outcome<u64>) -> Outcome<u64> {
        self.group().iter().map(of).sum()
    }

    /// Returns the worker's process and its descendants. Only the SDK's worker has descendants.
    fn group(&self) -> Vec<Folder> {
        let id = self.id.as_raw_nonzero().get();
        let itself = Folder(PathBuf::from(format!("/proc/{id}")));
        let mut group = itself.descendants();
        group.push(itself);
        group
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.kill_group();
            let _ = self.child.wait();
        }
    }
}

/// The folder of a process or a thread in `/proc`.
struct Folder(PathBuf);

impl Folder {
    fn descendants(&self) -> Vec<Self> {
        let mut found = Vec::new();
        for task in fs::read_dir(self.0.join("task"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            for child in children.split_whitespace() {
                let child = Self(PathBuf::from("/proc").join(child));
                found.extend(child.descendants());
                found.push(child);
            }
        }
        found
    }

    fn stat(&self) -> Outcome<Vec<String>> {
        let stat = fs::read_to_string(self.0.join("stat"))?;
        let (_, fields) = stat.rsplit_once(") ").ok_or("a process without a name")?;
        Ok(fields.split_whitespace().map(str::to_owned).collect())
    }

    fn status(&self, name: &str) -> Outcome<u64> {
        self.read("status", name)
    }

    fn read(&self, file: &str, name: &str) -> Outcome<u64> {
        let text = fs::read_to_string(self.0.join(file))?;
        let value = text.lines().find_map(|line| line.strip_prefix(name));
        let value = value.and_then(|value| value.split_whitespace().next()?.parse().ok());
        value.ok_or_else(|| format!("{file} of {} has no {name}", self.0.display()).into())
    }
}

fn command(start: Start<'_>, python: Option<&Path>) -> Outcome<Command> {
    if start.worker == Worker::Python {
        let python = python.ok_or(
            "RUNPOD_TEST_PYTHON is not set; run `cargo xtask bench`, which installs a Python with the SDK and sets it",
        )?;
        let mut command = Command::new(python);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/python_sdk.py"));
        return Ok(command);
    }
    let program = start.worker.program(start.streams);
    // Cargo builds it into the same folder as this program.
    Ok(Command::new(
        std::env::current_exe()?.with_file_name(program),
    ))
}

fn field(fields: &[String], index: usize) -> Outcome<u64> {
    let field = fields.get(index).and_then(|field| field.parse().ok());
    field.ok_or_else(|| "/proc does not report the process's times".into())
}

/// Returns the frequency of the clock that `/proc` uses.
fn ticks_a_second() -> u64 {
    rustix::param::clock_ticks_per_second()
}

fn megabytes(kilobytes: u64) -> f64 {
    crate::sample::float(kilobytes) / 1000.0
}
