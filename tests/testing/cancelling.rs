//! Jobs that a test cancels.

use std::sync::Arc;

use runpod::CancelReason;
use runpod::prelude::*;
use runpod::{JobCall, JobResult, Next, testing};
use tokio::sync::Notify;

async fn through(call: JobCall, next: Next) -> JobResult {
    next.run(call).await
}

#[tokio::test]
async fn an_async_handler_is_dropped() {
    struct Tells(Arc<Notify>);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    for wrapped in [false, true] {
        let (started, dropped) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (starts, drops) = (Arc::clone(&started), Arc::clone(&dropped));
        let waits = move |_: Value| {
            let (starts, tells) = (Arc::clone(&starts), Tells(Arc::clone(&drops)));
            async move {
                let _tells = tells;
                starts.notify_one();
                std::future::pending::<()>().await;
            }
        };
        let mut job = testing::Job::new(json!(1));
        if wrapped {
            job = job.around(through);
        }
        let report = job
            .cancel_when(async move { started.notified().await })
            .run(waits)
            .await;
        assert!(report.cancelled);
        assert_eq!((report.output, report.error), (None, None));
        dropped.notified().await;
    }
}

#[tokio::test]
async fn a_plain_handler_sees_it_and_its_output_is_discarded() {
    for wrapped in [false, true] {
        let started = Arc::new(Notify::new());
        let starts = Arc::clone(&started);
        let waits = move |_: Value, ctx: JobContext| {
            starts.notify_one();
            while !ctx.is_cancelled() {
                std::thread::yield_now();
            }
            assert_eq!(ctx.cancel_reason(), Some(CancelReason::Stopped));
            "discarded"
        };
        let mut job = testing::Job::new(json!(1));
        if wrapped {
            job = job.around(through);
        }
        let job = job.cancel_when(async move { started.notified().await });
        let report = job.blocking(waits).await;
        assert!(report.cancelled);
        assert_eq!(report.output, None);
    }
}

#[tokio::test]
async fn a_stream_keeps_the_items_before_it() {
    let started = Arc::new(Notify::new());
    let starts = Arc::clone(&started);
    let endless = move |_: Value| {
        let starts = Arc::clone(&starts);
        stream! {
            yield 1;
            starts.notify_one();
            std::future::pending::<()>().await;
        }
    };
    let job = testing::Job::new(json!(1)).cancel_when(async move { started.notified().await });
    let report = job.stream(endless).await;
    assert!(report.cancelled);
}

#[tokio::test]
async fn a_job_that_finishes_first_is_not_cancelled() {
    let job = testing::Job::new(json!(1)).cancel_when(std::future::pending());
    let report = job.run(async |input: u8| input).await;
    assert!(!report.cancelled);
    assert_eq!(report.output, Some(json!(1)));
}
