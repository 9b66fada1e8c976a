//! Runs the worker under test.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::config::Secrets;
use crate::handler::{Around, Choice, Dispatch, Handler, StateType, TakenJob, UserValues};
use crate::platform::{Platform, Reporter};
use crate::worker::{self, Handlers, Parts, WorkerConfig};

/// Creates the job as a worker takes it.
pub(super) fn taken(id: String, input: &Value, mut extra: Map<String, Value>) -> TakenJob {
    let webhook = extra.shift_remove("webhook");
    TakenJob {
        id,
        input: serde_json::value::to_raw_value(input).expect("a JSON value always serialises"),
        webhook: webhook.and_then(|value| value.as_str().map(str::to_owned)),
        extra,
        handler: None,
        #[cfg(all(feature = "http", feature = "otel"))]
        request: None,
    }
}

/// Runs a worker with one handler until the platform has no more jobs.
pub(super) async fn run(
    platform: Arc<dyn Platform>,
    handler: Handler,
    makes: Vec<StateType>,
    mut values: UserValues,
    around: Vec<Around>,
) {
    values.keep(handler.clone());
    let (handlers, values) = Handlers::current().keeping(values);
    let dispatch = match Dispatch::choose(vec![handler], Choice::default(), makes) {
        Ok(dispatch) => dispatch,
        Err(error) => panic!("{error}"),
    };
    let parts = Parts {
        platform,
        dispatch,
        state: values.state(),
        config: WorkerConfig {
            return_aggregate_stream: true,
            around,
            ..WorkerConfig::NEW
        },
        ping_interval: Duration::from_secs(10),
        shutdown_grace: Duration::ZERO,
        signals: None,
        stop: CancellationToken::new(),
        failed_start: None,
        ready: Box::new(|| ()),
        reporter: Reporter {
            hostname: "unknown".to_owned(),
            worker_id: "test".to_owned(),
            secrets: Secrets::default(),
            debugger: None,
            reports_streams_alike: false,
        },
        spool: None,
        worker_id: "test".into(),
        handlers,
    };
    let ended = match worker::start(parts) {
        Ok(mut running) => running.ended().await,
        Err(error) => Err(error),
    };
    if let Err(error) = ended {
        panic!("the worker under test could not run: {error}");
    }
    values.dropped().await;
}
