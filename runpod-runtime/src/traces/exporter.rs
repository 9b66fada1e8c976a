//! Removes keys from spans before they are exported, and warns if the collector does not accept them.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry::trace::Status;
use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use super::client::Cause;
use super::outage::Outage;
use crate::config::Secrets;
use crate::logging;

/// An exporter that is watched.
#[derive(Debug)]
pub(super) struct Watched<E> {
    pub(super) exporter: E,
    pub(super) secrets: Secrets,
    pub(super) cause: Cause,
    pub(super) outage: Mutex<Outage>,
    /// The variable that contains the address of the collector.
    pub(super) endpoint: &'static str,
}

impl<E: SpanExporter> SpanExporter for Watched<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        log_on_this_thread();
        let spans = batch.len();
        for span in &mut batch {
            clean_span(span, &self.secrets);
        }
        let exported = self.exporter.export(batch).await;
        self.report(spans, &exported);
        exported
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E> Watched<E> {
    fn report(&self, spans: usize, exported: &OTelSdkResult) {
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        let Err(error) = exported else {
            if let Some(more) = outage.is_over() {
                tracing::info!(
                    "the collector accepts traces again (spans lost since the last warning: {more})"
                );
            }
            return;
        };
        if let Some(lost) = outage.failed(spans, Instant::now()) {
            let why = self.cause.take().unwrap_or_else(|| match error {
                OTelSdkError::InternalFailure(why) => why.clone(),
                other => other.to_string(),
            });
            let lost = match lost {
                1 => "1 span was".to_owned(),
                lost => format!("{lost} spans were"),
            };
            tracing::warn!(
                "the collector does not accept traces, and {lost} lost: {why}. Check the address in {} and \
                 the headers; jobs are not affected",
                self.endpoint
            );
        }
    }
}

thread_local! {
    static HAS_ENTERED: Cell<bool> = const { Cell::new(false) };
}

/// Lets this thread write to the worker's log while `main` runs. The first export enters the log. A later export leaves
/// it if `main` has returned, because the program's own subscriber counts then.
fn log_on_this_thread() {
    if HAS_ENTERED.replace(true) {
        logging::leave_thread();
    } else {
        logging::enter_thread();
    }
}

fn clean_span(span: &mut SpanData, secrets: &Secrets) {
    if let Cow::Owned(clean) = secrets.redact(&span.name) {
        span.name = clean.into();
    }
    clean_values(&mut span.attributes, secrets);
    for event in &mut span.events.events {
        if let Cow::Owned(clean) = secrets.redact(&event.name) {
            event.name = clean.into();
        }
        clean_values(&mut event.attributes, secrets);
    }
    for link in &mut span.links.links {
        clean_values(&mut link.attributes, secrets);
    }
    if let Status::Error { description } = &mut span.status
        && let Cow::Owned(clean) = secrets.redact(description)
    {
        *description = clean.into();
    }
}

fn clean_values(attributes: &mut [KeyValue], secrets: &Secrets) {
    let clean = |text: &mut StringValue| {
        if let Cow::Owned(clean) = secrets.redact(text.as_str()) {
            *text = clean.into();
        }
    };
    for attribute in attributes {
        match &mut attribute.value {
            Value::String(text) => clean(text),
            Value::Array(Array::String(texts)) => texts.iter_mut().for_each(clean),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};
    use opentelemetry_sdk::trace::SdkTracerProvider;

    use super::*;
    use crate::config::Secret;

    /// Keeps the spans, or refuses them.
    #[derive(Debug, Clone, Default)]
    struct Recorder {
        refuses: bool,
        spans: Arc<Mutex<Vec<SpanData>>>,
    }

    impl SpanExporter for Recorder {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.spans.lock().unwrap().extend(batch);
            if self.refuses {
                return Err(OTelSdkError::InternalFailure("status code: 418".to_owned()));
            }
            Ok(())
        }
    }

    fn provider(recorder: &Recorder) -> SdkTracerProvider {
        let watched = Watched {
            exporter: recorder.clone(),
            secrets: Secret::new("rpa_SECRETKEY").into(),
            cause: Cause::default(),
            outage: Mutex::default(),
            endpoint: "OTEL_EXPORTER_OTLP_ENDPOINT",
        };
        SdkTracerProvider::builder()
            .with_simple_exporter(watched)
            .build()
    }

    #[test]
    fn keys_are_removed_from_all_texts_of_a_span() {
        let recorder = Recorder::default();
        let tracer = provider(&recorder).tracer("tests");
        let text = "the key rpa_SECRETKEY";
        let mut span = tracer.start(text);
        span.set_attribute(KeyValue::new("text", text));
        let texts = vec![StringValue::from(text)];
        span.set_attribute(KeyValue::new("texts", Value::Array(texts.into())));
        span.set_attribute(KeyValue::new("number", 7));
        span.add_event(text, vec![KeyValue::new("in the event", text)]);
        let linked = span.span_context().clone();
        span.add_link(linked, vec![KeyValue::new("in the link", text)]);
        span.set_status(Status::error(text));
        span.end();
        let spans = format!("{:?}", recorder.spans.lock().unwrap());
        assert!(!spans.contains("SECRETKEY"), "{spans}");
        assert_eq!(spans.matches("the key [redacted]").count(), 7, "{spans}");
    }

    #[test]
    fn the_first_refusal_is_a_warning_with_the_reason_and_the_variable() {
        let recorder = Recorder {
            refuses: true,
            ..Recorder::default()
        };
        let log = logging::captured(|| {
            let tracer = provider(&recorder).tracer("tests");
            for _ in 0..3 {
                tracer.start("a span").end();
            }
        });
        assert_eq!(log.matches("WARN").count(), 1, "{log}");
        for part in ["1 span was lost", "418", "OTEL_EXPORTER_OTLP_ENDPOINT"] {
            assert!(log.contains(part), "{log}");
        }
    }
}
