//! Stream items between the worker and the client.

use super::*;

#[test]
fn a_client_gets_each_item_once_and_the_end_with_the_last() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.item("w1", job, "1");
    queue.item("w1", job, "\"ä\"");
    let (status, items) = queue.fetch(job);
    assert_eq!(
        (status, items),
        (Status::InProgress, vec!["1".into(), "\"ä\"".into()])
    );
    assert_eq!(queue.fetch(job), (Status::InProgress, vec![]));
    queue.item("w1", job, "3");
    queue.done("w1", job, output("[]"));
    assert_eq!(queue.fetch(job), (Status::Completed, vec!["3".into()]));
    assert_eq!(queue.fetch(job), (Status::Completed, vec![]));
}

#[test]
fn an_end_is_not_told_before_all_items_were_fetched() {
    let mut queue = TimedQueue::limited(|limits| limits.stream_answer = 10);
    let job = queue.running("w1");
    for item in ["\"aaaa\"", "\"bbbb\"", "\"cccccccccccccc\""] {
        queue.item("w1", job, item);
    }
    queue.done("w1", job, output("[]"));
    assert_eq!(
        queue.fetch(job),
        (Status::InProgress, vec!["\"aaaa\"".into()])
    );
    assert_eq!(
        queue.fetch(job),
        (Status::InProgress, vec!["\"bbbb\"".into()])
    );
    let last = vec!["\"cccccccccccccc\"".into()];
    assert_eq!(queue.fetch(job), (Status::Completed, last));
}

#[test]
fn fetched_items_are_kept_for_the_page() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.item("w1", job, "1");
    queue.fetch(job);
    queue.item("w1", job, "2");
    let detail = queue.detail(job);
    let shown: Vec<_> = detail.stream.iter().map(Json::as_bytes).collect();
    assert_eq!((shown, detail.stream_from), (vec![&b"1"[..], b"2"], 0));
    assert_eq!(detail.summary.items, 2);
}

#[test]
fn of_too_many_items_the_oldest_are_dropped_with_one_warning() {
    let mut queue = TimedQueue::limited(|limits| limits.stream_items_kept = 3);
    let job = queue.running("w1");
    for item in 1..=6 {
        queue.item("w1", job, &item.to_string());
    }
    let detail = queue.detail(job);
    assert_eq!((detail.stream.len(), detail.stream_from), (3, 3));
    assert_eq!(detail.logs.len(), 1);
    assert_eq!(detail.logs[0].level, "WARN");
    let (_, items) = queue.fetch(job);
    assert_eq!(items, ["4", "5", "6"]);
}

#[test]
fn items_that_were_fetched_may_be_dropped_without_a_word() {
    let mut queue = TimedQueue::limited(|limits| limits.stream_bytes_kept = 4);
    let job = queue.running("w1");
    for item in 1..=9 {
        queue.item("w1", job, &item.to_string());
        assert_eq!(queue.fetch(job).1, [item.to_string()]);
    }
    let detail = queue.detail(job);
    assert_eq!((detail.stream.len(), detail.stream_from), (4, 5));
    assert!(detail.logs.is_empty());
}

#[test]
fn items_of_an_attempt_that_was_lost_do_not_come_twice() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.item("w1", job, "1");
    queue.ping("w1", &[job]);
    queue.pass(secs(10));
    queue.take("w2");
    queue.item("w2", job, "1");
    queue.item("w2", job, "2");
    assert_eq!(queue.fetch(job).1, ["1", "2"]);
}

#[test]
fn progress_is_the_output_of_a_running_job_and_gone_at_its_end() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    for progress in ["1", "{\"percent\": 2}"] {
        queue
            .state
            .progress("w1", job, json(progress), queue.now)
            .unwrap();
    }
    assert_eq!(queue.report(job).output, Some(json("{\"percent\": 2}")));
    queue.done("w1", job, error("\"no\""));
    assert_eq!(queue.report(job).output, None);
    let late = queue.state.progress("w1", job, json("3"), queue.now);
    assert_eq!(late, Ok(Accepted::Ignored));
    assert_eq!(queue.report(job).output, None);
}
