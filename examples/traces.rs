//! Exports a trace of each job to an OpenTelemetry collector. The spans of this program become part of the trace.
//!
//! Start a collector that accepts OTLP over HTTP on port 4318, such as Jaeger, and run:
//!
//! ```sh
//! export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 OTEL_SERVICE_NAME=thumbnails
//! cargo run --features otel --example traces -- --test_input '{"input": {"width": 640}}'
//! ```
//!
//! With the argument `layers`, the program installs a `tracing` subscriber of its own.

use runpod::prelude::*;
use tracing::Instrument as _;
use tracing_subscriber::prelude::*;

#[derive(Deserialize)]
struct Image {
    width: u32,
}

struct Model;

#[runpod::main]
fn main() -> Result<Model, String> {
    match runpod::args().first().and_then(|first| first.to_str()) {
        Some("layers") => tracing_subscriber::registry()
            .with(runpod::logging::layer())
            .with(runpod::traces::layer())
            .init(),
        // Without the layer for traces, a trace contains only the worker's own spans.
        Some("fmt") => tracing_subscriber::fmt().init(),
        Some("broken") => return Err("the model is missing".to_owned()),
        _ => {}
    }
    Ok(Model)
}

#[runpod::handler]
async fn thumbnail(input: Image, _model: State<Model>) -> Result<u32, String> {
    let decoded = decode(input.width).await?;
    // A task that is spawned stays in the trace if it keeps the span.
    let scaling = async move { scale(decoded) }.in_current_span();
    tokio::spawn(scaling)
        .await
        .map_err(|error| error.to_string())
}

#[tracing::instrument]
async fn decode(width: u32) -> Result<u32, String> {
    tokio::task::yield_now().await;
    tracing::info!("decoding");
    if width == 0 {
        return Err("an image needs a width".to_owned());
    }
    Ok(width)
}

#[tracing::instrument]
fn scale(width: u32) -> u32 {
    width / 2
}
