//! Items on their way from the worker to the client.

use super::*;

#[test]
fn a_client_gets_each_item_once_and_the_end_with_the_last() {
    let mut table = Table::new();
    let job = table.running("w1");
    table.item("w1", job, "1");
    table.item("w1", job, "\"ä\"");
    let (status, items) = table.fetch(job);
    assert_eq!(
        (status, items),
        (Status::InProgress, vec!["1".into(), "\"ä\"".into()])
    );
    assert_eq!(table.fetch(job), (Status::InProgress, vec![]));
    table.item("w1", job, "3");
    table.done("w1", job, output("[]"));
    assert_eq!(table.fetch(job), (Status::Completed, vec!["3".into()]));
    assert_eq!(table.fetch(job), (Status::Completed, vec![]));
}

#[test]
fn an_end_is_not_told_before_all_items_were_fetched() {
    let mut table = Table::limited(|limits| limits.stream_answer = 10);
    let job = table.running("w1");
    for item in ["\"aaaa\"", "\"bbbb\"", "\"cccccccccccccc\""] {
        table.item("w1", job, item);
    }
    table.done("w1", job, output("[]"));
    assert_eq!(
        table.fetch(job),
        (Status::InProgress, vec!["\"aaaa\"".into()])
    );
    assert_eq!(
        table.fetch(job),
        (Status::InProgress, vec!["\"bbbb\"".into()])
    );
    let last = vec!["\"cccccccccccccc\"".into()];
    assert_eq!(table.fetch(job), (Status::Completed, last));
}

#[test]
fn fetched_items_are_kept_for_the_page() {
    let mut table = Table::new();
    let job = table.running("w1");
    table.item("w1", job, "1");
    table.fetch(job);
    table.item("w1", job, "2");
    let detail = table.detail(job);
    let shown: Vec<_> = detail.stream.iter().map(Json::as_bytes).collect();
    assert_eq!((shown, detail.stream_from), (vec![&b"1"[..], b"2"], 0));
    assert_eq!(detail.summary.items, 2);
}

#[test]
fn of_too_many_items_the_oldest_are_dropped_with_one_warning() {
    let mut table = Table::limited(|limits| limits.stream_items_kept = 3);
    let job = table.running("w1");
    for item in 1..=6 {
        table.item("w1", job, &item.to_string());
    }
    let detail = table.detail(job);
    assert_eq!((detail.stream.len(), detail.stream_from), (3, 3));
    assert_eq!(detail.logs.len(), 1);
    assert_eq!(detail.logs[0].level, "WARN");
    let (_, items) = table.fetch(job);
    assert_eq!(items, ["4", "5", "6"]);
}

#[test]
fn items_that_were_fetched_may_be_dropped_without_a_word() {
    let mut table = Table::limited(|limits| limits.stream_bytes_kept = 4);
    let job = table.running("w1");
    for item in 1..=9 {
        table.item("w1", job, &item.to_string());
        assert_eq!(table.fetch(job).1, [item.to_string()]);
    }
    let detail = table.detail(job);
    assert_eq!((detail.stream.len(), detail.stream_from), (4, 5));
    assert!(detail.logs.is_empty());
}

#[test]
fn items_of_an_attempt_that_was_lost_do_not_come_twice() {
    let mut table = Table::new();
    let job = table.running("w1");
    table.item("w1", job, "1");
    table.ping("w1", &[job]);
    table.pass(secs(10));
    table.take("w2");
    table.item("w2", job, "1");
    table.item("w2", job, "2");
    assert_eq!(table.fetch(job).1, ["1", "2"]);
}

#[test]
fn progress_is_the_output_of_a_running_job_and_gone_at_its_end() {
    let mut table = Table::new();
    let job = table.running("w1");
    for progress in ["1", "{\"percent\": 2}"] {
        table
            .state
            .progress("w1", job, json(progress), table.now)
            .unwrap();
    }
    assert_eq!(table.report(job).output, Some(json("{\"percent\": 2}")));
    table.done("w1", job, error("\"no\""));
    assert_eq!(table.report(job).output, None);
    let late = table.state.progress("w1", job, json("3"), table.now);
    assert_eq!(late, Ok(Accepted::Ignored));
    assert_eq!(table.report(job).output, None);
}
