use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::batcher::{Batcher, Job, Run};
use super::schedule::Limits;
use super::{CallOutcome, Fault, Left};

/// A call that multiplies each number by the number of jobs, as soon as it gets a permit.
struct Model {
    permits: Semaphore,
    calls: AtomicUsize,
}

impl Model {
    fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self {
            permits: Semaphore::new(permits),
            calls: AtomicUsize::new(0),
        })
    }

    fn job(self: &Arc<Self>, number: usize) -> Job<usize> {
        let model = Arc::clone(self);
        Job {
            part: Box::new(number),
            weight: 1,
            prepare: Arc::new(move |parts| {
                let model = Arc::clone(&model);
                Run::Future(Box::new(move |finish| {
                    Box::pin(async move {
                        model.permits.acquire().await.unwrap().forget();
                        model.calls.fetch_add(1, Ordering::SeqCst);
                        finish.report(true);
                        let numbers = parts.iter().map(|it| *it.downcast_ref::<usize>().unwrap());
                        // A call with the number 13 panics, and a call with the number 7 forgets a result.
                        let numbers: Vec<usize> = numbers.filter(|it| *it != 7).collect();
                        assert!(!numbers.contains(&13), "unlucky");
                        numbers.iter().map(|it| it * parts.len()).collect()
                    })
                }))
            }),
        }
    }
}

type Joining = JoinHandle<Result<usize, Left>>;

fn join(batcher: &Arc<Batcher<usize>>, model: &Arc<Model>, number: usize) -> Joining {
    tokio::spawn(batcher.announce().join(model.job(number)))
}

#[tokio::test]
async fn jobs_that_are_announced_together_share_a_call() {
    let (batcher, model) = (Batcher::new(Limits::NEW), Model::new(9));
    let jobs: Vec<_> = (1..=3)
        .map(|number| join(&batcher, &model, number))
        .collect();
    for (job, expected) in jobs.into_iter().zip([3, 6, 9]) {
        assert_eq!(job.await.unwrap().unwrap(), expected);
    }
    assert_eq!(model.calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_job_that_is_dropped_while_it_waits_is_not_in_the_call() {
    let (batcher, model) = (Batcher::new(Limits::NEW), Model::new(0));
    let first = join(&batcher, &model, 1);
    tokio::task::yield_now().await;
    let jobs: Vec<_> = (2..=4)
        .map(|number| join(&batcher, &model, number))
        .collect();
    tokio::task::yield_now().await;
    jobs[1].abort();
    tokio::task::yield_now().await;
    model.permits.add_permits(2);
    assert_eq!(first.await.unwrap().unwrap(), 1);
    let mut results = Vec::new();
    for job in jobs {
        results.push(job.await.ok().map(Result::unwrap));
    }
    assert_eq!(results, [Some(4), None, Some(8)]);
}

#[tokio::test]
async fn a_panic_and_a_wrong_length_fail_the_jobs_of_one_call() {
    let (batcher, model) = (Batcher::new(Limits::NEW), Model::new(9));
    let jobs = [join(&batcher, &model, 13), join(&batcher, &model, 1)];
    for job in jobs {
        let Left::Fault(Fault::Panicked(panic), 2) = job.await.unwrap().unwrap_err() else {
            panic!("another fault");
        };
        assert_eq!(panic.message, "unlucky");
    }
    let jobs = [join(&batcher, &model, 7), join(&batcher, &model, 1)];
    for job in jobs {
        let left = job.await.unwrap().unwrap_err();
        let wrong = matches!(
            left,
            Left::Fault(
                Fault::WrongLength {
                    results: 1,
                    jobs: 2
                },
                2
            )
        );
        assert!(wrong, "{left:?}");
    }
    assert_eq!(join(&batcher, &model, 5).await.unwrap().unwrap(), 5);
}

#[tokio::test]
async fn a_call_whose_jobs_were_all_cancelled_is_dropped_and_the_next_one_starts() {
    let (batcher, model) = (Batcher::new(Limits::NEW), Model::new(0));
    let first = join(&batcher, &model, 1);
    tokio::task::yield_now().await;
    let second = join(&batcher, &model, 2);
    tokio::task::yield_now().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    model.permits.add_permits(1);
    assert_eq!(second.await.unwrap().unwrap(), 2);
    assert_eq!(model.calls.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_does_not_wait_longer_than_the_limit_for_an_announced_job() {
    let limits = Limits {
        max_wait: Duration::from_millis(40),
        ..Limits::NEW
    };
    let (batcher, model) = (Batcher::new(limits), Model::new(9));
    let never = batcher.announce();
    let begun = tokio::time::Instant::now();
    assert_eq!(join(&batcher, &model, 1).await.unwrap().unwrap(), 1);
    assert_eq!(begun.elapsed(), Duration::from_millis(40));
    drop(never);
}

#[tokio::test(start_paused = true)]
async fn each_call_is_reported_with_its_jobs_and_their_waits_before_the_jobs_get_their_results() {
    let (batcher, model) = (Batcher::new(Limits::NEW), Model::new(0));
    let calls = Arc::<Mutex<Vec<(Vec<Duration>, CallOutcome)>>>::default();
    let reported = Arc::clone(&calls);
    batcher.on_call(move |call| {
        let call = (call.waits.clone(), call.outcome);
        reported.lock().unwrap().push(call);
    });
    let first = join(&batcher, &model, 1);
    tokio::task::yield_now().await;
    // While the first call runs, the next two jobs wait for it.
    let waiting = [join(&batcher, &model, 2), join(&batcher, &model, 13)];
    tokio::time::sleep(Duration::from_secs(2)).await;
    model.permits.add_permits(2);
    first.await.unwrap().unwrap();
    let waited = Duration::from_secs(2);
    let ended = (vec![Duration::ZERO], CallOutcome::Completed);
    assert_eq!(calls.lock().unwrap()[0], ended);
    for job in waiting {
        job.await.unwrap().unwrap_err();
    }
    assert_eq!(
        calls.lock().unwrap()[1],
        (vec![waited, waited], CallOutcome::Failed)
    );
    let cancelled = join(&batcher, &model, 4);
    tokio::time::sleep(Duration::from_secs(1)).await;
    cancelled.abort();
    cancelled.await.unwrap_err();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let ended = (vec![Duration::ZERO], CallOutcome::Cancelled);
    assert_eq!(calls.lock().unwrap()[2], ended);
}
