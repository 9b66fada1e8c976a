//! One worker process.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::front::Front;
use super::group::Group;
use super::missing::Help;
use super::output::{Stream, pass_on, pass_on_log};
use super::program::Program;

/// Variables that Runpod sets and the local endpoint does not. Someone may run this command in a Runpod pod.
const OF_THE_PLATFORM: [&str; 5] = [
    "RUNPOD_ENDPOINT_ID",
    "RUNPOD_POD_HOSTNAME",
    "RUNPOD_REALTIME_PORT",
    // Several workers would have the same port.
    "PORT_HEALTH",
    "RUNPOD_LOCAL_API_KEY",
];

/// Variables that set a worker's log level.
const LOG_LEVELS: [&str; 2] = ["RUNPOD_LOG_LEVEL", "RUNPOD_DEBUG_LEVEL"];

/// Tells a worker that its standard input is a connection to this command. The worker sends its log lines over it, and
/// exits when the connection closes: a killed command leaves no worker behind. The reader of this variable is
/// `runpod-runtime/src/process/dev_link.rs`.
const LINK: (&str, &str) = ("RUNPOD_DEV_LINK", "stdin");

/// How long to wait for the last output of a worker that has exited.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The values that all workers share.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    pub(super) front: Arc<Front>,
    pub(super) arguments: Arc<[OsString]>,
    pub(super) spool: PathBuf,
    /// Whether each line of output starts with the worker's name.
    pub(super) with_prefix: bool,
    pub(super) news: mpsc::UnboundedSender<News>,
}

/// An event of a worker, with the worker's id.
#[derive(Debug)]
pub(super) enum News {
    /// The worker takes jobs, or is ready for requests.
    Attached(String),
    Ended(String, Ended),
}

/// The exit of a worker's process.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: io::Result<ExitStatus>,
    /// The program's answer to `--help`, if the worker never asked for a job.
    pub(super) help: Option<Help>,
    was_attached: bool,
    /// Whether this command told the worker to stop.
    was_ordered: bool,
}

impl Ended {
    /// Describes the exit: `exit code 1`, `signal 9`.
    pub(super) fn told(&self) -> String {
        match &self.status {
            Ok(status) => match (status.code(), status.signal()) {
                (Some(code), _) => format!("exit code {code}"),
                (None, Some(signal)) => format!("signal {signal}"),
                (None, None) => status.to_string(),
            },
            Err(error) => format!("it could not be started: {error}"),
        }
    }

    /// Tells whether the exit is a crash: nobody told the worker to stop, and it did not finish successfully.
    fn is_crash(&self) -> bool {
        let has_finished = self.was_attached && self.status.as_ref().is_ok_and(ExitStatus::success);
        !self.was_ordered && !has_finished
    }
}

/// A worker whose exit has not been reported yet. Dropping this value kills the worker.
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
        around.front.worker_starts(&id);
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

    /// Tells the worker to take no more jobs, finish the running ones, deliver their results and exit.
    pub(super) fn stop(&self) {
        self.order(Order::Stop);
    }

    /// Kills the worker and all processes that it has started.
    pub(super) fn kill(&self) {
        self.order(Order::Kill);
    }

    fn order(&self, order: Order) {
        // Sending fails if the worker has just exited.
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
            around.front.words().before
        };
        let reason = format!("{}{when}", ended.told());
        around.front.worker_crashed(&id, &reason);
    } else {
        around.front.worker_ended(&id);
    }
    // This comes after the report to the endpoint, because the answer may take seconds.
    if ended.status.is_ok() && !ended.was_attached && !ended.was_ordered {
        ended.help = tokio::select! {
            help = Help::of(&program) => help,
            // An order means that this command is about to exit.
            _ = orders.recv() => None,
        };
    }
    // After the message below, its receiver may shut down the endpoint and remove the folder.
    let Surroundings { front, news, .. } = around;
    drop((front, program));
    let _ = news.send(News::Ended(id, ended));
}

async fn live(
    around: &Surroundings,
    id: &str,
    prefix: Option<String>,
    program: &Program,
    orders: &mut mpsc::UnboundedReceiver<Order>,
) -> io::Result<Ended> {
    let (link, end_of_worker) = std::os::unix::net::UnixStream::pair()?;
    link.set_nonblocking(true)?;
    let link = UnixStream::from_std(link)?;
    // The command is dropped at once, so that the worker alone has its end of the connection.
    let mut group = {
        let mut command = command(around, id, program, end_of_worker.into())?;
        Group::spawn(&mut command).await?
    };
    let prefix = prefix.map_or_else(String::new, |prefix| format!("{prefix} | "));
    let mut output = JoinSet::new();
    // A log that never ends must not keep the front open.
    let (front, worker) = (Arc::downgrade(&around.front), id.to_owned());
    output.spawn(pass_on_log(link, prefix.clone(), move |event| {
        if let Some(front) = front.upgrade() {
            front.logged(&worker, event);
        }
    }));
    if let Some(out) = group.child().stdout.take() {
        output.spawn(pass_on(out, Stream::Out, prefix.clone()));
    }
    if let Some(err) = group.child().stderr.take() {
        output.spawn(pass_on(err, Stream::Err, prefix));
    }
    let mut attached = std::pin::pin!(around.front.attached(id));
    let mut is_attached = false;
    let mut was_ordered = false;
    let mut settled = std::pin::pin!(around.front.settled(id));
    let mut is_settled = false;
    let mut is_stopping = false;
    let status = loop {
        tokio::select! {
            biased;
            () = &mut attached, if !is_attached => {
                is_attached = true;
                let _ = around.news.send(News::Attached(id.to_owned()));
            }
            ended = group.ended() => break ended,
            () = &mut settled, if is_stopping && !is_settled => {
                is_settled = true;
                group.terminate();
            }
            order = orders.recv() => {
                was_ordered = true;
                match order {
                    Some(Order::Stop) if is_settled => group.terminate(),
                    Some(Order::Stop) => is_stopping = true,
                    Some(Order::Kill) => group.kill_all(),
                    None => {
                        group.kill_all();
                        break group.ended().await;
                    }
                }
            },
        }
    };
    // A process that left the group may hold the pipes open forever.
    let last_lines = async { while output.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(LAST_LINES, last_lines).await;
    Ok(Ended {
        status: Ok(status?),
        help: None,
        was_attached: is_attached,
        was_ordered,
    })
}

fn command(
    around: &Surroundings,
    id: &str,
    program: &Program,
    link: OwnedFd,
) -> io::Result<Command> {
    let environment = around.front.worker_environment(id, program)?;
    let mut command = program.command();
    for (name, _) in &program.run.environment {
        let is_route = name.to_string_lossy().starts_with("RUNPOD_WEBHOOK_");
        if is_route || OF_THE_PLATFORM.iter().any(|other| name == *other) {
            command.env_remove(name);
        }
    }
    // A worker's own default is DEBUG, which logs a line for each empty answer of the queue.
    let is_set = |name: &str| {
        let value = program.run.variable(name);
        value.is_some_and(|value| !value.is_empty())
    };
    if !LOG_LEVELS.into_iter().any(is_set) {
        command.env(LOG_LEVELS[0], "INFO");
    }
    let (link_name, link_value) = LINK;
    command
        .args(around.front.flag())
        .args(around.arguments.iter())
        .envs(environment)
        .env("RUNPOD_RESULT_SPOOL", &around.spool)
        .env(link_name, link_value)
        .stdin(link)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Ok(command)
}
