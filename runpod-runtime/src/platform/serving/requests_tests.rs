use super::*;

fn request(id: &str) -> NewRequest {
    NewRequest {
        id: id.to_owned(),
        handler: None,
        input: RawValue::from_string("7".to_owned()).unwrap(),
        wants_progress: false,
        #[cfg(feature = "otel")]
        trace: crate::platform::serving::request_trace::of(&axum::http::HeaderMap::new()),
    }
}

fn post(id: &str, kind: PostKind) -> Post {
    Post {
        job_id: id.into(),
        worker_id: "w".into(),
        kind,
        body: Bytes::from_static(b"{}"),
    }
}

const RESULT: PostKind = PostKind::Result { streaming: false };

async fn taken(requests: &Requests) -> Vec<String> {
    match requests.take(4).await {
        Taken::Jobs(jobs) => jobs.into_iter().map(|job| job.unwrap().id).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_client_that_disconnects_stops_its_job_only_if_the_job_was_taken_and_has_no_result() {
    let requests = Arc::<Requests>::default();
    drop(requests.enter(request("waits")).unwrap());
    let running = requests.enter(request("runs")).unwrap();
    let mut finished = requests.enter(request("has finished")).unwrap();
    assert_eq!(taken(&requests).await, ["runs", "has finished"]);
    assert_eq!(
        requests.post(&post("has finished", RESULT)).await,
        Posted::Accepted
    );
    assert!(matches!(finished.next().await, Some(Sent::Result { .. })));
    drop((running, finished));
    assert_eq!(requests.abandoned().await, ["runs"]);
    for unwanted in ["runs", "waits", "has finished"] {
        let posted = requests.post(&post(unwanted, RESULT)).await;
        assert!(matches!(posted, Posted::NotWanted { .. }), "{unwanted}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_counts_as_disconnected_after_a_while() {
    let requests = Arc::<Requests>::default();
    let stalled = requests.enter(request("j")).unwrap();
    assert_eq!(taken(&requests).await, ["j"]);
    let item = post("j", PostKind::Item);
    for _ in 0..MOST_UNSENT {
        assert_eq!(requests.post(&item).await, Posted::Accepted);
    }
    let began = Instant::now();
    assert!(matches!(
        requests.post(&item).await,
        Posted::NotWanted { .. }
    ));
    assert_eq!(began.elapsed(), LONGEST_STALL);
    assert_eq!(requests.abandoned().await, ["j"]);
    drop(stalled);
}

#[tokio::test]
async fn two_jobs_never_have_the_same_id_even_if_the_first_client_has_gone() {
    let requests = Arc::<Requests>::default();
    let first = requests.enter(request("order")).unwrap();
    let second = requests.enter(request("order")).unwrap();
    drop(first);
    let third = requests.enter(request("order")).unwrap();
    assert!(second.id.starts_with("order-") && third.id.starts_with("order-"));
    assert_ne!(second.id, third.id);
    assert_eq!(taken(&requests).await, [&*second.id, &*third.id]);
}

#[tokio::test]
async fn waiting_requests_are_limited_and_are_refused_at_the_end() {
    let requests = Arc::<Requests>::default();
    let mut open: Vec<_> = (0..MOST_WAITING)
        .map(|number| requests.enter(request(&number.to_string())).unwrap())
        .collect();
    assert_eq!(requests.enter(request("x")).unwrap_err(), Refused::Full);
    assert!(open.pop().unwrap().withdraw());
    open.push(requests.enter(request("y")).unwrap());
    assert_eq!(taken(&requests).await.len(), 4);
    assert!(!open[0].withdraw());

    requests.close();
    assert_eq!(requests.enter(request("z")).unwrap_err(), Refused::Closing);
    assert!(open.last_mut().unwrap().next().await.is_none());
    // The jobs that were taken still get their results to their clients.
    assert_eq!(requests.post(&post("0", RESULT)).await, Posted::Accepted);
    assert!(matches!(requests.take(1).await, Taken::NoMore));
}
