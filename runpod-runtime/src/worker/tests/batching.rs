//! Batch handlers in the worker.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::time::sleep;

use super::stage::{Setting, Stage, jobs, play, results};
use crate::handler::{BatchFunction, Batching, Handler};
use crate::platform::{StopSignals, TakeAnswer, Taken};
use crate::worker::Ended;

/// A model that records the inputs of its calls, and answers a call when it gets a permit.
struct Model {
    calls: Mutex<Vec<Vec<String>>>,
    permits: Semaphore,
}

impl Model {
    fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self {
            calls: Mutex::default(),
            permits: Semaphore::new(permits),
        })
    }

    fn handler(self: &Arc<Self>, batching: Batching) -> Handler {
        let model = Arc::clone(self);
        let call = move |inputs: Vec<String>| {
            let model = Arc::clone(&model);
            async move {
                model.calls.lock().unwrap().push(inputs.clone());
                model.permits.acquire().await.unwrap().forget();
                inputs
            }
        };
        call.into_handler(batching).0
    }

    fn calls(&self) -> Vec<Vec<String>> {
        self.calls.lock().unwrap().clone()
    }
}

#[tokio::test(start_paused = true)]
async fn jobs_of_one_answer_share_calls_and_all_get_their_results() {
    let model = Model::new(3);
    let stage = Stage::new().jobs(&["a", "b", "c", "d", "e"]);
    let handler = model.handler(Batching::new().max_batch_size(2));
    let playing = play(stage, handler, Setting::default());
    playing.stage.until(|events| results(events) == 5).await;
    assert_eq!(model.calls(), [vec!["a", "b"], vec!["c", "d"], vec!["e"]]);
    let stage = Arc::clone(&playing.stage);
    assert_eq!(playing.end().await, Ended::Finished);
    for id in ["a", "b", "c", "d", "e"] {
        assert_eq!(stage.posted(id), [format!(r#"result {{"output":"{id}"}}"#)]);
    }
}

#[tokio::test(start_paused = true)]
async fn inputs_that_are_too_heavy_do_not_count_as_failures_of_the_worker() {
    let model = Model::new(1);
    let stage = Stage::new().jobs(&["heavy-1", "heavy-2", "heavy-3", "b"]);
    let batching = Batching::new().weight(|text: &String| text.len(), 2);
    let setting = Setting {
        max_consecutive_failures: 2,
        ..Setting::default()
    };
    let playing = play(stage, model.handler(batching), setting);
    playing.stage.until(|events| results(events) == 4).await;
    assert_eq!(model.calls(), [vec!["b"]]);
    let stage = Arc::clone(&playing.stage);
    assert_eq!(playing.end().await, Ended::Finished);
    let posted = stage.posted("heavy-3");
    assert!(posted[0].contains("its weight is 7"), "{posted:?}");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_stopped_while_it_waits_never_reaches_the_model() {
    let model = Model::new(0);
    let is_stopped = Arc::new(AtomicBool::new(false));
    let stops = Arc::clone(&is_stopped);
    let (hand_over, handed_over) = oneshot::channel::<Taken>();
    let mut handed_over = Some(handed_over);
    let stage = Stage::new()
        .takes(move |number| {
            if number == 0 {
                return Some(TakeAnswer::from(jobs(["a"])));
            }
            let handed_over = handed_over.take()?;
            Some(TakeAnswer::Begun(Box::pin(async {
                handed_over.await.unwrap()
            })))
        })
        .stops(move |_| {
            let ids = stops.load(Ordering::SeqCst).then(|| "c".to_owned());
            Some(StopSignals::Stop(ids.into_iter().collect()))
        });
    let playing = play(stage, model.handler(Batching::NEW), Setting::default());
    sleep(Duration::from_secs(1)).await;
    assert_eq!(model.calls(), [["a"]]);
    hand_over.send(jobs(["b", "c", "d"])).unwrap();
    sleep(Duration::from_secs(1)).await;
    is_stopped.store(true, Ordering::SeqCst);
    sleep(Duration::from_mins(1)).await;
    model.permits.add_permits(2);
    playing.stage.until(|events| results(events) == 3).await;
    assert_eq!(model.calls(), [vec!["a"], vec!["b", "d"]]);
    assert!(playing.stage.posted("c").is_empty());
    assert_eq!(playing.end().await, Ended::Finished);
}
