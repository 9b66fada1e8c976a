//! A job that is submitted without waiting for its result.

use std::future::{poll_fn, Future};
use std::pin::Pin;
use std::task::Poll;

use runpod_sdk::serverless::ServerlessJob;

/// Submits the job and returns as soon as it has an id. The client submits a job when it is first polled, and then
/// waits for its result.
pub(crate) async fn submitted(mut job: ServerlessJob) -> ServerlessJob {
    poll_fn(|context| {
        if let Poll::Ready(Err(error)) = Pin::new(&mut job).poll(context) {
            panic!("the job could not be submitted: {error}");
        }
        match job.job_id() {
            Some(_) => Poll::Ready(()),
            None => Poll::Pending,
        }
    })
    .await;
    job
}
