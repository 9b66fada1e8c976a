use super::*;
use crate::handler::JobContext;

fn payload(text: &str) -> Payload {
    Payload::of(text).unwrap()
}

fn shown(message: &Message) -> String {
    match message {
        Message::Progress(payload) => format!("progress {}", payload.text()),
        Message::Item(payload) => format!("item {}", payload.text()),
    }
}

async fn drain(outbox: &Outbox) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(message) = outbox.next().await {
        all.push(shown(&message));
    }
    all
}

#[tokio::test]
async fn order_is_kept_and_waiting_progress_is_replaced() {
    let outbox = Outbox::new();
    outbox.progress(payload("1"));
    outbox.progress(payload("2"));
    assert!(outbox.item(payload("a")).await);
    outbox.progress(payload("3"));
    outbox.progress(payload("4"));
    outbox.end();
    outbox.progress(payload("late"));
    assert!(!outbox.item(payload("late")).await);
    assert_eq!(
        drain(&outbox).await,
        [r#"progress "2""#, r#"item "a""#, r#"progress "4""#]
    );
}

#[tokio::test]
async fn a_full_channel_holds_the_sender_and_loses_nothing() {
    let outbox = Outbox::new();
    let sender = tokio::spawn({
        let outbox = outbox.clone();
        async move {
            for n in 0..MOST_ITEMS * 3 {
                assert!(outbox.item(payload(&n.to_string())).await);
            }
            outbox.end();
        }
    });
    tokio::task::yield_now().await;
    assert!(!sender.is_finished(), "the sender should wait for room");
    let all = drain(&outbox).await;
    sender.await.unwrap();
    assert_eq!(all.len(), MOST_ITEMS * 3);
    assert_eq!(all[100], r#"item "100""#);
}

#[tokio::test]
async fn an_item_larger_than_the_bound_passes_alone() {
    let outbox = Outbox::new();
    let large = "x".repeat(MOST_BYTES * 2);
    assert!(outbox.item(payload(&large)).await);
    let waits = outbox.item(payload("next"));
    tokio::pin!(waits);
    assert!(
        std::future::poll_fn(|cx| std::task::Poll::Ready(waits.as_mut().poll(cx).is_pending()))
            .await
    );
    outbox.next().await;
    assert!(waits.await);
}

#[tokio::test]
async fn an_item_is_undelivered_until_it_is_said_to_be_delivered() {
    let outbox = Outbox::new();
    for item in ["a", "b"] {
        assert!(outbox.item(payload(item)).await);
    }
    outbox.progress(payload("1"));
    let undelivered = || -> Vec<String> {
        let items = outbox.undelivered();
        items.iter().map(|item| item.text().to_owned()).collect()
    };
    outbox.next().await;
    assert_eq!(undelivered(), [r#""a""#, r#""b""#]);
    outbox.delivered();
    assert_eq!(undelivered(), [r#""b""#]);
    outbox.next().await;
    outbox.delivered();
    assert_eq!(undelivered(), [""; 0]);
}

#[tokio::test]
async fn progress_that_waits_between_items_is_bounded_too() {
    let outbox = Outbox::new();
    let large = "x".repeat(MOST_PROGRESS_BYTES / 3);
    for n in 0..10 {
        outbox.progress(payload(&format!("{n}{large}")));
        assert!(outbox.item(payload(&n.to_string())).await);
        assert!(outbox.queue().progress_bytes <= MOST_PROGRESS_BYTES);
    }
    outbox.end();
    let all = drain(&outbox).await;
    let of = |kind: &str| all.iter().filter(|it| it.starts_with(kind)).count();
    assert_eq!((of("item"), of("progress")), (10, 2));
    assert!(
        all[10].starts_with("progress \"9x"),
        "the newest update is kept"
    );
    assert_eq!(outbox.queue().progress_bytes, 0);
}

#[tokio::test]
async fn discarding_frees_a_waiting_sender() {
    let outbox = Outbox::new();
    for n in 0..MOST_ITEMS {
        assert!(outbox.item(payload(&n.to_string())).await);
    }
    let sender = tokio::spawn({
        let outbox = outbox.clone();
        async move { outbox.item(payload("last")).await }
    });
    tokio::task::yield_now().await;
    outbox.discard();
    assert!(!sender.await.unwrap());
    assert!(outbox.next().await.is_none());
}

#[tokio::test]
async fn a_sender_that_waits_is_woken_when_the_channel_is_half_empty() {
    let outbox = Outbox::new();
    for n in 0..MOST_ITEMS {
        assert!(outbox.item(payload(&n.to_string())).await);
    }
    let waits = outbox.item(payload("next"));
    tokio::pin!(waits);
    let mut is_ready = async || {
        let mut polled = |cx: &mut std::task::Context<'_>| waits.as_mut().poll(cx).is_ready();
        std::future::poll_fn(|cx| std::task::Poll::Ready(polled(cx))).await
    };
    assert!(!is_ready().await);
    for _ in 1..MOST_ITEMS / 2 {
        outbox.next().await;
        assert!(!outbox.queue().is_half_empty());
    }
    outbox.next().await;
    assert!(is_ready().await);
}

#[tokio::test]
async fn an_outbox_that_is_made_after_the_job_was_closed_takes_nothing() {
    struct NoWorker;
    impl WorkerLink for NoWorker {
        fn unhealthy(&self, _reason: String) {}
        fn emits(&self, _job_id: &Arc<str>) {
            panic!("there is nothing to send");
        }
    }
    let context = JobContext::new("j".into(), "w".into(), Arc::new(NoWorker));
    context.close_outbox();
    context.progress("late");
    assert!(!context.outbox().item(payload("late")).await);
    assert!(context.outbox().next().await.is_none());
}

#[cfg(feature = "openai")]
mod joining {
    use super::*;

    fn frame(text: &str) -> Payload {
        payload(&format!("data: {text}\n\n")).joinable()
    }

    #[tokio::test]
    async fn frames_that_wait_share_an_item_and_none_is_split() {
        let outbox = Outbox::new();
        for text in ["a", "\"é\\", "c"] {
            assert!(outbox.item(frame(text)).await);
        }
        outbox.progress(payload("p"));
        assert!(outbox.item(frame("d")).await);
        assert!(outbox.item(payload("no frame")).await);
        assert!(outbox.item(frame("e")).await);
        outbox.end();
        let joined = serde_json::to_string("data: a\n\ndata: \"é\\\n\ndata: c\n\n").unwrap();
        assert_eq!(
            drain(&outbox).await,
            [
                &format!("item {joined}"),
                r#"progress "p""#,
                r#"item "data: d\n\n""#,
                r#"item "no frame""#,
                r#"item "data: e\n\n""#,
            ]
        );
        let queue = outbox.queue();
        assert_eq!((queue.items, queue.bytes), (0, 0));
    }

    #[tokio::test]
    async fn a_joined_item_has_a_bound() {
        let outbox = Outbox::new();
        let large = "x".repeat(MOST_JOINED_BYTES / 2);
        for _ in 0..4 {
            assert!(outbox.item(frame(&large)).await);
        }
        outbox.end();
        assert_eq!(drain(&outbox).await.len(), 4);
    }

    #[tokio::test]
    async fn no_item_is_refused_only_because_it_was_joined() {
        let outbox = Outbox::new();
        outbox.limit_items(Some(1000));
        let text = "x".repeat(300);
        for _ in 0..6 {
            assert!(outbox.item(frame(&text)).await);
        }
        outbox.end();
        assert_eq!(drain(&outbox).await.len(), 6);

        let outbox = Outbox::new();
        outbox.limit_items(Some(1000));
        for _ in 0..6 {
            assert!(outbox.item(frame("short")).await);
        }
        outbox.end();
        assert_eq!(drain(&outbox).await.len(), 1);
    }
}
