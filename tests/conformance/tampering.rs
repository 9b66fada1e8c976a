//! Shows that the comparison itself can fail. Each test changes a real run of our worker in one place, and the
//! comparison must find the change.

use serde_json::{Value, json};

use crate::compare::compare;
use crate::differences::allowing;
use crate::record::{Kind, Request, Run};
use crate::suite::suite;

struct Tampering {
    name: &'static str,
    case: &'static str,
    with: fn(&mut Run),
}

const fn tampering(name: &'static str, case: &'static str, with: fn(&mut Run)) -> Tampering {
    Tampering { name, case, with }
}

const TAMPERINGS: &[Tampering] = &[
    tampering("stopPod dropped", "refresh flag", |run| {
        edit(run, "last", Kind::Result, |body| {
            body.as_object_mut().unwrap().remove("stopPod");
        });
    }),
    tampering("stopPod added", "async function", |run| {
        edit(run, "text", Kind::Result, |body| {
            body["stopPod"] = json!(true);
        });
    }),
    tampering("isStream flipped on a result", "stream", |run| {
        let result = post(run, "kinds", Kind::Result);
        result.query = result.query.replace("isStream=true", "isStream=false");
    }),
    tampering("isStream flipped on an item", "stream", |run| {
        let item = post(run, "kinds", Kind::Stream);
        item.query = item.query.replace("isStream=false", "isStream=true");
    }),
    tampering("output renamed", "async function", |run| {
        edit(run, "number", Kind::Result, |body| {
            *body = json!({ "result": body["output"] });
        });
    }),
    tampering("null output left out", "async function", |run| {
        edit(run, "nothing", Kind::Result, |body| *body = json!({}));
    }),
    tampering("float made an integer", "async function", |run| {
        edit(run, "floats", Kind::Result, |body| {
            body["output"][1] = json!(1);
        });
    }),
    tampering("two items swapped", "iterator", |run| {
        let indices = indices(run, "many", Kind::Stream);
        run.requests.swap(indices[10], indices[11]);
    }),
    tampering("an item lost", "emitter", |run| {
        let indices = indices(run, "many", Kind::Stream);
        run.requests.remove(indices[49]);
    }),
    tampering("an item sent twice", "emitter", |run| {
        let indices = indices(run, "many", Kind::Stream);
        let again = run.requests[indices[0]].clone();
        run.requests.insert(indices[0], again);
    }),
    tampering("result lost", "plain function", |run| {
        let indices = indices(run, "list", Kind::Result);
        run.requests.remove(indices[0]);
    }),
    tampering("result sent twice", "plain function", |run| {
        let again = post(run, "list", Kind::Result).clone();
        run.requests.push(again);
    }),
    tampering("result of a stopped job", "stop one of two", |run| {
        let mut result = post(run, "stays", Kind::Result).clone();
        result.job = Some("gone".into());
        run.requests.push(result);
    }),
    tampering("progress after the result", "async function", |run| {
        let progress = indices(run, "progress", Kind::Progress);
        let late = run.requests.remove(progress[5]);
        run.requests.push(late);
    }),
    tampering("progress lost", "stream", |run| {
        let progress = indices(run, "progress", Kind::Progress);
        run.requests.remove(progress[0]);
    }),
    tampering("progress without its status", "async function", |run| {
        edit(run, "progress", Kind::Progress, |body| {
            *body = json!({ "output": body["output"] });
        });
    }),
    tampering("error without a report", "async function", |run| {
        edit(run, "raised", Kind::Result, |body| {
            body["error"] = json!("kaput");
        });
    }),
    tampering("another message", "plain function", |run| {
        edit(run, "raised", Kind::Result, |body| {
            let report = body["error"].as_str().unwrap();
            body["error"] = report.replace("kaput", "Error: kaput").into();
        });
    }),
    tampering("no hostname", "async function", |run| {
        edit(run, "raised", Kind::Result, |body| {
            let report = body["error"].as_str().unwrap();
            body["error"] = report.replace("hostname", "host").into();
        });
    }),
    tampering("empty traceback", "stream", |run| {
        edit(run, "raised-at-once", Kind::Result, |body| {
            body["error"] = "handler: kaput \ntraceback: ".into();
        });
    }),
    tampering("text escaped", "async function", |run| {
        let result = post(run, "non-ascii", Kind::Result);
        let body = String::from_utf8_lossy(&result.body).replace('ß', "\\u00df");
        result.body = body.into_bytes();
    }),
    tampering("bearer before the key", "async function", |run| {
        let authorization = header(post(run, "text", Kind::Result), "authorization");
        authorization.insert_str(0, "Bearer ");
    }),
    tampering("another content type", "async function", |run| {
        *header(post(run, "text", Kind::Result), "content-type") = "application/json".into();
    }),
    tampering("no charset", "stream", |run| {
        let item = post(run, "kinds", Kind::Stream);
        item.headers.retain(|(name, _)| name != "charset");
    }),
    tampering("request id of another job", "batch", |run| {
        *header(post(run, "first", Kind::Result), "x-request-id") = "second".into();
    }),
    tampering("take in another form", "batch", |run| {
        let take = poll(run, Kind::Take);
        take.path = take.path.replace("job-take-batch", "job-take");
    }),
    tampering("take without job_in_progress", "async function", |run| {
        poll(run, Kind::Take).query = "gpu=NVIDIA+H100".into();
    }),
    tampering("take that says it is busy", "batch", |run| {
        let take = poll(run, Kind::Take);
        take.query = take.query.replace("progress=0", "progress=1");
    }),
    tampering("stop poll without its query", "stop one of two", |run| {
        poll(run, Kind::Stop).query.clear();
    }),
    tampering("ping without its version", "pings", |run| {
        poll(run, Kind::Ping).query = "gpu=NVIDIA+H100".into();
    }),
    tampering("ping without a key", "no pings without an api key", |run| {
        let mut ping = poll(run, Kind::Take).clone();
        ping.kind = Kind::Ping;
        run.requests.push(ping);
    }),
    tampering("user agent of another shape", "async function", |run| {
        *header(poll(run, Kind::Take), "user-agent") = "reqwest".into();
    }),
    tampering("unknown request", "mock", |run| {
        let mut unknown = poll(run, Kind::Take).clone();
        unknown.kind = Kind::Unknown;
        run.requests.push(unknown);
    }),
    tampering("take after a refresh", "refresh flag", |run| {
        let take = poll(run, Kind::Take).clone();
        run.requests.push(take);
    }),
    tampering("another exit code", "mock", |run| run.ending.code = Some(1)),
];

fn indices(run: &Run, job: &str, kind: Kind) -> Vec<usize> {
    let requests = run.requests.iter().enumerate();
    requests
        .filter(|(_, request)| request.kind == kind && request.job.as_deref() == Some(job))
        .map(|(index, _)| index)
        .collect()
}

fn post<'a>(run: &'a mut Run, job: &str, kind: Kind) -> &'a mut Request {
    let index = indices(run, job, kind)[0];
    &mut run.requests[index]
}

fn poll(run: &mut Run, kind: Kind) -> &mut Request {
    let mut requests = run.requests.iter_mut();
    requests.find(|request| request.kind == kind).unwrap()
}

fn header<'a>(request: &'a mut Request, name: &str) -> &'a mut String {
    let mut headers = request.headers.iter_mut();
    &mut headers.find(|(other, _)| other == name).unwrap().1
}

fn edit(run: &mut Run, job: &str, kind: Kind, change: impl FnOnce(&mut Value)) {
    let request = post(run, job, kind);
    let mut body = serde_json::from_slice(&request.body).unwrap();
    change(&mut body);
    request.body = body.to_string().into_bytes();
}

#[test]
fn the_comparison_finds_every_change_made_by_hand() {
    let mut unfound = Vec::new();
    for tampering in TAMPERINGS {
        let Some(played) = suite().played(tampering.case) else {
            assert!(suite().is_partial, "case {} has no run", tampering.case);
            continue;
        };
        let mut changed = played.ours.clone();
        (tampering.with)(&mut changed);
        let before = compare(&played.case, &played.sdk, &played.ours);
        let mut findings = compare(&played.case, &played.sdk, &changed).into_iter();
        let is_found = |finding| allowing(&finding).is_none() && !before.contains(&finding);
        if !findings.any(is_found) {
            unfound.push(tampering.name);
        }
    }
    assert!(
        unfound.is_empty(),
        "the comparison did not detect these changes: {unfound:?}"
    );
}
