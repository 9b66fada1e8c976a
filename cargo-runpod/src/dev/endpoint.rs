//! The local endpoint that this command serves.

use std::env::VarError;

use runpod_local::{BindError, Endpoint, Running};

use super::Arguments;
use crate::dev_endpoint::Owner;
use crate::failure::Failure;

/// Holds the key that clients have to send, as for the program `runpod-local`.
const API_KEY: &str = "RUNPOD_LOCAL_API_KEY";

/// Listens from now on. Nothing was built by then, so that a port in use is told at once.
pub(super) async fn serve(arguments: &Arguments, owner: &Owner) -> Result<Running, Failure> {
    let (host, port) = (&arguments.host, arguments.port);
    Endpoint::new()
        .api_key(api_key()?)
        .rate_limits(arguments.rate_limits)
        .faults(arguments.faults.clone().unwrap_or_default())
        .owner(serde_json::json!(owner))
        .bind(host, port)
        .await
        .map_err(|error| not_bound(&error, host, port))
}

fn api_key() -> Result<Option<String>, Failure> {
    match std::env::var(API_KEY) {
        Ok(key) => Ok(Some(key).filter(|key| !key.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(Failure::new(format!(
            "{API_KEY} is not UTF-8; no key can be sent so: set it again, or unset it"
        ))),
    }
}

fn not_bound(error: &BindError, host: &str, port: u16) -> Failure {
    let remedy = if error.is_in_use() {
        "; end what listens there, or choose another port with --port (0: any free one)"
    } else {
        "; --host and --port say where"
    };
    Failure::new(format!(
        "cannot listen on {host}, port {port}: {error}{remedy}"
    ))
}
