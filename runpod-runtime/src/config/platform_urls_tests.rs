use super::*;
use crate::config::environment::Environment;

const HOST: &str = "https://h.io/v2/ep";

fn environment() -> Vec<(&'static str, String)> {
    vec![
        (TAKE, format!("{HOST}/job-take/$ID?gpu=A+B")),
        (
            OUTPUT,
            format!("{HOST}/job-done/$RUNPOD_POD_ID/$ID?gpu=A+B"),
        ),
        (
            STREAM,
            format!("{HOST}/job-stream/$RUNPOD_POD_ID/$ID?gpu=A+B"),
        ),
        (PING, format!("{HOST}/ping/$RUNPOD_POD_ID?gpu=A+B")),
        ("RUNPOD_POD_ID", "w1".to_owned()),
        ("RUNPOD_AI_API_KEY", "rpa_key".to_owned()),
    ]
}

fn without(names: &[&str]) -> Vec<(&'static str, String)> {
    let mut environment = environment();
    environment.retain(|(name, _)| !names.contains(name));
    environment
}

fn with(name: &'static str, value: &str) -> Vec<(&'static str, String)> {
    let mut environment = without(&[name]);
    environment.push((name, value.to_owned()));
    environment
}

struct Resolved {
    urls: Option<PlatformUrls>,
    faults: Vec<String>,
    warnings: Vec<String>,
}

fn resolve(environment: Vec<(&'static str, String)>, streams: bool) -> Resolved {
    let environment = Environment::of(environment);
    let mut resolver = Resolver {
        environment: &environment,
        faults: Vec::new(),
        warnings: Vec::new(),
    };
    let take = environment.get(TAKE).unwrap_or_default();
    let urls = PlatformUrls::resolve(&mut resolver, take, "w1", streams);
    Resolved {
        urls,
        faults: resolver.faults.iter().map(ToString::to_string).collect(),
        warnings: resolver.warnings,
    }
}

fn urls(environment: Vec<(&'static str, String)>) -> PlatformUrls {
    let resolved = resolve(environment, true);
    assert!(resolved.faults.is_empty(), "{:?}", resolved.faults);
    resolved.urls.unwrap()
}

/// Returns the URL of a heartbeat for these jobs, and the number of jobs that the URL names.
fn ping(urls: &PlatformUrls, job_ids: &[&str]) -> (String, usize) {
    let ids: Vec<String> = job_ids.iter().map(ToString::to_string).collect();
    let (url, named) = urls.ping_url(&ids, "1.12.0", 8000).unwrap();
    (url.into(), named)
}

#[test]
fn a_take_names_worker_batch_and_whether_jobs_are_in_progress() {
    let urls = urls(environment());
    assert_eq!(
        urls.take_url(1, false).as_str(),
        "https://h.io/v2/ep/job-take/w1?gpu=A+B&job_in_progress=0"
    );
    assert_eq!(
        urls.take_url(1, true).as_str(),
        "https://h.io/v2/ep/job-take/w1?gpu=A+B&job_in_progress=1"
    );
    assert_eq!(
        urls.take_url(3, true).as_str(),
        "https://h.io/v2/ep/job-take-batch/w1?gpu=A+B&batch_size=3&job_in_progress=1"
    );
}

#[test]
fn a_take_url_without_a_query_begins_one() {
    let urls = urls(with(TAKE, "http://h/job-take/$ID"));
    assert_eq!(
        urls.take_url(2, false).as_str(),
        "http://h/job-take-batch/w1?batch_size=2&job_in_progress=0"
    );
}

#[test]
fn the_stop_channel_is_made_from_the_take_url() {
    assert_eq!(
        urls(environment()).stop_url().unwrap().as_str(),
        "https://h.io/v2/ep/job-stop/w1?gpu=A+B"
    );
}

#[test]
fn without_job_take_in_its_path_there_is_no_stop_channel_and_a_warning() {
    let resolved = resolve(with(TAKE, "https://h/jobs/$ID?x=/job-take/"), false);
    assert_eq!(resolved.urls.unwrap().stop_url(), None);
    assert_eq!(
        resolved.warnings,
        [
            "the path of RUNPOD_WEBHOOK_GET_JOB does not contain /job-take/, \
             so the worker cannot ask which jobs were cancelled and finishes them"
        ]
    );
}

#[test]
fn results_and_items_name_worker_and_job() {
    let urls = urls(environment());
    assert_eq!(
        urls.output_url("w1", "j/1", true).as_str(),
        "https://h.io/v2/ep/job-done/w1/j%2F1?gpu=A+B&isStream=true"
    );
    assert_eq!(
        urls.output_url("w1", "j1", false).as_str(),
        "https://h.io/v2/ep/job-done/w1/j1?gpu=A+B&isStream=false"
    );
    assert_eq!(
        urls.stream_url("w1", "j1").unwrap().as_str(),
        "https://h.io/v2/ep/job-stream/w1/j1?gpu=A+B&isStream=false"
    );
}

#[test]
fn a_heartbeat_names_jobs_and_version_as_requests_writes_them() {
    let urls = urls(with(PING, "https://h.io/ping/$RUNPOD_POD_ID"));
    // The expected URL is the one that the SDK's `requests` builds from the same values, including percent-encoding.
    assert_eq!(
        ping(&urls, &["a", "b c~*"]).0,
        "https://h.io/ping/w1?job_id=a%2Cb+c~%2A&runpod_version=1.12.0"
    );
    assert_eq!(
        ping(&urls, &[]).0,
        "https://h.io/ping/w1?runpod_version=1.12.0"
    );
}

#[test]
fn a_heartbeat_keeps_the_query_that_it_was_given() {
    assert_eq!(
        ping(&urls(environment()), &["a"]).0,
        "https://h.io/v2/ep/ping/w1?gpu=A+B&job_id=a&runpod_version=1.12.0"
    );
}

#[test]
fn heartbeats_are_off_with_a_warning_that_names_what_is_not_set() {
    for (missing, warning) in [
        (&[PING][..], "RUNPOD_WEBHOOK_PING is"),
        (&["RUNPOD_POD_ID"], "RUNPOD_POD_ID is"),
        (
            &[PING, "RUNPOD_POD_ID"],
            "RUNPOD_WEBHOOK_PING and RUNPOD_POD_ID are",
        ),
        (
            &[PING, "RUNPOD_POD_ID", "RUNPOD_AI_API_KEY"],
            "RUNPOD_WEBHOOK_PING, RUNPOD_POD_ID and RUNPOD_AI_API_KEY are",
        ),
    ] {
        let resolved = resolve(without(missing), true);
        assert_eq!(resolved.urls.unwrap().ping_url(&[], "1", 8000), None);
        assert_eq!(
            resolved.warnings,
            [format!("no heartbeats are sent, because {warning} not set")]
        );
    }
}

#[test]
fn a_missing_output_url_is_a_fault() {
    let resolved = resolve(without(&[OUTPUT]), false);
    assert!(resolved.urls.is_none());
    assert_eq!(
        resolved.faults,
        [
            "RUNPOD_WEBHOOK_POST_OUTPUT: not set, although RUNPOD_WEBHOOK_GET_JOB is set, so results could not be posted; \
             expected a URL such as https://host/path, without a user name or password; \
             set it, or unset RUNPOD_WEBHOOK_GET_JOB to run a local test job"
        ]
    );
}

#[test]
fn a_missing_stream_url_is_a_fault_where_a_handler_streams_only() {
    let resolved = resolve(without(&[STREAM]), true);
    assert_eq!(
        resolved.faults,
        [
            "RUNPOD_WEBHOOK_POST_STREAM: not set, but a handler of this worker streams; \
             expected a URL such as https://host/path, without a user name or password; \
             set it, or unset RUNPOD_WEBHOOK_GET_JOB to run a local test job"
        ]
    );
    let resolved = resolve(without(&[STREAM]), false);
    assert!(resolved.faults.is_empty());
    assert_eq!(resolved.urls.unwrap().stream_url("w1", "j"), None);
}

#[test]
fn every_bad_url_is_reported() {
    let bad: Vec<_> = [TAKE, OUTPUT, STREAM, PING]
        .into_iter()
        .map(|name| (name, "nowhere?key=SECRET".to_owned()))
        .collect();
    let resolved = resolve(bad, true);
    assert_eq!(resolved.faults.len(), 4);
    for (fault, name) in resolved.faults.iter().zip([TAKE, OUTPUT, STREAM, PING]) {
        assert!(
            fault.starts_with(&format!("{name}: not a URL (")) && !fault.contains("SECRET"),
            "{fault}"
        );
    }
}

#[test]
fn what_is_shown_of_urls_has_no_query() {
    let urls = urls(environment());
    let shown = format!("{urls:?}");
    assert!(
        shown.contains("/v2/ep/job-take/w1") && !shown.contains("gpu"),
        "{shown}"
    );
    assert_eq!(
        shown_url(&urls.take_url(1, false)),
        "https://h.io/v2/ep/job-take/w1"
    );
}

#[test]
fn the_urls_for_tests_have_the_platforms_form() {
    let urls = PlatformUrls::for_tests("http://127.0.0.1:1");
    assert_eq!(
        urls.stop_url().unwrap().as_str(),
        "http://127.0.0.1:1/v2/ep/job-stop/w1?gpu=test"
    );
    assert_eq!(
        urls.output_url("w1", "j", false).as_str(),
        "http://127.0.0.1:1/v2/ep/job-done/w1/j?gpu=test&isStream=false"
    );
}

#[test]
fn what_another_worker_made_is_posted_with_the_id_of_that_worker() {
    let urls = urls(environment());
    assert_eq!(
        urls.output_url("gone/1", "j1", false).as_str(),
        "https://h.io/v2/ep/job-done/gone%2F1/j1?gpu=A+B&isStream=false"
    );
    assert_eq!(
        urls.stream_url("gone", "j1").unwrap().as_str(),
        "https://h.io/v2/ep/job-stream/gone/j1?gpu=A+B&isStream=false"
    );
    // The worker's id is unknown, or has a special meaning in a path.
    for id in ["", ".", ".."] {
        assert_eq!(
            urls.output_url(id, "j1", false).path(),
            "/v2/ep/job-done/w1/j1",
            "{id:?}"
        );
    }
}

#[test]
fn a_worker_id_that_makes_no_url_of_a_template_leaves_the_url_as_it_is() {
    let urls = urls(with(OUTPUT, "https://$RUNPOD_POD_ID.h.io/job-done/$ID"));
    let host = |worker| {
        urls.output_url(worker, "j", false)
            .host_str()
            .map(str::to_owned)
    };
    assert_eq!(host("w2").as_deref(), Some("w2.h.io"));
    assert_eq!(host("evil.org/").as_deref(), Some("w1.h.io"));
}

#[test]
fn heartbeats_for_more_jobs_than_an_address_holds_name_all_of_them_and_about_as_many_each() {
    let urls = PlatformUrls::for_tests("http://127.0.0.1:1");
    for (count, longest) in [
        (1, 8000),
        (2, 0),
        (10, 100),
        (10, 200),
        (189, 1000),
        (189, 8000),
        (190, 8000),
        (400, 8000),
    ] {
        let jobs: Vec<String> = (0..count)
            .map(|number| format!("{number:036}-u1"))
            .collect();
        let (mut rest, mut lengths) = (&jobs[..], Vec::new());
        while !rest.is_empty() {
            let (url, named) = urls.ping_url(rest, "1", longest).unwrap();
            let (_, list) = url.query_pairs().find(|(key, _)| key == "job_id").unwrap();
            assert!(list.split(',').eq(&rest[..named]), "{list}");
            assert!(
                url.as_str().len() <= longest || named == 1,
                "{longest} {url}"
            );
            lengths.push(list.len());
            rest = &rest[named..];
        }
        let (least, most) = (lengths.iter().min().unwrap(), lengths.iter().max().unwrap());
        // The lists differ by at most one id per heartbeat.
        assert!(most - least <= 40 * lengths.len(), "{longest}: {lengths:?}");
        assert!(
            longest < 8000 || lengths.len() == 1 || *least > 3700,
            "{longest}: {lengths:?}"
        );
    }
}
