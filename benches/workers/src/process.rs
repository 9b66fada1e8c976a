//! Worker processes.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::Outcome;
use crate::worker::Worker;
use worker_bench::usage::Usage;

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

    /// Returns the figures that the system reports about the worker and its child processes.
    pub(crate) fn usage(&self) -> Usage {
        Usage::of(self.id)
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
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.kill_group();
            let _ = self.child.wait();
        }
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
