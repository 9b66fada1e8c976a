//! The processes that are measured.

use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Pid;
use worker_bench::usage::Usage;

use crate::Outcome;
use crate::load::{self, Request};

/// How long a server may take to start.
const START: Duration = Duration::from_secs(30);

/// A server to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    Axum,
    Ours,
}

/// All servers, in the order of the table's columns. The first one is the yardstick.
pub(crate) const ALL: [Server; 2] = [Server::Axum, Server::Ours];

impl Server {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Axum => "bare axum",
            Self::Ours => "`runpod-worker`",
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Axum => "bare_axum",
            Self::Ours => "ours_http",
        }
    }
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Running {
    /// Starts a server and waits until its health check succeeds.
    pub(crate) async fn start(server: Server, slots: usize) -> Outcome<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        // Cargo builds the servers into the same folder as this program.
        let program = std::env::current_exe()?.with_file_name(server.program());
        let child = Command::new(program)
            .env_clear()
            .env("PORT", address.port().to_string())
            .env("BENCH_SLOTS", slots.to_string())
            .env("RUNPOD_LOG_LEVEL", "ERROR")
            .env("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "true")
            .env("RUNPOD_SKIP_GPU_CHECK", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let mut running = Self { child, address };
        let begun = Instant::now();
        while !load::succeeds(address, Request::health()).await {
            if let Some(status) = running.child.try_wait()? {
                return Err(format!("{} exited: {status}", server.title()).into());
            }
            if begun.elapsed() > START {
                return Err(format!("{} was not ready after {START:?}", server.title()).into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(running)
    }

    pub(crate) fn usage(&self) -> Usage {
        Usage::of(Pid::from_child(&self.child))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The process may have exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
