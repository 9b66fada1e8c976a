//! The machines of the stand-in: each worker is the program of the pushed image, which runs as a process here and takes
//! its jobs from a real local endpoint.

use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use runpod_local::{Endpoint, Running};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::KEY;

/// A thread that waits until a worker's process exits.
type Exit = JoinHandle<(String, ExitStatus)>;

pub(crate) struct Machines {
    queue: Arc<Running>,
    /// Workers that got SIGTERM.
    stopped: Arc<Mutex<Vec<Exit>>>,
    room: TempDir,
    /// `None` while it is dropped.
    runtime: Option<Runtime>,
}

/// A worker's process. It is stopped, as the platform stops workers, when this value is dropped.
pub(crate) struct Process {
    worker: String,
    child: Option<Child>,
    is_attached: Arc<AtomicBool>,
    lines: Receiver<String>,
    queue: Arc<Running>,
    stopped: Arc<Mutex<Vec<Exit>>>,
}

impl Machines {
    /// Starts the queue of an endpoint, which has no machines yet.
    pub(crate) fn of(endpoint: &str) -> Self {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        let queue = Endpoint::new().id(endpoint).api_key(Some(KEY.to_owned()));
        let queue = runtime.block_on(queue.bind("127.0.0.1", 0)).unwrap();
        Self {
            queue: Arc::new(queue),
            stopped: Arc::default(),
            room: tempfile::tempdir().unwrap(),
            runtime: Some(runtime),
        }
    }

    /// The base address of the endpoint's queue.
    pub(crate) fn base(&self) -> String {
        format!("{}/v2", self.queue.url())
    }

    pub(crate) fn has_waiting_jobs(&self) -> bool {
        self.queue.open_jobs().queued > 0
    }

    /// Fetches an image from its registry, unpacks it, and starts its program.
    pub(crate) fn start(&self, worker: &str, image: &str) -> Result<Process, String> {
        let layout = self.room.path().join(format!("{worker}-image"));
        let bundle = self.room.path().join(worker);
        let to = format!("oci:{}:it", layout.display());
        let from = format!("docker://{image}");
        ran("skopeo", &["copy", "--src-tls-verify=false", &from, &to])?;
        let unpacked = format!("{}:it", layout.display());
        let into = bundle.display().to_string();
        ran(
            "umoci",
            &["unpack", "--rootless", "--image", &unpacked, &into],
        )?;
        let mut child = self
            .program(&bundle, worker)
            .spawn()
            .map_err(|error| error.to_string())?;
        let (sender, lines) = mpsc::channel();
        pass_on(child.stdout.take().unwrap(), sender.clone());
        pass_on(child.stderr.take().unwrap(), sender);
        self.queue.worker_starts(worker);
        let is_attached = Arc::new(AtomicBool::new(false));
        let (queue, attached, id) = (self.queue.clone(), is_attached.clone(), worker.to_owned());
        let runtime = self.runtime.as_ref().expect("it is not dropped");
        runtime.spawn(async move {
            queue.attached(&id).await;
            attached.store(true, Ordering::SeqCst);
        });
        Ok(Process {
            worker: worker.to_owned(),
            child: Some(child),
            is_attached,
            lines,
            queue: self.queue.clone(),
            stopped: self.stopped.clone(),
        })
    }

    /// The command that a container engine would run, with the files of the image and no others next to it.
    fn program(&self, bundle: &Path, worker: &str) -> Command {
        let configuration = std::fs::read(bundle.join("config.json")).unwrap();
        let configuration: Value = serde_json::from_slice(&configuration).unwrap();
        let process = &configuration["process"];
        let root = bundle.join("rootfs");
        let inside = |path: &Value| root.join(path.as_str().unwrap().trim_start_matches('/'));
        let mut command = Command::new(inside(&process["args"][0]));
        command
            .args(
                process["args"].as_array().unwrap()[1..]
                    .iter()
                    .map(|it| it.as_str().unwrap()),
            )
            .current_dir(inside(&process["cwd"]))
            .env_clear();
        for pair in process["env"].as_array().unwrap() {
            let (name, value) = pair.as_str().unwrap().split_once('=').unwrap();
            command.env(name, value);
        }
        command
            .envs(self.queue.worker_environment(Some(worker)))
            // A container has a folder for temporary files of its own.
            .env("TMPDIR", &root)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Waits until all workers that got SIGTERM have exited, and returns their ids and statuses.
    pub(crate) fn exits(&self) -> Vec<(String, ExitStatus)> {
        let stopped = std::mem::take(&mut *lock(&self.stopped));
        stopped.into_iter().map(|it| it.join().unwrap()).collect()
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        // The last owner may be a request, in which a runtime must not wait for its threads.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Process {
    pub(crate) fn is_attached(&self) -> bool {
        self.is_attached.load(Ordering::SeqCst)
    }

    /// Returns the lines that the process has written since the last call.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.try_iter().collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        self.queue.worker_leaves(&self.worker);
        let _ = kill_process(Pid::from_child(&child), Signal::TERM);
        let (worker, queue) = (self.worker.clone(), self.queue.clone());
        let exit = std::thread::spawn(move || {
            let status = child.wait().unwrap();
            queue.worker_ended(&worker);
            (worker, status)
        });
        lock(&self.stopped).push(exit);
    }
}

fn lock(stopped: &Mutex<Vec<Exit>>) -> std::sync::MutexGuard<'_, Vec<Exit>> {
    stopped.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends the lines of a stream until it ends.
fn pass_on(stream: impl Read + Send + 'static, lines: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = lines.send(line);
        }
    });
}

fn ran(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| format!("{program}: {error}; run `cargo xtask setup`"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}
