//! Compares the simulation with real workers: two of ours, and two of the Python SDK, on a local endpoint.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use runpod::{Settings, Worker};
use runpod_local::{Endpoint, Running};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::demand::{Demand, Profile};
use super::events::in_secs;
use super::experiments::fixed;
use super::jobs::Job;
use super::network::Network;
use super::rules::Rules;
use super::run::{Setup, simulate};
use super::scaling::Scaling;
use crate::page;

const SLOTS: usize = 4;
const WORKERS: [&str; 2] = ["w1", "w2"];

/// What clients see, in seconds.
#[derive(Debug)]
struct Seen {
    delay: f64,
    execution: f64,
    /// From the first submission to the last end.
    lasted: f64,
}

#[test]
#[ignore = "runs real workers for two minutes; the command at the top of this test program runs it"]
fn real_workers_behave_like_their_models() {
    let mut table = String::from(
        "| jobs | worker | source | mean delay | mean execution | time until all jobs have ended |\n\
         | --- | --- | --- | --: | --: | --: |\n",
    );
    for (jobs, demand) in [
        ("5 jobs per second for 30 s", (5.0, 30.0)),
        ("200 jobs at once", (2_000.0, 0.1)),
    ] {
        for rules in [Rules::OURS, Rules::SDK] {
            let setup = setup(rules, demand);
            let fleet = simulate(&setup);
            let model = Seen::of_jobs(&fleet.jobs);
            let real = measure(rules, &fleet.jobs);
            for (name, seen) in [("simulated", model), ("measured", real)] {
                let _ = writeln!(
                    table,
                    "| {jobs} | {} | {name} | {:.3} s | {:.3} s | {:.1} s |",
                    rules.name, seen.delay, seen.execution, seen.lasted
                );
            }
        }
    }
    println!("{table}");
    page::record("explanation/the-cost-of-rules.md", "reality", &table);
}

/// The two workers on this machine, where the platform is near and the process has started.
fn setup(rules: Rules, (rate, lasts): (f64, f64)) -> Setup {
    let profile = Profile {
        name: "pauses",
        median: 0.3,
        sigma: 0.5,
        tail: 0.0,
        cold_start: 0.0,
        slots: SLOTS,
        batch: None,
    };
    let rules = Rules {
        process_start: 0,
        ..rules
    };
    Setup {
        demand: Demand {
            rate,
            swing: 0.0,
            period: 1.0,
            lasts,
        },
        network: Network {
            one_way: 0.0005,
            late: 0.0,
            ..Network::GOOD
        },
        scaling: Scaling::fixed(WORKERS.len()),
        ..fixed(rules, profile, rate, lasts)
    }
}

impl Seen {
    fn of_jobs(jobs: &[Job]) -> Self {
        let times = jobs.iter().map(|job| {
            let first = job.first_taken.expect("the job was taken");
            let ended = job.ended.expect("the job has ended");
            let [submitted, first, taken, ended] =
                [job.submitted, first, job.taken, ended].map(in_secs);
            (submitted, first - submitted, ended - taken)
        });
        Self::of(&times.collect::<Vec<_>>())
    }

    /// Summarises jobs, each with the times of its submission, its delay and its execution.
    fn of(jobs: &[(f64, f64, f64)]) -> Self {
        let count = jobs.len() as f64;
        let first = jobs.iter().map(|it| it.0).fold(f64::MAX, f64::min);
        let last = jobs.iter().map(|it| it.0 + it.1 + it.2).fold(0.0, f64::max);
        Self {
            delay: jobs.iter().map(|it| it.1).sum::<f64>() / count,
            execution: jobs.iter().map(|it| it.2).sum::<f64>() / count,
            lasted: last - first,
        }
    }
}

/// Runs the jobs on two real workers.
fn measure(rules: Rules, jobs: &[Job]) -> Seen {
    let runtime = tokio::runtime::Runtime::new().expect("the runtime starts");
    let endpoint = runtime.block_on(Endpoint::new().bind("127.0.0.1", 0));
    let endpoint = endpoint.expect("a port is free");
    let workers = WORKERS.map(|id| RealWorker::start(rules, &endpoint, id, &runtime));
    let address = endpoint.address();
    while get(address, "/health")["workers"]["idle"] != WORKERS.len() {
        sleep(Duration::from_millis(50));
    }
    let start = Instant::now();
    let submitted = jobs.iter().map(|job| {
        let at = Duration::from_nanos(job.submitted);
        sleep(at.saturating_sub(start.elapsed()));
        let body = format!("{{\"input\": {}}}", in_secs(job.length));
        let at = start.elapsed().as_secs_f64();
        let answer = exchange(address, "POST", "/run", &body);
        (
            at,
            answer["id"].as_str().expect("the job has an id").to_owned(),
        )
    });
    let submitted: Vec<_> = submitted.collect();
    let seen = submitted.iter().map(|(at, id)| {
        let job = get(address, &format!("/status-sync/{id}?wait=120000"));
        assert_eq!(job["status"], "COMPLETED", "{job}");
        let time = |name: &str| job[name].as_f64().expect("the time is a number") / 1000.0;
        (*at, time("delayTime"), time("executionTime"))
    });
    let seen = Seen::of(&seen.collect::<Vec<_>>());
    drop(workers);
    runtime.block_on(endpoint.shutdown());
    seen
}

enum RealWorker {
    Ours(JoinHandle<()>),
    Sdk(Child),
}

impl RealWorker {
    fn start(
        rules: Rules,
        endpoint: &Running,
        id: &str,
        runtime: &tokio::runtime::Runtime,
    ) -> Self {
        let variables = endpoint.worker_environment(Some(id));
        if rules.name == Rules::SDK.name {
            let script = tests().join("simulation/fleet/sdk_worker.py");
            let child = Command::new(python())
                .arg(script)
                .envs(variables)
                .env("SLOTS", SLOTS.to_string())
                .env("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "true")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            return Self::Sdk(child.expect("the SDK is installed"));
        }
        let settings = variables
            .into_iter()
            .fold(Settings::new(), |it, (name, value)| it.var(name, value));
        let settings = settings.var("RUNPOD_RESULT_SPOOL", "off");
        let worker = Worker::builder().handler(pause).concurrency(SLOTS);
        Self::Ours(runtime.spawn(async move {
            let ended = worker.embedded(settings).run().await;
            ended.expect("the worker runs");
        }))
    }
}

async fn pause(input: f64) {
    tokio::time::sleep(Duration::from_secs_f64(input)).await;
}

impl Drop for RealWorker {
    fn drop(&mut self) {
        match self {
            Self::Ours(task) => task.abort(),
            Self::Sdk(child) => {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn python() -> PathBuf {
    let chosen = std::env::var_os("RUNPOD_TEST_PYTHON").map(PathBuf::from);
    chosen.unwrap_or_else(|| tests().join("../../target/sdk-venv/bin/python"))
}

fn get(address: SocketAddr, path: &str) -> Value {
    exchange(address, "GET", path, "")
}

/// Sends a request on a connection of its own.
fn exchange(address: SocketAddr, method: &str, path: &str, body: &str) -> Value {
    let mut connection = TcpStream::connect(address).expect("the endpoint listens");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    connection
        .write_all(request.as_bytes())
        .expect("the endpoint reads");
    let mut answer = String::new();
    connection
        .read_to_string(&mut answer)
        .expect("the endpoint answers");
    let (_, body) = answer
        .split_once("\r\n\r\n")
        .expect("the answer has a body");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error} in {answer}"))
}
