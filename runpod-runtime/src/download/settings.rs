//! The settings of all downloads of this process: the environment's variables, and the client.

use std::env;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;

use super::error::Cause;
use super::guard::{ALLOW_PRIVATE, Guard};
use crate::tls;

/// The largest file that is downloaded, as in the Python SDK.
const MAX_BYTES: &str = "RUNPOD_MAX_DOWNLOAD_BYTES";
const DEFAULT_MAX_BYTES: u64 = 5 << 30;

/// The longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest wait for the next bytes of an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// The pause before the second attempt. It doubles for each further attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// What all downloads of a process share.
#[derive(Debug, Clone)]
pub(super) struct Downloads {
    pub(super) client: Client,
    pub(super) guard: Guard,
    pub(super) max_bytes: u64,
    pub(super) first_pause: Duration,
}

impl Downloads {
    /// Returns the downloads of this process, which the environment configures.
    pub(super) fn of_process() -> Result<&'static Self, Cause> {
        static DOWNLOADS: OnceLock<Downloads> = OnceLock::new();
        if let Some(downloads) = DOWNLOADS.get() {
            return Ok(downloads);
        }
        let downloads = Self::new(Guard::new(allows_private()), max_bytes(), READ_TIMEOUT)?;
        Ok(DOWNLOADS.get_or_init(|| downloads))
    }

    pub(super) fn new(guard: Guard, max_bytes: u64, read_timeout: Duration) -> Result<Self, Cause> {
        let tls = tls::client_config()
            .map_err(|error| Cause::Network(format!("TLS could not be set up: {error}")))?;
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("runpod-rust/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(read_timeout)
            // Each hop is checked before it is followed.
            .redirect(Policy::none())
            // An encoded answer is decoded while it is written, so that the limit counts decoded bytes.
            .no_gzip()
            .no_deflate();
        if !guard.allows_private() {
            client = client.no_proxy();
        }
        let client = client
            .dns_resolver(guard.clone())
            .build()
            .map_err(Cause::of_client)?;
        Ok(Self {
            client,
            guard,
            max_bytes,
            first_pause: FIRST_PAUSE,
        })
    }
}

/// Returns the guard of this process, which the environment configures.
#[cfg(feature = "upload")]
pub(crate) fn guard_of_process() -> Guard {
    Guard::new(allows_private())
}

fn allows_private() -> bool {
    let Ok(value) = env::var(ALLOW_PRIVATE) else {
        return false;
    };
    match value.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" => true,
        "" | "0" | "false" | "no" => false,
        _ => {
            tracing::warn!(
                "{ALLOW_PRIVATE}: expected true or false; downloads from private addresses stay blocked"
            );
            false
        }
    }
}

fn max_bytes() -> u64 {
    let Ok(value) = env::var(MAX_BYTES) else {
        return DEFAULT_MAX_BYTES;
    };
    match value.trim().parse() {
        Ok(bytes) if bytes > 0 => bytes,
        _ if value.trim().is_empty() => DEFAULT_MAX_BYTES,
        _ => {
            tracing::warn!(
                "{MAX_BYTES}: expected a number of bytes above 0; the limit stays {DEFAULT_MAX_BYTES}"
            );
            DEFAULT_MAX_BYTES
        }
    }
}
