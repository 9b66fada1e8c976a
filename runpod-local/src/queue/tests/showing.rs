//! What the page and the log show.

use super::*;

#[test]
fn nothing_is_told_to_nobody_and_everything_to_somebody() {
    let mut queue = TimedQueue::new();
    let mut events = queue.events.subscribe();
    let job = queue.running("w1");
    queue.item("w1", job, "1");
    queue.state.log(job, LogLine::new("INFO", "hello"));
    queue.done("w1", job, error("\"bad\\nworse\""));
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        told.push(match event {
            PageEvent::Described => "other handlers".to_owned(),
            PageEvent::Job(id) => format!("job {}", id == job),
            PageEvent::Worker(worker) => worker.to_string(),
            PageEvent::Item { index, .. } => format!("item {index}"),
            PageEvent::Log { index, .. } => format!("line {index}"),
            PageEvent::Reported(number) => format!("event {number}"),
        });
    }
    let expected = [
        "job true", "w1", "job true", "w1", "item 0", "line 0", "w1", "job true",
    ];
    assert_eq!(told, expected);
}

#[test]
fn events_that_nobody_reads_keep_nothing_alive_but_themselves() {
    let mut queue = TimedQueue::limited(|limits| {
        limits.stream_items_kept = 1;
        limits.log_lines = 1;
    });
    let _stalled = queue.events.subscribe();
    let job = queue.running("w1");
    let line = LogLine::new("INFO", &"x".repeat(100_000));
    let text = Arc::downgrade(&line.text);
    queue.state.log(job, line);
    queue.state.log(job, LogLine::new("INFO", "next"));
    assert!(text.upgrade().is_none());
    let large = format!("\"{}\"", "x".repeat(100_000));
    for _ in 0..100 {
        queue.item("w1", job, &large);
        queue
            .state
            .progress("w1", job, json(&large), queue.now)
            .unwrap();
    }
    // The queue holds only the last item and the last progress update, and the state counts both.
    assert!(
        queue.state.held_bytes < 250_000,
        "{}",
        queue.state.held_bytes
    );
    assert!(EVENTS * size_of::<PageEvent>() <= 256 * 1024);
}

#[test]
fn very_large_progress_is_cut_in_lists_and_whole_for_clients() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    let large = json(&format!("\"{}\"", "é".repeat(100_000)));
    queue
        .state
        .progress("w1", job, large.clone(), queue.now)
        .unwrap();
    let summary = queue
        .state
        .jobs
        .get(&job)
        .map(|job| job.summary())
        .expect("the queue has the job");
    let progress: String =
        serde_json::from_slice(summary.progress.expect("the job has progress").as_bytes()).unwrap();
    assert!(
        progress.ends_with('…') && progress.len() < 1_000,
        "{progress}"
    );
    assert_eq!(queue.report(job).output, Some(large));
    queue
        .state
        .progress("w1", job, json("{\"percent\": 5}"), queue.now)
        .unwrap();
    let summary = queue
        .state
        .jobs
        .get(&job)
        .map(|job| job.summary())
        .expect("the queue has the job");
    assert_eq!(summary.progress, Some(json("{\"percent\": 5}")));
}

#[test]
fn the_newest_jobs_come_first_and_no_more_than_asked_for() {
    let mut queue = TimedQueue::new();
    let jobs: Vec<_> = (0..5).map(|_| queue.run()).collect();
    let recent: Vec<_> = queue.state.recent(3).iter().map(|job| job.id).collect();
    assert_eq!(recent, [jobs[4], jobs[3], jobs[2]]);
}

#[test]
fn a_detail_has_the_whole_error_and_a_summary_its_first_line() {
    let mut queue = TimedQueue::new();
    let job = queue.running("w1");
    queue.done("w1", job, error("\"first\\nsecond\""));
    let summary = serde_json::to_value(&queue.state.recent(1)[0]).unwrap();
    assert_eq!(summary["error"], "first");
    assert_eq!(summary["status"], "FAILED");
    assert_eq!(summary["workerId"], "w1");
    let detail = serde_json::to_string(&queue.detail(job)).unwrap();
    assert_eq!(detail.matches("\"error\"").count(), 1);
    assert!(detail.contains(r#""error":"first\nsecond""#), "{detail}");
    assert!(detail.contains(r#""input":1"#), "{detail}");
}

#[test]
fn the_errors_of_the_sdks_workers_show_their_message() {
    let line = |error: &str| super::super::job_views::error_line(&json(error));
    let structured =
        r#"{"error_type": "<class 'ValueError'>", "error_message": "bad", "hostname": "x"}"#;
    let text = serde_json::to_string(structured).unwrap();
    assert_eq!(line(&text), "<class 'ValueError'>: bad");
    assert_eq!(line("{\"code\": 7}"), "{\"code\": 7}");
    assert_eq!(line("\"one\\ntwo\""), "one");
    let long = format!("\"{}\"", "é".repeat(300));
    assert_eq!(line(&long).chars().count(), 201);
    // A control character becomes a space, which is shorter. This does not count as truncation.
    assert_eq!(line("\"a\u{85}b\""), "a b");
}

#[test]
fn the_chart_has_the_last_minute_and_the_percentiles_of_the_last_jobs() {
    let mut queue = TimedQueue::new();
    assert_eq!(queue.state.stats(queue.now).latency, Latency::default());
    for seconds in 1..=10 {
        let job = queue.running("w1");
        queue.pass(secs(seconds));
        queue.done("w1", job, output("1"));
    }
    queue.run();
    let stats = queue.state.stats(queue.now);
    assert_eq!(stats.throughput.len(), 60);
    assert_eq!(stats.throughput.iter().sum::<u32>(), 10);
    assert_eq!((stats.throughput[59], stats.throughput[49]), (1, 1));
    let latency = stats.latency;
    assert_eq!(
        (latency.p50, latency.p90, latency.p99),
        (Some(5_000), Some(9_000), Some(10_000))
    );
    assert_eq!((stats.queue, stats.running, stats.completed), (1, 0, 10));
    queue.pass(secs(60));
    let stats = queue.state.stats(queue.now);
    assert_eq!(stats.throughput.iter().sum::<u32>(), 0);
}

#[test]
fn log_lines_read_well() {
    let job = JobId::new(true);
    let lines = |line: LogEvent| line.to_string();
    assert_eq!(
        lines(LogEvent::Taken {
            job,
            worker: "w1".into(),
            after: Duration::from_millis(12)
        }),
        format!("job {job} taken by w1 after 12 ms")
    );
    let ended = |status, execution, error: Option<&str>| {
        lines(LogEvent::Ended {
            job,
            status,
            execution,
            error: error.map(str::to_owned),
        })
    };
    let completed = ended(Status::Completed, Some(Duration::from_millis(1_250)), None);
    assert_eq!(completed, format!("job {job} COMPLETED in 1.2 s"));
    let failed = ended(Status::Failed, Some(secs(185)), Some("no"));
    assert_eq!(failed, format!("job {job} FAILED in 3 min 5 s: no"));
    let cancelled = ended(Status::Cancelled, None, None);
    assert_eq!(cancelled, format!("job {job} CANCELLED in the queue"));
}

#[test]
fn ids_are_read_as_they_are_written_and_no_others() {
    for sync in [false, true] {
        let id = JobId::new(sync);
        assert_eq!(JobId::parse(&id.to_string()), Some(id));
        assert_eq!(id.to_string().starts_with("sync-"), sync);
    }
    let id = JobId::new(false).to_string();
    for wrong in [
        "",
        "x",
        &id[1..],
        &id.to_uppercase(),
        &format!("{id} "),
        &format!("sync{id}"),
        "{67e55044-10b1-426f-9247-bb680e5fe0c8}-l1",
    ] {
        assert_eq!(JobId::parse(wrong), None, "{wrong}");
    }
}
