//! A Runpod endpoint as a worker sees it, on loopback, with faults.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::connection;
use crate::dice::Dice;
use crate::jobs::Job;
use crate::ledger::Ledger;
use crate::weather::Weather;

/// How long a poll is held by default. If this time were shorter, a worker could treat the answer as immediate.
const HELD: Duration = Duration::from_millis(1200);

/// A running endpoint. It stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    servers: [AbortHandle; 2],
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) dice: Dice,
    /// How long a poll is held.
    pub(crate) held: Duration,
    /// The address that redirects point to.
    pub(crate) elsewhere: SocketAddr,
    state: Mutex<State>,
    changes: watch::Sender<()>,
    /// The number of open connections.
    connections: watch::Sender<usize>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) ledger: Ledger,
    pub(crate) weather: Weather,
}

impl Endpoint {
    pub(crate) async fn start(
        dice: Dice,
        weather: Weather,
        jobs: Vec<Job>,
        held: Option<Duration>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let other = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let ledger = Ledger::with(jobs);
        let shared = Arc::new(Shared {
            dice,
            held: held.unwrap_or(HELD),
            elsewhere: other.local_addr()?,
            state: Mutex::new(State { ledger, weather }),
            changes: watch::Sender::default(),
            connections: watch::Sender::default(),
        });
        let servers = [
            tokio::spawn(accept(listener, Arc::clone(&shared))).abort_handle(),
            tokio::spawn(catch(other, Arc::clone(&shared))).abort_handle(),
        ];
        Ok(Self {
            address,
            shared,
            servers,
        })
    }

    /// Waits until the condition holds for the ledger.
    pub(crate) async fn until(&self, condition: impl FnMut(&Ledger) -> bool) {
        self.shared.until(condition).await;
    }

    /// Reads the ledger.
    pub(crate) fn ledger<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(&self.shared.state().ledger)
    }

    /// Changes the ledger and notifies all tasks that wait for changes.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Ledger) -> T) -> T {
        self.shared.change(change)
    }

    /// Returns a handle with which code that does not own the endpoint can record events in the ledger.
    pub(crate) fn handle(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Waits until every connection is closed.
    pub(crate) async fn drained(&self) {
        // A connection from this test is accepted and answered only after all earlier connections were accepted.
        let barrier = async || -> io::Result<()> {
            let mut ours = TcpStream::connect(self.address).await?;
            ours.write_all(b"GET /barrier HTTP/1.1\r\nhost: any\r\nconnection: close\r\n\r\n")
                .await?;
            ours.read_to_end(&mut Vec::new()).await?;
            Ok(())
        };
        barrier()
            .await
            .expect("the endpoint answers as long as it runs");
        let mut connections = self.shared.connections.subscribe();
        let _ = connections.wait_for(|count| *count == 0).await;
    }

    /// Uses these faults from now on, in place of the earlier ones.
    pub(crate) fn becomes(&self, weather: Weather) {
        self.shared.state().weather = weather;
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.servers.iter().for_each(AbortHandle::abort);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // When this task ends, this set is dropped, which closes every connection.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        shared.connections.send_modify(|count| *count += 1);
        connections.spawn(async move {
            connection::serve(stream, Arc::clone(&shared)).await;
            shared.connections.send_modify(|count| *count -= 1);
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Listens on an address that a worker must never contact.
async fn catch(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut request = vec![0; 4096];
        let read = stream.read(&mut request).await.unwrap_or_default();
        let request = String::from_utf8_lossy(&request[..read]).to_lowercase();
        let with = if request.contains("authorization") {
            "with the key"
        } else {
            "without the key"
        };
        shared.change(|ledger| {
            let offence = format!("a redirect to another host was followed, {with}");
            ledger.offences.push(offence);
        });
    }
}

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while holding it")
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Ledger) -> T) -> T {
        let changed = change(&mut self.state().ledger);
        self.changes.send_replace(());
        changed
    }

    /// Notifies all tasks that wait for changes that something was recorded.
    pub(crate) fn announce(&self) {
        self.changes.send_replace(());
    }

    pub(crate) async fn until(&self, mut condition: impl FnMut(&Ledger) -> bool) {
        let mut changes = self.changes.subscribe();
        while !condition(&self.state().ledger) {
            changes.changed().await.expect("the sender lives in `self`");
        }
    }

    /// Puts back jobs that did not reach the worker.
    pub(crate) fn put_back(&self, jobs: Vec<Job>) {
        self.change(|ledger| ledger.put_back(jobs));
    }
}
