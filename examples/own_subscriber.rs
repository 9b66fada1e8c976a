//! Shows three ways to set up logging in `main`. Without an argument, the worker writes its own log.
//!
//! ```sh
//! cargo run --example own_subscriber -- --test_input '{"input": 3}'
//! cargo run --example own_subscriber -- layers --test_input '{"input": -3}'
//! cargo run --example own_subscriber -- fmt --test_input '{"input": 3}'
//! ```

use runpod::prelude::*;
use tracing::field::{Field, Visit};
use tracing::span::Attributes;
use tracing::{Event, Id, Level, Subscriber};
use tracing_subscriber::layer::Context as LayerContext;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

/// A stand-in for an error tracker such as Sentry: it reports each error with the job in which it occurred.
struct ErrorTracker;

/// The id of the job, which the tracker stores in the job's span.
struct JobId(String);

impl<S: Subscriber + for<'span> LookupSpan<'span>> tracing_subscriber::Layer<S> for ErrorTracker {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: LayerContext<'_, S>) {
        let mut found = Text::named("job_id");
        attributes.record(&mut found);
        if let (Some(span), true) = (context.span(id), !found.text.is_empty()) {
            span.extensions_mut().insert(JobId(found.text));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: LayerContext<'_, S>) {
        if *event.metadata().level() != Level::ERROR {
            return;
        }
        let mut message = Text::named("message");
        event.record(&mut message);
        let job = context
            .event_scope(event)
            .into_iter()
            .flatten()
            .find_map(|span| span.extensions().get::<JobId>().map(|id| id.0.clone()));
        eprintln!("tracker: {} (job {job:?})", message.text);
    }
}

/// The text of one field.
struct Text {
    name: &'static str,
    text: String,
}

impl Text {
    fn named(name: &'static str) -> Self {
        let text = String::new();
        Self { name, text }
    }
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == self.name {
            value.clone_into(&mut self.text);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == self.name {
            self.text = format!("{value:?}");
        }
    }
}

struct Model;

#[runpod::main]
async fn main() -> Model {
    match runpod::args().first().and_then(|first| first.to_str()) {
        // The worker's lines in the format of tracing-subscriber.
        Some("fmt") => tracing_subscriber::fmt().with_ansi(false).init(),
        // The worker's log, and a layer of your own.
        Some("layers") => tracing_subscriber::registry()
            .with(runpod::logging::layer())
            .with(ErrorTracker)
            .init(),
        // The worker's log, which also shows the events of `log` while `main` runs.
        Some("init") => runpod::logging::init(),
        _ => {}
    }
    tracing::info!("loading the model");
    log::info!("a library reads the model");
    tokio::task::spawn_blocking(|| tracing::info!("the model is on the GPU"))
        .await
        .expect("the call does not panic");
    tokio::spawn(async { tracing::info!("the model is warm") })
        .await
        .expect("the task does not panic");
    Model
}

#[runpod::handler]
async fn root(input: f64, _model: State<Model>) -> Result<f64, String> {
    log::info!("computing the root of {input}");
    if input < 0.0 {
        tracing::error!("there is no root of {input}");
        return Err("the input is negative".to_owned());
    }
    Ok(input.sqrt())
}
