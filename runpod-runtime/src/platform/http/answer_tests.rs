use super::*;

const JSON: &str = "application/json";

fn taken(body: &str) -> Vec<Result<String, String>> {
    match jobs(JSON, body.as_bytes()) {
        Taken::Jobs(jobs) => jobs
            .into_iter()
            .map(|job| job.map(|job| job.id).map_err(|broken| broken.reason))
            .collect(),
        _ => Vec::new(),
    }
}

#[test]
fn one_job_and_several_are_read_with_all_their_keys() {
    let body = r#"{"id":"a","input":{"x": 1},"webhook":"http://h","batchId":"b","n":null}"#;
    let Taken::Jobs(mut jobs) = jobs("application/json; charset=utf-8", body.as_bytes()) else {
        panic!("no jobs");
    };
    let job = jobs.remove(0).unwrap();
    assert_eq!(job.input.get(), r#"{"x": 1}"#);
    assert_eq!(job.webhook.as_deref(), Some("http://h"));
    assert_eq!(job.batch_id(), Some("b"));
    assert_eq!(job.extra["n"], Value::Null);
    assert_eq!(
        taken(r#" [{"id":"a","input":null},{"input":1},{"id":"b","input":[]}] "#),
        [Ok("a".into()), Err("it has no `id`".into()), Ok("b".into())]
    );
}

#[test]
fn broken_jobs_say_what_is_wrong() {
    let reason = |body: &str| taken(body).remove(0).unwrap_err();
    assert_eq!(reason(r#"{"id":"a"}"#), "it has no `input`");
    assert_eq!(
        reason(r#"{"id":7,"input":1}"#),
        "its `id` is not a string: 7"
    );
    assert_eq!(
        reason(r#"{"id":"","input":1}"#),
        "its `id` \"\" is not allowed"
    );
    assert_eq!(
        reason(r#"{"id":"..","input":1}"#),
        "its `id` \"..\" is not allowed"
    );
    assert_eq!(
        reason("{\"id\":[\n\"a\"],\"input\":1}"),
        r#"its `id` is not a string: [\n"a"]"#
    );
    assert!(reason("[1]").starts_with("it is not a JSON object"));
}

#[test]
fn what_is_no_job_is_no_job() {
    for (content_type, body) in [
        ("text/html", "{\"id\":\"a\",\"input\":1}"),
        (JSON, ""),
        (JSON, "null"),
        (JSON, "[]"),
        (JSON, "["),
        (JSON, "[,]"),
        (JSON, "7"),
    ] {
        assert!(
            matches!(jobs(content_type, body.as_bytes()), Taken::Nothing),
            "{content_type} {body}"
        );
    }
    assert!(matches!(jobs(JSON, b"\xff\xfe"), Taken::Nothing));
}

/// Returns the id of a job that cannot be run, and the reason.
fn broken(answer: &[u8]) -> (Option<String>, String) {
    let Taken::Jobs(mut jobs) = jobs(JSON, answer) else {
        panic!("no jobs");
    };
    let broken = jobs.remove(0).unwrap_err();
    (broken.id, broken.reason)
}

#[test]
fn an_id_that_no_address_can_hold_is_refused() {
    let job = |length: usize| format!(r#"{{"id":"{}","input":1}}"#, "x".repeat(length));
    assert!(taken(&job(1024))[0].is_ok());
    assert_eq!(
        broken(job(1025).as_bytes()),
        (
            None,
            "its `id` is 1025 bytes long; the limit is 1024".to_owned()
        )
    );
    let job = format!(r#"{{"id":"{}","\ud800":1}}"#, "x".repeat(1025));
    assert_eq!(broken(job.as_bytes()).0, None);
}

/// Jobs that are not valid JSON but whose id can be found.
const UNREADABLE: [&[u8]; 8] = [
    br#"{"\ud800":1,"id":"a","input":1}"#,
    br#"{"id":"a","\udc00\ud800":1,"input":1}"#,
    br#"{"id":"a","\x":1,"input":1}"#,
    br#"{"id":"a","input":"\x"}"#,
    br#"{"id":"a","input":01}"#,
    br#"{"id":"a","input":[}"#,
    b"{\"id\":\"a\",\"input\":\"\xff\"}",
    b"{\"\xff\":1,\"id\":\"a\",\"input\":\"\n\"}",
];

#[test]
fn a_job_that_cannot_be_read_is_failed_if_its_id_can_be_read() {
    for job in UNREADABLE {
        let (id, reason) = broken(job);
        let shown = String::from_utf8_lossy(job);
        assert_eq!(id.as_deref(), Some("a"), "{shown}");
        assert!(reason.starts_with("it is not "), "{shown}: {reason}");
    }
    // If there are several ids, the strict parser takes the last one too.
    assert_eq!(
        broken(br#"{"id":"b","id":"a","\ud800":1}"#).0.as_deref(),
        Some("a")
    );
    for job in [
        &br#"{"\ud800":1,"id":7}"#[..],
        br#"{"\ud800":1,"id":".."}"#,
        br#"{"\ud800":1,"id":"\ud800"}"#,
        br#"{"\ud800":1,"input":{"id":"a"}}"#,
        br#"{"id":"a"#,
    ] {
        assert_eq!(broken(job).0, None, "{}", String::from_utf8_lossy(job));
    }
}

#[test]
fn a_job_that_is_cut_off_is_not_failed_since_the_platform_may_hand_it_over_again() {
    for job in [
        &br#"{"id":"a","input":"#[..],
        br#"{"id":"a","input":"te"#,
        br#"{"id":"a","input":{"b":[1,2"#,
        b"{\"id\":\"a\",\"input\":\"\xe6\x97",
    ] {
        let reason = "the platform's answer ends in the middle of the job \"a\"";
        assert_eq!(broken(job), (None, reason.to_owned()));
        let answer = [br#"[{"id":"0","input":1},"#, job].concat();
        let Taken::Jobs(jobs) = jobs(JSON, &answer) else {
            panic!("no jobs");
        };
        assert!(jobs[0].is_ok() && jobs[1].is_err() && jobs.len() == 2);
    }
}

#[test]
fn a_job_that_cannot_be_read_takes_no_other_one_of_its_answer_with_it() {
    for job in UNREADABLE {
        let answer = [
            br#"[{"id":"0","input":1},"#,
            job,
            br#",{"id":"z","input":1}]"#,
        ]
        .concat();
        let Taken::Jobs(jobs) = jobs(JSON, &answer) else {
            panic!("no jobs");
        };
        let ids: Vec<_> = jobs
            .into_iter()
            .map(|job| job.map(|job| job.id).map_err(|broken| broken.id.unwrap()))
            .collect();
        let expected = [Ok("0".to_owned()), Err("a".to_owned()), Ok("z".to_owned())];
        assert_eq!(ids, expected, "{}", String::from_utf8_lossy(job));
    }
}

#[test]
fn what_only_the_handler_reads_makes_no_job_unreadable() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for value in [
        r#""\ud800""#,
        "1e999999",
        "123456789012345678901234567890",
        &deep,
    ] {
        for answer in [
            format!(r#"{{"id":"a","input":{value},"other":{value},"id":"a"}}"#),
            format!(r#"[{{"id":"a","input":{value},"other":{value}}}]"#),
        ] {
            assert_eq!(taken(&answer), [Ok("a".to_owned())], "{value:.40}");
        }
    }
}

#[test]
fn what_cannot_be_read_in_a_stop_answer_stops_no_other_job_from_being_stopped() {
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    for broken in [r#""\ud800""#, r#""\x""#, "1e999999", "01", &deep, "[}]"] {
        for answer in [
            format!(r#"{{"jobsToStop":["a",{broken},"b"]}}"#),
            format!(r#"{{"\ud800":{broken},"jobsToStop":["a","b"]}}"#),
        ] {
            assert_eq!(stops(JSON, answer.as_bytes()), ["a", "b"], "{answer:.60}");
        }
    }
    assert_eq!(
        stops(JSON, b"{\"jobsToStop\":[\"a\",\"\xff\",\"b\"]}"),
        ["a", "b"]
    );
}

#[test]
fn stop_answers_give_the_ids_that_are_texts() {
    assert_eq!(stops(JSON, br#"{"jobsToStop":["a",1,"b"]}"#), ["a", "b"]);
    for body in [
        "{}",
        "[]",
        "{\"jobsToStop\":\"a\"}",
        "{",
        "null",
        "{\"jobsToStop\":",
    ] {
        assert!(stops(JSON, body.as_bytes()).is_empty(), "{body}");
    }
    assert!(stops("text/plain", br#"{"jobsToStop":["a"]}"#).is_empty());
}

#[test]
fn retry_after_is_a_number_of_seconds_or_a_date() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    let asked = |value| retry_after(value, now).map(|pause| pause.as_secs());
    assert_eq!(asked("0"), Some(0));
    assert_eq!(asked(" 120 "), Some(120));
    assert_eq!(asked("Sun, 06 Nov 1994 08:49:37 GMT"), Some(0));
    assert_eq!(asked("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
    assert_eq!(asked("Sun, 06 Nov 1994 08:40:00 GMT"), Some(0));
    // The two older date formats, which a recipient must accept too.
    assert_eq!(asked("Sunday, 06-Nov-94 08:50:37 GMT"), Some(60));
    assert_eq!(asked("Sun Nov  6 08:50:37 1994"), Some(60));
    for value in [
        "",
        "-1",
        "1.5",
        "soon",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        ", GMT",
    ] {
        assert_eq!(asked(value), None, "{value}");
    }
}

#[test]
fn answers_to_posts_tell_what_can_be_cured() {
    let of = |status| not_accepted(StatusCode::from_u16(status).unwrap(), None, 7);
    assert!(matches!(of(400), Posted::Refused { .. }));
    assert!(matches!(of(413), Posted::Refused { why } if why.contains("7 bytes")));
    assert!(matches!(of(404), Posted::UnknownJob { .. }));
    assert!(matches!(of(410), Posted::NotWanted { .. }));
    for status in [301, 401, 403, 408, 425, 429, 500, 502, 503] {
        assert!(matches!(of(status), Posted::Later { .. }), "{status}");
    }
}

#[test]
fn an_answer_whose_reader_panics_is_told_with_the_ids_of_its_jobs() {
    let body = br#"[{"id":"a-u1","input":1},{"id":"b-u1","input":2}]"#;
    let taken = caught(body, || panic!("at byte 7"));
    let Taken::Failed(why) = taken else {
        panic!("{taken:?}");
    };
    for part in ["panicked", "answer_tests.rs", "at byte 7", "a-u1, b-u1"] {
        assert!(why.contains(part), "{why}");
    }
}
