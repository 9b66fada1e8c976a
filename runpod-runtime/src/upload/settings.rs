//! What all uploads of this process share: the environment's variables, the clients, and the limits.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;
use tokio::sync::Semaphore;

use super::error::Cause;
use crate::config::Environment;
use crate::download::{guard::Guard, guard_of_process};
use crate::tls;

/// The local folder, as in the Python SDK.
const FOLDER: &str = "simulated_uploaded";

/// The number of requests with content that are sent at the same time, and so the number of parts in memory.
const SENDS: usize = 8;

/// The size of parts. S3 allows 5 MiB and more.
const PART_BYTES: u64 = 8 << 20;

/// The longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The pause before the second attempt. It doubles for each further attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// What all uploads of a process share.
#[derive(Clone)]
pub(super) struct Uploads {
    pub(super) environment: Environment,
    /// Connects to the endpoints that the worker's author chose.
    pub(super) client: Client,
    /// Connects to the endpoints that a job's client chose, if the guard allows them.
    pub(super) guarded_client: Client,
    pub(super) guard: Guard,
    pub(super) folder: PathBuf,
    pub(super) sends: Arc<Semaphore>,
    pub(super) part_bytes: u64,
    pub(super) first_pause: Duration,
}

impl Uploads {
    /// Returns the uploads of this process, which the environment configures.
    pub(super) fn of_process() -> Result<&'static Self, Cause> {
        static UPLOADS: OnceLock<Uploads> = OnceLock::new();
        if let Some(uploads) = UPLOADS.get() {
            return Ok(uploads);
        }
        let uploads = Self::new(Environment::from_process(), guard_of_process())?;
        Ok(UPLOADS.get_or_init(|| uploads))
    }

    pub(super) fn new(environment: Environment, guard: Guard) -> Result<Self, Cause> {
        Ok(Self {
            environment,
            client: client(&Guard::new(true))?,
            guarded_client: client(&guard)?,
            guard,
            folder: PathBuf::from(FOLDER),
            sends: Arc::new(Semaphore::new(SENDS)),
            part_bytes: PART_BYTES,
            first_pause: FIRST_PAUSE,
        })
    }
}

fn client(guard: &Guard) -> Result<Client, Cause> {
    let unusable = |why: &dyn std::fmt::Display| {
        Cause::Network(format!("the HTTP client could not be set up: {why}"))
    };
    let tls = tls::client_config().map_err(|error| unusable(&error))?;
    let mut client = Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("runpod-rust/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        // A signature is valid for one host only.
        .redirect(Policy::none());
    if !guard.allows_private() {
        client = client.no_proxy();
    }
    client
        .dns_resolver(guard.clone())
        .build()
        .map_err(|error| unusable(&error))
}
