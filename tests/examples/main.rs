//! Runs every example as its user does: in its own process, once with `--test_input` and once with jobs from an
//! endpoint that speaks the worker protocol on loopback.

mod blocking_state;
#[cfg(feature = "otel")]
mod collector;
mod endpoint;
mod hooks;
#[cfg(feature = "http")]
mod http_answers;
#[cfg(feature = "http")]
mod http_life;
#[cfg(feature = "http")]
mod http_server;
#[cfg(feature = "upload")]
mod images_to_bucket;
#[cfg(all(feature = "download", feature = "local", feature = "media"))]
mod invert_image;
mod local_runs;
#[cfg(feature = "metrics")]
mod metrics;
mod on_the_protocol;
mod own_subscriber;
mod process;
mod recipes;
#[cfg(target_os = "linux")]
mod refused;
#[cfg(feature = "local")]
mod served;
mod session;
#[cfg(target_os = "linux")]
mod starts;
#[cfg(feature = "otel")]
mod traces;
#[cfg(all(feature = "schema", feature = "validate"))]
mod validated;
