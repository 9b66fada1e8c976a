//! Results that wait for their webhook.

use super::*;

/// A table whose webhooks nobody calls, and how many bytes may wait for them.
fn with_webhooks(most: u64) -> (Table, tokio::sync::mpsc::UnboundedReceiver<WebhookCall>) {
    let mut table = Table::new();
    let (webhooks, ended) = WebhookQueue::new(most);
    table.state.webhooks = Some(webhooks);
    (table, ended)
}

fn hooked(job: &mut Submission) {
    job.webhook = Some("http://h/".into());
}

fn waiting(table: &Table) -> u64 {
    table.state.webhooks.as_ref().expect("webhooks").waiting()
}

/// A job with a webhook, which has ended with a result of 40,000 bytes.
fn large(table: &mut Table) -> JobId {
    let job = table.submit(false, hooked);
    table.take("w1");
    table.done("w1", job, output(&format!("\"{}\"", "x".repeat(40_000))));
    assert!(waiting(table) <= 100_000, "{}", waiting(table));
    job
}

#[test]
fn the_end_of_a_job_with_a_webhook_is_handed_on_whatever_it_is() {
    let (mut table, mut ended) = with_webhooks(1_000_000);
    let jobs: Vec<_> = (0..4).map(|_| table.submit(false, hooked)).collect();
    table.state.cancel(jobs[3], table.now);
    table.take_up_to("w1", 3);
    table.done("w1", jobs[0], output("1"));
    table.done("w1", jobs[1], error("\"no\""));
    table.ping("w1", &[jobs[2]]);
    table.state.cancel(jobs[2], table.now);
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
    let (mut table, mut ended) = with_webhooks(100_000);
    let jobs: Vec<_> = (0..10).map(|_| large(&mut table)).collect();
    for job in &jobs[2..] {
        let line = &table.detail(*job).logs[0];
        assert!(line.text.contains("webhook is not called"), "{line:?}");
        assert_eq!(table.status(*job), Some(Status::Completed));
    }
    // What was delivered makes room, whether its job is still kept or not.
    table.pass(secs(60 * 60));
    assert!(waiting(&table) > 80_000);
    drop(ended.try_recv());
    drop(ended.try_recv());
    assert_eq!(waiting(&table), 0);
    assert!(ended.try_recv().is_err());
}

#[test]
fn webhooks_that_are_not_called_are_warned_of_once_until_less_than_half_waits() {
    let (mut table, mut ended) = with_webhooks(100_000);
    let warnings = |table: &mut Table| -> Vec<_> {
        let jobs: Vec<_> = (0..5).map(|_| large(table)).collect();
        let lines = table.state.publisher.take_lines();
        let warned = |job: &JobId| {
            lines.iter().any(
                |lines| matches!(lines, LogEvent::WebhooksDropped { job: named, .. } if named == job),
            )
        };
        assert!(lines.len() <= 1, "{lines:?}");
        jobs.iter().map(warned).collect()
    };
    let first = [false, false, true, false, false];
    assert_eq!(warnings(&mut table), first);
    assert_eq!(warnings(&mut table), [false; 5]);
    // One of two is delivered: less than half waits.
    drop(ended.try_recv());
    let second = [false, true, false, false, false];
    assert_eq!(warnings(&mut table), second);
}

#[test]
fn a_result_larger_than_all_that_may_wait_for_webhooks_waits_alone() {
    let (mut table, mut ended) = with_webhooks(0);
    for _ in 0..2 {
        let job = table.submit(false, hooked);
        table.take("w1");
        table.done("w1", job, output("1"));
    }
    assert!(ended.try_recv().is_ok());
    assert!(ended.try_recv().is_err());
}

#[test]
fn the_webhook_of_a_job_that_is_removed_gets_its_end() {
    let (mut table, mut ended) = with_webhooks(1_000_000);
    let job = table.submit(false, |job| {
        hooked(job);
        job.policy.ttl = secs(10);
    });
    table.take("w1");
    table.pass(secs(10));
    assert_eq!(table.status(job), None);
    let ended = ended.try_recv().expect("it has ended");
    assert_eq!(ended.report.status, Status::TimedOut);
    assert!(ended.report.error.is_some());
}
