//! Results that wait until their webhook is called.

use super::*;

/// Returns a queue whose webhooks are never called, and at most `most` bytes of results may wait for them.
fn with_webhooks(
    most: u64,
) -> (
    TimedQueue,
    tokio::sync::mpsc::UnboundedReceiver<WebhookCall>,
) {
    let mut queue = TimedQueue::new();
    let (webhooks, ended) = WebhookQueue::new(most);
    queue.state.webhooks = Some(webhooks);
    (queue, ended)
}

fn hooked(job: &mut Submission) {
    job.webhook = Some("http://h/".into());
}

fn waiting(queue: &TimedQueue) -> u64 {
    queue
        .state
        .webhooks
        .as_ref()
        .expect("the queue calls webhooks")
        .waiting()
}

/// Runs a job with a webhook to completion, with a result of 40,000 bytes.
fn large(queue: &mut TimedQueue) -> JobId {
    let job = queue.submit(false, hooked);
    queue.take("w1");
    queue.done("w1", job, output(&format!("\"{}\"", "x".repeat(40_000))));
    assert!(waiting(queue) <= 100_000, "{}", waiting(queue));
    job
}

#[test]
fn the_end_of_a_job_with_a_webhook_is_handed_on_whatever_it_is() {
    let (mut queue, mut ended) = with_webhooks(1_000_000);
    let jobs: Vec<_> = (0..4).map(|_| queue.submit(false, hooked)).collect();
    queue.state.cancel(jobs[3], queue.now);
    queue.take_up_to("w1", 3);
    queue.done("w1", jobs[0], output("1"));
    queue.done("w1", jobs[1], error("\"no\""));
    queue.ping("w1", &[jobs[2]]);
    queue.state.cancel(jobs[2], queue.now);
    let mut seen = Vec::new();
    while let Ok(ended) = ended.try_recv() {
        assert_eq!(&ended.input[..], b"1");
        seen.push((ended.report.id, ended.report.status));
    }
    let expected = [
        (jobs[3], Status::Cancelled),
        (jobs[0], Status::Completed),
        (jobs[1], Status::Failed),
        (jobs[2], Status::Cancelled),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn what_waits_for_webhooks_is_bounded_in_bytes_and_the_log_of_each_job_says_so() {
    let (mut queue, mut ended) = with_webhooks(100_000);
    let jobs: Vec<_> = (0..10).map(|_| large(&mut queue)).collect();
    for job in &jobs[2..] {
        let line = &queue.detail(*job).logs[0];
        assert!(line.text.contains("webhook is not called"), "{line:?}");
        assert_eq!(queue.status(*job), Some(Status::Completed));
    }
    // A delivered result makes room, whether or not its job is still kept.
    queue.pass(secs(60 * 60));
    assert!(waiting(&queue) > 80_000);
    drop(ended.try_recv());
    drop(ended.try_recv());
    assert_eq!(waiting(&queue), 0);
    assert!(ended.try_recv().is_err());
}

#[test]
fn webhooks_that_are_not_called_are_warned_of_once_until_less_than_half_waits() {
    let (mut queue, mut ended) = with_webhooks(100_000);
    let warnings = |queue: &mut TimedQueue| -> Vec<_> {
        let jobs: Vec<_> = (0..5).map(|_| large(queue)).collect();
        let lines = queue.state.publisher.take_lines();
        let warned = |job: &JobId| {
            lines.iter().any(
                |lines| matches!(lines, LogEvent::WebhooksDropped { job: named, .. } if named == job),
            )
        };
        assert!(lines.len() <= 1, "{lines:?}");
        jobs.iter().map(warned).collect()
    };
    let first = [false, false, true, false, false];
    assert_eq!(warnings(&mut queue), first);
    assert_eq!(warnings(&mut queue), [false; 5]);
    // One of the two results is delivered, so less than half of the limit is in use.
    drop(ended.try_recv());
    let second = [false, true, false, false, false];
    assert_eq!(warnings(&mut queue), second);
}

#[test]
fn a_result_larger_than_all_that_may_wait_for_webhooks_waits_alone() {
    let (mut queue, mut ended) = with_webhooks(0);
    for _ in 0..2 {
        let job = queue.submit(false, hooked);
        queue.take("w1");
        queue.done("w1", job, output("1"));
    }
    assert!(ended.try_recv().is_ok());
    assert!(ended.try_recv().is_err());
}

#[test]
fn the_webhook_of_a_job_that_is_removed_gets_its_end() {
    let (mut queue, mut ended) = with_webhooks(1_000_000);
    let job = queue.submit(false, |job| {
        hooked(job);
        job.policy.ttl = secs(10);
    });
    queue.take("w1");
    queue.pass(secs(10));
    assert_eq!(queue.status(job), None);
    let ended = ended.try_recv().expect("the job has ended");
    assert_eq!(ended.report.status, Status::TimedOut);
    assert!(ended.report.error.is_some());
}
