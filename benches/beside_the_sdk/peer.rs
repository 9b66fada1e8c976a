//! The two workers, as processes.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::{Child, Command};

use crate::Outcome;

#[derive(Debug, Clone)]
pub(crate) enum Peer {
    Ours,
    /// The Python that has it.
    Sdk(PathBuf),
}

/// A worker that runs, in a process group of its own.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    id: Pid,
    pub(crate) begun: Instant,
}

impl Peer {
    /// Both, in the order of the table's columns.
    pub(crate) fn both() -> Outcome<[Self; 2]> {
        let python = env::var_os("RUNPOD_TEST_PYTHON").ok_or(
            "RUNPOD_TEST_PYTHON names no Python with the SDK; `cargo xtask beside-the-sdk` installs one and sets it",
        )?;
        Ok([Self::Ours, Self::Sdk(python.into())])
    }

    pub(crate) fn start(
        &self,
        kind: &str,
        slots: usize,
        variables: Vec<(&'static str, String)>,
    ) -> Outcome<Process> {
        let mut command = match self {
            Self::Ours => {
                let mut this = Command::new(env::current_exe()?);
                this.arg("worker");
                this
            }
            Self::Sdk(python) => {
                let mut command = Command::new(python);
                let here = Path::new(env!("CARGO_MANIFEST_DIR"));
                command.arg(here.join("benches/beside_the_sdk/worker.py"));
                command
            }
        };
        // What a worker keeps, it keeps there, and not on this machine's network volume.
        let room = Path::new(env!("CARGO_TARGET_TMPDIR")).join("beside_the_sdk");
        fs::create_dir_all(&room)?;
        command
            .args([kind, &slots.to_string()])
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", &room)
            .env("TMPDIR", &room)
            .env("RUNPOD_RESULT_SPOOL", room.join("spool"))
            .env("RUNPOD_LOG_LEVEL", "ERROR")
            .env("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "true")
            .env("RUNPOD_SKIP_GPU_CHECK", "true")
            .env("NO_PROXY", "127.0.0.1")
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .process_group(0)
            .kill_on_drop(true);
        let begun = Instant::now();
        let child = command.spawn()?;
        let id = child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        Ok(Process {
            child,
            id: id.ok_or("the worker has ended at once")?,
            begun,
        })
    }
}

impl Process {
    /// What it and its children alone hold in memory, their share of what they have in common counted once, in MB.
    pub(crate) fn memory(&self) -> Outcome<f64> {
        let mut kilobytes = 0.0;
        for entry in fs::read_dir("/proc")?.flatten() {
            let folder = entry.path();
            // The fifth field is the process group; the second one is in brackets and may have anything in it.
            let group = fs::read_to_string(folder.join("stat"))
                .ok()
                .and_then(|stat| {
                    let (_, fields) = stat.rsplit_once(") ")?;
                    fields.split(' ').nth(2)?.parse().ok()
                });
            if group != Some(self.id.as_raw_nonzero().get()) {
                continue;
            }
            let rollup = fs::read_to_string(folder.join("smaps_rollup"))?;
            let share = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
            let share =
                share.and_then(|share| share.split_whitespace().next()?.parse::<f64>().ok());
            kilobytes += share.ok_or("the system does not tell what a process holds")?;
        }
        Ok(kilobytes / 1000.0)
    }

    /// SIGTERM, and how long it then takes to be gone.
    pub(crate) async fn end(mut self) -> Outcome<Duration> {
        let told = Instant::now();
        kill_process(self.id, Signal::TERM)?;
        self.child.wait().await?;
        let took = told.elapsed();
        // What the SDK leaves behind.
        let _ = kill_process_group(self.id, Signal::KILL);
        Ok(took)
    }
}
