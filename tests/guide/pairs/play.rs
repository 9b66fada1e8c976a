//! Runs one worker on one endpoint, and collects the outcomes of its jobs.

use std::env;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::outcome::Outcome;
use super::wire::Wire;

/// The time after which a worker counts as hung. It is far longer than any step takes.
const PATIENCE: Duration = Duration::from_mins(3);

/// Runs the worker on its own endpoint, submits the jobs, and stops the worker. Returns the outcomes in the jobs'
/// order.
pub(crate) async fn play(
    worker: Command,
    jobs: &[Value],
    updates: usize,
) -> Result<Vec<Outcome>, String> {
    let endpoint = runpod_local::Endpoint::new();
    let endpoint = endpoint
        .bind("127.0.0.1", 0)
        .await
        .map_err(|error| error.to_string())?;
    let mut wire = Wire::to(endpoint.address()).await;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let log = folder.path().join("output.log");
    let process = Process::start(worker, &endpoint, &wire, &folder)?;
    let client = Client {
        url: endpoint.url(),
        http: reqwest::Client::new(),
    };
    let played = timeout(PATIENCE, client.outcomes(jobs, &mut wire, updates)).await;
    drop(process);
    endpoint.shutdown().await;
    let written = std::fs::read_to_string(log).unwrap_or_default();
    played
        .unwrap_or_else(|_| Err("the jobs did not finish in time".to_owned()))
        .map_err(|fault| format!("{fault}. The worker's output:\n{written}"))
}

/// A worker in its own process group, because the SDK's heartbeat is a separate process.
struct Process {
    child: std::process::Child,
}

impl Process {
    fn start(
        mut worker: Command,
        endpoint: &runpod_local::Running,
        wire: &Wire,
        folder: &tempfile::TempDir,
    ) -> Result<Self, String> {
        use std::os::unix::process::CommandExt as _;

        let log = std::fs::File::create(folder.path().join("output.log"));
        let log = log.map_err(|error| error.to_string())?;
        let error_log = log.try_clone().map_err(|error| error.to_string())?;
        let (direct, wired) = (endpoint.address().to_string(), wire.address.to_string());
        let variables = endpoint.worker_environment(None).into_iter();
        let variables = variables.map(|(name, value)| match name {
            "RUNPOD_WEBHOOK_POST_OUTPUT" => (name, value.replace(&direct, &wired)),
            _ => (name, value),
        });
        worker
            .current_dir(folder.path())
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", folder.path())
            .env("TMPDIR", folder.path())
            .env("RUNPOD_RESULT_SPOOL", folder.path().join("spool"))
            // The SDK's start-up checks test the machine, not the handlers.
            .env("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "true")
            .env("RUNPOD_SKIP_GPU_CHECK", "true")
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(error_log)
            .process_group(0);
        let child = worker
            .spawn()
            .map_err(|error| format!("the worker does not start: {error}"))?;
        Ok(Self { child })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // If no process of the group is left, this fails, which is fine.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

struct Client {
    url: String,
    http: reqwest::Client,
}

impl Client {
    async fn outcomes(
        &self,
        jobs: &[Value],
        wire: &mut Wire,
        updates: usize,
    ) -> Result<Vec<Outcome>, String> {
        let mut ids = Vec::new();
        for input in jobs {
            let body = json!({ "input": input }).to_string();
            let request = self.http.post(format!("{}/run", self.url)).body(body);
            let job = answer(request).await?;
            ids.push(job["id"].as_str().ok_or("a job without an id")?.to_owned());
        }
        let mut outcomes = Vec::new();
        for id in ids {
            let posted = wire.posted(&id, updates).await;
            let ended = self.get(&format!("/status-sync/{id}?wait=60000")).await?;
            let mut items = Vec::new();
            loop {
                let mut some = self.get(&format!("/stream/{id}")).await?;
                if let Some(some) = some["stream"].as_array_mut() {
                    items.extend(some.iter_mut().map(|item| item["output"].take()));
                }
                if some["status"] != "IN_PROGRESS" {
                    break;
                }
            }
            outcomes.push(Outcome::of(&ended, items, posted));
        }
        Ok(outcomes)
    }

    async fn get(&self, path: &str) -> Result<Value, String> {
        answer(self.http.get(format!("{}{path}", self.url))).await
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Value, String> {
    let request = request.header("content-type", "application/json");
    let answer = request.send().await.map_err(|error| error.to_string())?;
    let text = answer.text().await.map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| format!("{error} in {text}"))
}
