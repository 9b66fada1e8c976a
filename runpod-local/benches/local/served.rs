//! The server as a separate process.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use axum::Router;
use axum::routing::{get, post};
use runpod_local::Endpoint;
use tokio::net::TcpListener;

use crate::Outcome;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Endpoint,
    /// An axum server with three routes that do nothing.
    Bare,
}

/// A running server process, killed on drop.
#[derive(Debug)]
pub(crate) struct Served {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Served {
    pub(crate) fn start(kind: Kind) -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", kind.name()])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut address)?;
        }
        let address = address.trim().parse()?;
        Ok(Self { child, address })
    }

    /// Returns the resident memory of the process.
    pub(crate) fn memory(&self) -> Outcome<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(kib.ok_or("no VmRSS")?.trim().parse::<u64>()? * 1024)
    }
}

impl Served {
    /// Returns the CPU time that the process has used so far, in seconds.
    pub(crate) fn cpu(&self) -> Outcome<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The second field is the program's name in parentheses. Fields 14 and 15 are the times in user and kernel
        // mode.
        let (_, fields) = stat.rsplit_once(") ").ok_or("no process")?;
        let mut times = fields.split(' ').skip(11);
        let mut ticks =
            || -> Outcome<f64> { Ok(times.next().ok_or("no time")?.parse::<u32>()?.into()) };
        let ticks = ticks()? + ticks()?;
        // Linux reports these times in hundredths of a second, whatever its internal tick rate.
        Ok(ticks / 100.0)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // The process may have exited already after an error that was reported elsewhere.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::Bare => "bare",
        }
    }
}

/// Serves until the process is killed. Runs in the server's process.
pub(crate) fn serve(kind: &str) -> Outcome<()> {
    // The runtime has one thread, as in a worker, where the handlers use the other threads.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let bare = kind == Kind::Bare.name();
    runtime.block_on(async move {
        // The spawned task runs on the runtime's worker thread, not on this one.
        tokio::spawn(async move {
            if bare {
                serve_bare().await
            } else {
                serve_endpoint().await
            }
        })
        .await?
        .map_err(Into::into)
    })
}

async fn serve_endpoint() -> Result<(), String> {
    let endpoint = Endpoint::new()
        .bind("127.0.0.1", 0)
        .await
        .map_err(|error| error.to_string())?;
    println!("{}", endpoint.address());
    std::future::pending().await
}

async fn serve_bare() -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    println!("{address}");
    let router = Router::new()
        .route("/run", post(async || ()))
        .route("/job-take/{worker}", get(async || ()))
        .route("/job-done/{worker}/{job}", post(async || ()));
    axum::serve(listener, router)
        .await
        .map_err(|error| error.to_string())
}
