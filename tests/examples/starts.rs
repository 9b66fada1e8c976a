//! Tests the start of a worker, from the first instant to the first job: signals, a start that fails, and PID 1.
//!
//! No example fails to start, so this test program is also the worker. The program starts itself again as the worker,
//! and then runs only the test called `worker`.

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

fn process(worker: &str, does: &str) -> Command {
    wrapped(&[], worker, does)
}

/// Returns a command that starts the worker through another program.
fn wrapped(program: &[&str], worker: &str, does: &str) -> Command {
    let this = env::current_exe().expect("a running test knows its own file");
    let mut command = match program {
        [] => isolated(this),
        [program, arguments @ ..] => {
            let mut command = isolated(program);
            command.args(arguments).arg(this);
            command
        }
    };
    command
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

    async fn line_with(&mut self, part: &str) {
        loop {
            let line = timeout(PATIENCE, self.lines.next_line()).await;
            let Ok(Ok(Some(line))) = line else {
                panic!("no line contains {part:?}. So far:\n{}", self.seen);
            };
            let is_it = line.contains(part);
            self.seen.push_str(&line);
            self.seen.push('\n');
            if is_it {
                return;
            }
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

#[tokio::test]
async fn a_signal_while_main_loads_ends_a_worker_on_the_platform_before_it_takes_a_job() {
    for (worker, dropped) in [("async", true), ("plain", false)] {
        for (signal, name, _) in STOPS {
            let endpoint = Endpoint::with_jobs([json!({ "id": "a", "input": 1 })]).await;
            let mut started = Started::on(&endpoint, process(worker, "hang"));
            started.line_with("main is loading").await;
            started.signal(signal);
            let (code, output) = started.exit().await;
            assert_eq!(code, Some(0), "{worker}, {name}: {output}");
            let reason = format!("{name} while `main` was loading, after ");
            assert!(output.contains(&reason), "{worker}: {output}");
            assert_eq!(output.contains("main was dropped"), dropped, "{output}");
            assert_eq!(endpoint.jobs_left(), 1, "{output}");
        }
    }
}

#[tokio::test]
async fn a_second_signal_ends_a_main_that_does_not_stop_at_once() {
    let endpoint = Endpoint::with_jobs([]).await;
    let mut started = Started::on(&endpoint, process("async", "block"));
    started.line_with("main is loading").await;
    started.signal(Signal::TERM);
    started.line_with("SIGTERM while `main` was loading").await;
    started.signal(Signal::INT);
    assert_eq!(started.exit().await.0, Some(130));
}

#[tokio::test]
async fn a_main_that_does_not_stop_is_left_behind() {
    let endpoint = Endpoint::with_jobs([]).await;
    let mut started = Started::on(&endpoint, process("async", "block"));
    started.line_with("main is loading").await;
    started.signal(Signal::TERM);
    let (code, output) = started.exit().await;
    assert_eq!(code, Some(0), "{output}");
    assert!(!output.contains("main was dropped"), "{output}");
}

#[tokio::test]
async fn a_signal_while_main_loads_ends_a_local_run_at_once() {
    let ways = [r#"--test_input={"input": 1}"#, "--rp_serve_api"];
    for way in &ways[..if cfg!(feature = "local") { 2 } else { 1 }] {
        for (signal, _, code) in STOPS {
            let mut command = process("async", "hang");
            // The test program reads the flag as the value of its own `--skip`.
            command.args(["--skip", way]);
            let mut started = Started::spawn(command);
            started.line_with("main is loading").await;
            started.signal(signal);
            let (found, output) = started.exit().await;
            assert_eq!(found, Some(code), "{way}: {output}");
        }
    }
}

#[tokio::test]
async fn a_worker_that_was_started_with_nohup_ignores_the_end_of_its_terminal() {
    let endpoint = Endpoint::with_jobs([]).await;
    let shell = ["sh", "-c", r#"trap "" HUP; exec "$0" "$@""#];
    let mut started = Started::on(&endpoint, wrapped(&shell, "plain", "hang"));
    started.line_with("main is loading").await;
    started.signal(Signal::HUP);
    started.signal(Signal::TERM);
    let (code, output) = started.exit().await;
    assert_eq!(code, Some(0), "{output}");
    assert!(
        output.contains("SIGTERM while `main` was loading"),
        "{output}"
    );
    assert!(!output.contains("SIGHUP"), "{output}");
}

/// Returns the report in a failed result.
fn report(body: &Value) -> Value {
    let error = body["error"].as_str().expect("the result is a failure");
    serde_json::from_str(error).expect("the error is JSON")
}

#[tokio::test]
async fn the_client_of_one_job_gets_the_reason_of_a_start_that_failed() {
    for worker in ["async", "plain"] {
        for (does, kind, message) in [
            ("fail", "Error", "no model for the key"),
            ("panic", "panic", "`main` panicked: no model at all"),
            ("hang", "TimeoutError", "RUNPOD_INIT_TIMEOUT"),
        ] {
            let jobs = ["a", "b"].map(|id| json!({ "id": id, "input": 1 }));
            let mut endpoint = Endpoint::with_jobs(jobs).await;
            let mut command = process(worker, does);
            if does == "hang" {
                command.env("RUNPOD_INIT_TIMEOUT", "0.3");
            }
            let started = Started::on(&endpoint, command);
            let (code, output) = started.exit().await;
            assert_eq!(code, Some(1), "{worker}, {does}: {output}");
            assert_eq!(endpoint.jobs_left(), 1, "one job is taken: {output}");
            let (id, Post::Result(body)) = endpoint.next().await else {
                panic!("the first post is no result: {output}");
            };
            assert_eq!(id, "a");
            let report = report(&body);
            let keys: BTreeSet<_> = report.as_object().unwrap().keys().cloned().collect();
            let expected =
                "error_message error_traceback error_type event hook logs runpod_version worker_id";
            assert!(keys.iter().eq(expected.split(' ')), "{report}");
            assert_eq!(report["event"], "prestart_failed");
            assert_eq!(report["hook"], "main");
            assert_eq!(report["error_type"], kind);
            assert_eq!(report["worker_id"], "worker-of-the-tests");
            for text in [&report["error_message"], &report["logs"]] {
                let text = text.as_str().expect("a text");
                assert!(text.contains(message), "{report}");
            }
            let logs = report["logs"].as_str().unwrap();
            assert!(
                logs.contains("loading with the key ") && logs.ends_with('\n'),
                "{logs}"
            );
            assert!(
                !body.to_string().contains(KEY) && !logs.contains(KEY),
                "{body}"
            );
            let pings = endpoint.unhealthy_pings();
            assert_eq!(pings.len(), 1, "{pings:?}: {output}");
            assert!(pings[0].contains("check=main"), "{pings:?}");
            let text = "the worker's state could not be created";
            assert_eq!(output.matches(text).count(), 1, "{output}");
        }
    }
}

#[tokio::test]
async fn a_client_of_the_local_endpoint_sees_why_no_worker_starts() {
    let endpoint = LocalEndpoint::new().timing(Timing::default());
    let endpoint = endpoint.bind("127.0.0.1", 0).await.expect("a port is free");
    let mut command = process("async", "fail");
    command.envs(endpoint.worker_environment(Some("w")));
    let started = Started::spawn(command);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let run = client.post(format!("{}/runsync", endpoint.url()));
    let run = run.header("content-type", "application/json");
    let sent = run.body(json!({ "input": 1 }).to_string()).send();
    let answer = timeout(PATIENCE, sent).await.expect("it answers").unwrap();
    let job: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(job["status"], "FAILED", "{job}");
    assert_eq!(report(&job)["event"], "prestart_failed", "{job}");
    assert_eq!(started.exit().await.0, Some(1));
}

#[tokio::test]
async fn a_signal_ends_the_wait_for_a_job_that_would_carry_the_reason() {
    let endpoint = Endpoint::with_jobs([]).await;
    let mut started = Started::on(&endpoint, process("plain", "fail"));
    started.line_with("asking for one job").await;
    started.signal(Signal::TERM);
    let (code, output) = started.exit().await;
    assert_eq!(code, Some(1), "{output}");
    assert!(output.contains("SIGTERM received"), "{output}");
}

#[tokio::test]
async fn a_worker_says_how_long_each_phase_of_its_start_took() {
    let endpoint = Endpoint::with_jobs([]).await;
    let mut started = Started::on(&endpoint, process("plain", "serve"));
    started.line_with("Ready after ").await;
    for phase in ["process ", "checks ", "main ", "first take "] {
        assert!(started.seen.contains(phase), "{}", started.seen);
    }
    started.signal(Signal::HUP);
    let (code, output) = started.exit().await;
    assert_eq!(code, Some(0), "{output}");
    assert!(
        output.contains("SIGHUP received: taking no more jobs"),
        "{output}"
    );
}

#[tokio::test]
async fn a_future_stops_a_worker_of_the_builder_like_a_signal() {
    let jobs = ["a", "b"].map(|id| json!({ "id": id, "input": 21 }));
    let mut endpoint = Endpoint::with_jobs(jobs).await;
    let mut command = process("builder", "");
    command.stdin(Stdio::piped());
    let mut started = Started::on(&endpoint, command);
    started
        .line_with("the graceful shutdown was requested")
        .await;
    let mut stdin = started.child.stdin.take().expect("stdin is piped");
    stdin.write_all(b"\n").await.expect("the worker runs");
    let (code, output) = started.exit().await;
    assert_eq!(code, Some(0), "{output}");
    let result = Post::Result(json!({ "output": 42 }));
    assert_eq!(endpoint.next().await, ("a".to_owned(), result));
    assert_eq!(endpoint.jobs_left(), 1, "{output}");
}

#[tokio::test]
async fn a_signal_while_main_loads_ends_pid_1_of_a_container() {
    for (worker, signal) in [("async", Signal::TERM), ("plain", Signal::INT)] {
        let endpoint = Endpoint::with_jobs([]).await;
        let mut started = Started::on(&endpoint, wrapped(&AS_FIRST_PROCESS, worker, "hang"));
        started.line_with("main is loading").await;
        kill_process(first_process(&started), signal).expect("the worker runs");
        let (code, output) = started.exit().await;
        assert_eq!(code, Some(0), "{worker}: {output}");
        assert!(output.contains("while `main` was loading"), "{output}");
    }
}

/// Orphans are reaped within ten seconds after they have exited.
#[tokio::test]
async fn pid_1_of_a_container_reaps_orphans_but_no_process_that_a_job_has_started() {
    let step = |name: &str| json!({ "id": name, "input": name });
    let mut endpoint = Endpoint::with_jobs([step("start"), step("orphan")]).await;
    let started = Started::on(&endpoint, wrapped(&AS_FIRST_PROCESS, "parent", ""));
    for _ in 0..2 {
        let (id, post) = endpoint.next().await;
        let Post::Result(body) = post else {
            panic!("{id} posted {post:?}");
        };
        assert!(body.get("error").is_none(), "{id}: {body}");
    }
    let first = first_process(&started);
    let both_are_zombies = |children: &[(Pid, bool)]| {
        children.len() == 2 && children.iter().all(|(_, is_zombie)| *is_zombie)
    };
    until(first, both_are_zombies).await;
    until(first, |children| matches!(children, [(_, true)])).await;
    endpoint.add(step("wait"));
    let waited = Post::Result(json!({ "output": "Some(7)" }));
    assert_eq!(endpoint.next().await, ("wait".to_owned(), waited));
    kill_process(first, Signal::TERM).expect("the worker runs");
    assert_eq!(started.exit().await.0, Some(0));
}

/// Looks at a process's child processes until they are as expected. Nothing tells when that changes.
async fn until(parent: Pid, holds: impl Fn(&[(Pid, bool)]) -> bool) {
    let looks = async {
        while !holds(&children(parent)) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let held = timeout(PATIENCE, looks).await;
    assert!(held.is_ok(), "it never held: {:?}", children(parent));
}
