//! A job that is only handed in.

use std::future::{poll_fn, Future};
use std::pin::Pin;
use std::task::Poll;

use runpod_sdk::serverless::ServerlessJob;

/// The client hands a job in when it is first polled, and then waits for its end; this leaves it as soon as it has an id.
pub(crate) async fn submitted(mut job: ServerlessJob) -> ServerlessJob {
    poll_fn(|context| {
        if let Poll::Ready(Err(error)) = Pin::new(&mut job).poll(context) {
            panic!("the job is not handed in: {error}");
        }
        match job.job_id() {
            Some(_) => Poll::Ready(()),
            None => Poll::Pending,
        }
    })
    .await;
    job
}
