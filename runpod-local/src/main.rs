//! The local endpoint as a program. Workers and clients in any language reach it at the address that it prints.

use std::env::VarError;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::thread::available_parallelism;

use clap::Parser;
use runpod_local::{BindError, Endpoint, Faults, Running, check_api_key, threads};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tracing::Level;

/// The variable with the endpoint's key, unless a flag names another variable.
const API_KEY: &str = "RUNPOD_LOCAL_API_KEY";

/// A Runpod Serverless queue endpoint on this machine.
///
/// Clients send it jobs as they do to Runpod. Workers attach with the environment variables that it prints. The page at
/// its address shows jobs and workers.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address to listen on; use 0.0.0.0 to accept connections from other machines
    #[arg(long, default_value = "127.0.0.1")]
    host: String,

    /// Port to listen on; 0 picks any free port
    #[arg(long, default_value_t = 8000)]
    port: u16,

    /// Id of the endpoint: its paths are available under /v2/ID and without this prefix
    #[arg(long, value_name = "ID", default_value = "local")]
    endpoint_id: String,

    /// Environment variable with the key that clients and workers must send [default: `RUNPOD_LOCAL_API_KEY`; if that
    /// variable is not set, no key is needed]
    #[arg(long, value_name = "VARIABLE")]
    api_key_env: Option<String>,

    /// Apply Runpod's rate limits: answer 429 when a client exceeds them
    #[arg(long)]
    rate_limits: bool,

    /// Also answer requests for this host name, such as host.docker.internal or *.proxy.runpod.net; can be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    allow_host: Vec<String>,

    /// Let web pages from this origin (scheme, host and port) use the endpoint; can be repeated
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',')]
    allow_origin: Vec<String>,

    /// Make requests fail on purpose: {"seed": 7, "rules": [{"route": "status", "error": 0.2}]}, or the path of a
    /// file with such JSON
    #[arg(long, value_name = "JSON|FILE", value_parser = Faults::from_flag)]
    faults: Option<Faults>,

    /// Print only warnings, without a line for each event of a job
    #[arg(long)]
    quiet: bool,
}

/// The key, and the variable that it was read from.
struct KeyFromVariable {
    variable: String,
    key: String,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let cores = available_parallelism().map_or(1, NonZeroUsize::get);
    let mut builder = Builder::new_multi_thread();
    let runtime = threads::runtime(builder.worker_threads(cores), cores);
    match runtime.and_then(|runtime| runtime.block_on(run(arguments))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("runpod-local: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let level = if arguments.quiet {
        Level::WARN
    } else {
        Level::INFO
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .without_time()
        .init();
    let api_key = api_key(arguments.api_key_env.as_deref())?;
    // The program listens for signals before it prints anything, so a reader of the output can send signals
    // immediately.
    let unwatched = |error| format!("cannot listen for signals: {error}");
    let mut interrupted = signal(SignalKind::interrupt()).map_err(unwatched)?;
    let mut terminated = signal(SignalKind::terminate()).map_err(unwatched)?;

    let (host, port) = (arguments.host, arguments.port);
    let mut endpoint = Endpoint::new();
    for name in &arguments.allow_host {
        endpoint = endpoint
            .allow_host(name)
            .map_err(|error| format!("--allow-host: {error}"))?;
    }
    for origin in &arguments.allow_origin {
        endpoint = endpoint
            .allow_origin(origin)
            .map_err(|error| format!("--allow-origin: {error}"))?;
    }
    if let Some(it) = &api_key {
        endpoint = endpoint.api_key_variable(&it.variable);
    }
    let endpoint = endpoint
        .id(arguments.endpoint_id)
        .raise_open_file_limit(true)
        .api_key(api_key.as_ref().map(|it| it.key.clone()))
        .rate_limits(arguments.rate_limits)
        .faults(arguments.faults.unwrap_or_default())
        .bind(&host, port)
        .await
        .map_err(|error| not_bound(&error, &host, port))?;
    announce(&endpoint, api_key.as_ref());
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    endpoint.shutdown().await;
    Ok(())
}

fn api_key(named: Option<&str>) -> Result<Option<KeyFromVariable>, String> {
    let variable = named.unwrap_or(API_KEY);
    match std::env::var(variable) {
        Ok(key) => match check_api_key(&key) {
            Ok(()) => Ok(Some(KeyFromVariable {
                variable: variable.to_owned(),
                key,
            })),
            Err(error) => Err(format!(
                "{variable}: the key cannot be used: {error}; set the variable to the key and nothing else, or unset it"
            )),
        },
        Err(VarError::NotPresent) if named.is_none() => Ok(None),
        Err(VarError::NotPresent) => Err(format!(
            "--api-key-env: the variable {variable} is not set; set it to the key, or omit the flag"
        )),
        Err(VarError::NotUnicode(_)) => Err(format!(
            "{variable} is not valid UTF-8, so no client can send it: set another key, or unset the variable"
        )),
    }
}

fn not_bound(error: &BindError, host: &str, port: u16) -> String {
    let remedy = if error.is_in_use() {
        "; stop the program that listens there, or choose another port with --port (0 picks any free port)"
    } else {
        ""
    };
    format!("cannot listen on {host}, port {port}: {error}{remedy}")
}

fn announce(endpoint: &Running, api_key: Option<&KeyFromVariable>) {
    println!(
        "The endpoint is at {}: open it in a browser.",
        endpoint.url()
    );
    println!("To attach a worker in any language, set:");
    for (name, value) in endpoint.worker_environment(None) {
        match api_key {
            // The key itself must not appear in terminals or logs.
            Some(key) if value == key.key => println!("  export {name}=\"${}\"", key.variable),
            _ => println!("  export {name}='{value}'"),
        }
    }
    println!(
        "Each worker needs its own RUNPOD_POD_ID. Ctrl-C stops the endpoint and discards its queue."
    );
}
