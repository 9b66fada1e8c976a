//! One worker process.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use runpod_local::Running;
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::group::Group;
use super::missing::Help;
use super::output::{Stream, pass_on};
use super::program::Program;

/// What the platform sets and the endpoint does not. Someone may run this command in a pod of Runpod's.
const OF_THE_PLATFORM: [&str; 4] = [
    "RUNPOD_ENDPOINT_ID",
    "RUNPOD_POD_HOSTNAME",
    "RUNPOD_REALTIME_PORT",
    "RUNPOD_LOCAL_API_KEY",
];

/// Variables that say how much a worker logs.
const LOG_LEVELS: [&str; 2] = ["RUNPOD_LOG_LEVEL", "RUNPOD_DEBUG_LEVEL"];

/// What a worker printed last is there by then.
const LAST_LINES: Duration = Duration::from_secs(1);

/// What all workers have in common.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    pub(super) endpoint: Arc<Running>,
    pub(super) arguments: Arc<[OsString]>,
    pub(super) spool: PathBuf,
    /// Whether each line of a worker says whose it is.
    pub(super) with_prefix: bool,
    pub(super) news: mpsc::UnboundedSender<News>,
}

/// What is told of a worker, by its id.
#[derive(Debug)]
pub(super) enum News {
    /// It takes jobs.
    Attached(String),
    Ended(String, Ended),
}

/// How a worker's process ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: io::Result<ExitStatus>,
    /// What its program answers to `--help`, if it never asked for a job.
    pub(super) help: Option<Help>,
    was_attached: bool,
    /// This command had told it to.
    was_ordered: bool,
}

impl Ended {
    /// `exit code 1`, `signal 9`.
    pub(super) fn told(&self) -> String {
        match &self.status {
            Ok(status) => match (status.code(), status.signal()) {
                (Some(code), _) => format!("exit code {code}"),
                (None, Some(signal)) => format!("signal {signal}"),
                (None, None) => status.to_string(),
            },
            Err(error) => format!("it cannot be started: {error}"),
        }
    }

    /// Nobody wanted it to end, nor did it itself.
    fn is_crash(&self) -> bool {
        let has_finished = self.was_attached && self.status.as_ref().is_ok_and(ExitStatus::success);
        !self.was_ordered && !has_finished
    }
}

/// A worker that was started and whose end was not told yet. It is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) id: String,
    pub(super) program: Arc<Program>,
    pub(super) since: Instant,
    pub(super) is_attached: bool,
    orders: mpsc::UnboundedSender<Order>,
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Stop,
    Kill,
}

impl Worker {
    pub(super) fn start(
        around: &Surroundings,
        id: String,
        slot: &str,
        program: Arc<Program>,
    ) -> Self {
        around.endpoint.worker_starts(&id);
        let (orders, given) = mpsc::unbounded_channel();
        let prefix = around.with_prefix.then(|| slot.to_owned());
        let attended = attend(
            around.clone(),
            id.clone(),
            prefix,
            Arc::clone(&program),
            given,
        );
        tokio::spawn(attended);
        Self {
            id,
            program,
            since: Instant::now(),
            is_attached: false,
            orders,
        }
    }

    /// It takes no further job, finishes what it has, delivers and ends.
    pub(super) fn stop(&self) {
        self.order(Order::Stop);
    }

    /// It ends at once, and all that it has started.
    pub(super) fn kill(&self) {
        self.order(Order::Kill);
    }

    fn order(&self, order: Order) {
        // It may have ended just now.
        let _ = self.orders.send(order);
    }
}

async fn attend(
    around: Surroundings,
    id: String,
    prefix: Option<String>,
    program: Arc<Program>,
    mut orders: mpsc::UnboundedReceiver<Order>,
) {
    let mut ended = match live(&around, &id, prefix, &program, &mut orders).await {
        Ok(ended) => ended,
        Err(error) => Ended {
            status: Err(error),
            help: None,
            was_attached: false,
            was_ordered: false,
        },
    };
    if ended.is_crash() {
        let when = if ended.was_attached {
            ""
        } else {
            " before it asked for a job"
        };
        let reason = format!("{}{when}", ended.told());
        around.endpoint.worker_crashed(&id, &reason);
    } else {
        around.endpoint.worker_ended(&id);
    }
    // Only now, since the answer may take seconds.
    if ended.status.is_ok() && !ended.was_attached && !ended.was_ordered {
        ended.help = tokio::select! {
            help = Help::of(program.path()) => help,
            // This command is to end.
            _ = orders.recv() => None,
        };
    }
    // Whoever hears of the end may take the endpoint and the folder away.
    let Surroundings { endpoint, news, .. } = around;
    drop((endpoint, program));
    let _ = news.send(News::Ended(id, ended));
}

async fn live(
    around: &Surroundings,
    id: &str,
    prefix: Option<String>,
    program: &Program,
    orders: &mut mpsc::UnboundedReceiver<Order>,
) -> io::Result<Ended> {
    let mut group = Group::spawn(&mut command(around, id, program)).await?;
    let logs = || around.endpoint.job_logs();
    let mut output = JoinSet::new();
    if let Some(out) = group.child().stdout.take() {
        output.spawn(pass_on(out, Stream::Out, prefix.clone(), logs()));
    }
    if let Some(err) = group.child().stderr.take() {
        output.spawn(pass_on(err, Stream::Err, prefix, logs()));
    }
    let mut attached = std::pin::pin!(around.endpoint.attached(id));
    let mut is_attached = false;
    let mut was_ordered = false;
    let status = loop {
        tokio::select! {
            biased;
            () = &mut attached, if !is_attached => {
                is_attached = true;
                let _ = around.news.send(News::Attached(id.to_owned()));
            }
            ended = group.ended() => break ended,
            order = orders.recv() => {
                was_ordered = true;
                match order {
                    Some(Order::Stop) => group.terminate(),
                    Some(Order::Kill) => group.kill_all(),
                    None => {
                        group.kill_all();
                        break group.ended().await;
                    }
                }
            },
        }
    };
    // A process that left the group may hold the pipes for ever.
    let last_lines = async { while output.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(LAST_LINES, last_lines).await;
    Ok(Ended {
        status: Ok(status?),
        help: None,
        was_attached: is_attached,
        was_ordered,
    })
}

fn command(around: &Surroundings, id: &str, program: &Program) -> Command {
    let mut command = Command::new(program.path());
    for (name, _) in std::env::vars_os() {
        let is_route = name.to_string_lossy().starts_with("RUNPOD_WEBHOOK_");
        if is_route || OF_THE_PLATFORM.iter().any(|other| name == *other) {
            command.env_remove(name);
        }
    }
    // A worker's own default is DEBUG, with a line for each time that there is no job.
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !LOG_LEVELS.into_iter().any(is_set) {
        command.env(LOG_LEVELS[0], "INFO");
    }
    command
        .args(around.arguments.iter())
        .envs(around.endpoint.worker_environment(Some(id)))
        .env("RUNPOD_RESULT_SPOOL", &around.spool)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
