//! Tests the start of a worker, from the first instant to the first job: signals, a start that fails, and PID 1.
//!
//! No example fails to start, so this test program is also the worker. The program starts itself again as the worker,
//! and then runs only the test called `worker`.

mod failed;
mod first_process;
#[cfg(feature = "http")]
mod over_http;
mod signals;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::Read as _;
use std::process::{Child, Command as Process, ExitCode, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use runpod::Worker;
use runpod::prelude::*;
use runpod_local::{Endpoint as LocalEndpoint, Timing};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{ChildStdout, Command};
use tokio::time::timeout;

use crate::endpoint::{Endpoint, Post};
use crate::process::{PATIENCE, isolated};

/// The environment variable that says which of the workers below this process is.
const WORKER: &str = "TEST_OF_STARTS";
/// The environment variable that says whether the shutdown hook waits for a byte on standard input.
const HOOK_WAITS: &str = "TEST_OF_STARTS_HOOK_WAITS";
/// The environment variable that says what `main` does.
const DOES: &str = "TEST_OF_STARTS_DOES";
const KEY: &str = "a-key-for-tests";

/// Prints a line when it is dropped.
struct Noisy;

impl Drop for Noisy {
    fn drop(&mut self) {
        println!("main was dropped");
    }
}

/// Hangs if [`DOES`] says so. It is a plain function, so nothing can stop it.
#[runpod::fitness_check(timeout_s = 600)]
fn can_hang() {
    if env::var(DOES).is_ok_and(|does| does == "hang in a check") {
        println!("the check hangs");
        block_forever();
    }
}

#[runpod::on_shutdown(timeout_s = 60)]
fn says_goodbye() {
    println!("the shutdown hook runs");
    if env::var_os(HOOK_WAITS).is_some() {
        let _ = std::io::stdin().read(&mut [0]);
    }
}

/// Does what [`DOES`] says, except for waiting forever.
fn load() -> Result<String, String> {
    println!("main is loading");
    tracing::info!("loading with the key {KEY}");
    match env::var(DOES).as_deref() {
        Ok("fail") => Err(format!("no model for the key {KEY}")),
        Ok("panic") => panic!("no model at all"),
        does => Ok(does.unwrap_or_default().to_owned()),
    }
}

fn block_forever() -> ! {
    loop {
        std::thread::park();
    }
}

mod asynchronous {
    use super::*;

    #[runpod::main(handler = greet, init_timeout = 60)]
    pub(super) async fn main() -> Result<String, String> {
        let _noisy = Noisy;
        let does = load()?;
        match does.as_str() {
            "hang" => std::future::pending::<()>().await,
            "block" => block_forever(),
            _ => {}
        }
        Ok(does)
    }

    #[runpod::handler]
    async fn greet(_job: Value, state: State<String>) -> String {
        String::clone(&state)
    }
}

mod plain {
    use super::*;

    #[runpod::main(handler = greet)]
    pub(super) fn main() -> Result<String, String> {
        let does = load()?;
        match does.as_str() {
            "hang" => block_forever(),
            _ => Ok(does),
        }
    }

    #[runpod::handler]
    fn greet(_job: Value, state: State<String>) -> String {
        String::clone(&state)
    }
}

/// A worker whose jobs start processes, and wait for them or not.
mod parent {
    use super::*;

    static KEPT: Mutex<Option<Child>> = Mutex::new(None);

    #[runpod::main(handler = run)]
    pub(super) fn main() {}

    #[runpod::handler]
    async fn run(step: String) -> Result<String, std::io::Error> {
        let mut kept = KEPT.lock().unwrap();
        match step.as_str() {
            // The shell exits before its child process, so PID 1 becomes the parent of `sleep`.
            "orphan" => Process::new("sh")
                .args(["-c", "sleep 0.2 >/dev/null & echo $!"])
                .output()
                .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()),
            "start" => {
                *kept = Some(Process::new("sh").args(["-c", "exit 7"]).spawn()?);
                Ok(String::new())
            }
            _ => Ok(format!("{:?}", kept.take().unwrap().wait()?.code())),
        }
    }
}

/// Runs a worker that a running job stops.
fn stopped_by_its_job() -> ExitCode {
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let stop = Mutex::new(Some(stop));
    let worker = Worker::builder()
        .blocking(move |input: u64| {
            drop(stop.lock().unwrap().take());
            // The test sends a byte when the worker has logged that it stops.
            let _ = std::io::stdin().read(&mut [0]);
            input * 2
        })
        .with_graceful_shutdown(async {
            let _: Result<(), _> = stopped.await;
        });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match runtime.block_on(worker.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// The worker, if this process is one. In any other process, this test does nothing.
#[test]
fn worker() -> ExitCode {
    let code = match env::var(WORKER).as_deref() {
        Ok("async") => asynchronous::main(),
        Ok("plain") => plain::main(),
        Ok("parent") => parent::main(),
        Ok("builder") => stopped_by_its_job(),
        _ => ExitCode::SUCCESS,
    };
    if code == ExitCode::FAILURE {
        // The test program would replace this code by its own.
        std::process::exit(1);
    }
    code
}

/// Restores the default action of SIGHUP, which the test program ignores if `nohup` started it.
const WITH_DEFAULT_SIGNALS: [&str; 2] = ["env", "--default-signal=HUP"];

fn process(worker: &str, does: &str) -> Command {
    wrapped(&WITH_DEFAULT_SIGNALS, worker, does)
}

/// Returns a command that starts the worker through another program.
fn wrapped(program: &[&str], worker: &str, does: &str) -> Command {
    let this = env::current_exe().expect("a running test knows its own file");
    let (program, arguments) = program.split_first().expect("a program");
    let mut command = isolated(program);
    command
        .args(arguments)
        .arg(this)
        .args(["--exact", "starts::worker", "--nocapture"])
        .env(WORKER, worker)
        .env(DOES, does);
    command
}

/// A command that runs a program as PID 1 of new namespaces, as a container does.
const AS_FIRST_PROCESS: [&str; 7] = [
    "unshare",
    "--user",
    "--map-root-user",
    "--pid",
    "--fork",
    "--mount-proc",
    "--kill-child",
];

/// A running worker whose output is read line by line.
struct Started {
    child: tokio::process::Child,
    pid: Pid,
    lines: Lines<BufReader<ChildStdout>>,
    seen: String,
}

impl Started {
    fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the program starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        Self {
            child,
            pid: pid.expect("the program runs"),
            lines: BufReader::new(stdout).lines(),
            seen: String::new(),
        }
    }

    fn on(endpoint: &Endpoint, mut command: Command) -> Self {
        command.envs(endpoint.environment());
        Self::spawn(command)
    }

    /// Waits for a line. The log and the program's own output have no fixed order, so the line may have been read already.
    async fn line_with(&mut self, part: &str) {
        while !self.seen.contains(part) {
            let line = timeout(PATIENCE, self.lines.next_line()).await;
            let Ok(Ok(Some(line))) = line else {
                panic!("no line contains {part:?}. So far:\n{}", self.seen);
            };
            self.seen.push_str(&line);
            self.seen.push('\n');
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).expect("the worker runs");
    }

    /// Waits for the exit, and returns the code and the whole output.
    async fn exit(mut self) -> (Option<i32>, String) {
        while let Ok(line) = timeout(PATIENCE, self.lines.next_line()).await
            && let Ok(Some(line)) = line
        {
            self.seen.push_str(&line);
            self.seen.push('\n');
        }
        let status = timeout(PATIENCE, self.child.wait()).await;
        let status = status.unwrap_or_else(|_| panic!("it does not exit:\n{}", self.seen));
        (status.expect("a child process exits").code(), self.seen)
    }
}

/// Returns the child processes of a process, and whether they are zombies.
fn children(parent: Pid) -> Vec<(Pid, bool)> {
    let parent = parent.as_raw_pid();
    let tasks = fs::read_dir(format!("/proc/{parent}/task")).expect("the process runs");
    let lists = tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok())
        .collect::<String>();
    let pids = lists.split_whitespace().filter_map(|pid| pid.parse().ok());
    pids.filter_map(Pid::from_raw)
        .map(|pid| {
            let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid()));
            (pid, stat.unwrap_or_default().contains(") Z "))
        })
        .collect()
}

/// Returns the worker that `unshare` runs as PID 1.
fn first_process(unshare: &Started) -> Pid {
    let of_unshare = children(unshare.pid);
    let [(pid, false)] = of_unshare[..] else {
        panic!("{of_unshare:?}");
    };
    pid
}

const STOPS: [(Signal, &str, i32); 3] = [
    (Signal::TERM, "SIGTERM", 143),
    (Signal::INT, "SIGINT", 130),
    (Signal::HUP, "SIGHUP", 129),
];
