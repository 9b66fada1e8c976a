//! Starts the local endpoint, or with `--http` the load balancer, that this command serves.

use std::env::VarError;

use runpod_local::{BindError, Endpoint, check_api_key};

use super::arguments::Arguments;
use super::front::Front;
use super::say;
use crate::dev_endpoint::Owner;
use crate::failure::Failure;

/// The variable with the key that clients must send. The program `runpod-local` reads the same variable.
const API_KEY: &str = "RUNPOD_LOCAL_API_KEY";

/// Starts the endpoint. This happens before the first build, so a port in use is reported immediately.
pub(super) async fn serve(arguments: &Arguments, owner: &Owner) -> Result<Front, Failure> {
    let (host, port) = (&arguments.host, arguments.port);
    let mut endpoint = Endpoint::new();
    for name in &arguments.allow_host {
        endpoint = endpoint
            .allow_host(name)
            .map_err(|error| Failure::new(format!("--allow-host: {error}")))?;
    }
    for origin in &arguments.allow_origin {
        endpoint = endpoint
            .allow_origin(origin)
            .map_err(|error| Failure::new(format!("--allow-origin: {error}")))?;
    }
    let endpoint = endpoint.api_key(api_key()?);
    let front = if arguments.http {
        let bound = endpoint.bind_balancer(host, port, say::fault).await;
        bound.map(Front::Http)
    } else {
        let bound = endpoint
            .rate_limits(arguments.rate_limits)
            .faults(arguments.faults.clone().unwrap_or_default())
            .owner(serde_json::json!(owner))
            .bind(host, port)
            .await;
        bound.map(Front::Queue)
    };
    front
        .map_err(|error| not_bound(&error, host, port))
        .inspect(warn_of_exposure)
}

fn warn_of_exposure(front: &Front) {
    let (exposed, danger) = match front {
        Front::Queue(endpoint) => (endpoint.exposed_address(), "submit and take jobs"),
        Front::Http(balancer) => (balancer.exposed_address(), "send requests to the worker"),
    };
    if let Some(exposed) = exposed {
        say::fault(&format!(
            "the endpoint listens on {exposed} without an API key, so anyone who can reach this address can {danger}; set \
             {API_KEY} to a key, or leave out --host"
        ));
    }
}

fn api_key() -> Result<Option<String>, Failure> {
    match std::env::var(API_KEY) {
        Ok(key) => match check_api_key(&key) {
            Ok(()) => Ok(Some(key)),
            Err(error) => Err(Failure::new(format!(
                "{API_KEY}: the key cannot be used: {error}; set the variable to the key and nothing else, or unset it"
            ))),
        },
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(Failure::new(format!(
            "{API_KEY} is not valid UTF-8, so no client can send it: set another key, or unset the variable"
        ))),
    }
}

fn not_bound(error: &BindError, host: &str, port: u16) -> Failure {
    let remedy = if error.is_in_use() {
        "; stop the program that listens there, or choose another port with --port (0 picks any free port)"
    } else {
        "; set the address with --host and --port"
    };
    Failure::new(format!(
        "cannot listen on {host}, port {port}: {error}{remedy}"
    ))
}
