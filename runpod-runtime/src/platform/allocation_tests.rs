//! Tests how many allocations it takes to turn a handler's value into a body.
//!
//! The counting allocator has no `realloc` of its own, so each growth of a buffer counts as another allocation.

use std::sync::Arc;

use allocation_counter::{AllocationInfo, measure};
use serde::Serialize;
use serde_json::{Value, json};

use super::*;
use crate::config::Secret;
use crate::handler::WorkerLink;

/// One allocation for the body itself and one for its reference count.
const FEWEST: u64 = 2;

const LARGE: usize = 20_000_000;

#[derive(Serialize)]
struct Answer {
    text: &'static str,
    tokens: u32,
    seconds: f64,
}

const ANSWER: Answer = Answer {
    text: "hello",
    tokens: 3,
    seconds: 0.5,
};

/// Measures the conversion of a handler's value to a body that can be posted twice. Also returns the length of the body.
fn result_of(value: &impl Serialize, refresh: bool) -> (AllocationInfo, usize) {
    let reporter = Reporter {
        hostname: "host".into(),
        worker_id: "w1".into(),
        secrets: Secret::new("key").into(),
        debugger: None,
        reports_streams_alike: false,
    };
    let mut length = 0;
    let needed = measure(|| {
        let outcome = Outcome::Value(Payload::of(value).unwrap());
        let result = reporter.result(outcome, false, refresh, None);
        let posted = result.body.clone();
        length = posted.len();
    });
    (needed, length)
}

#[test]
fn a_small_output_is_one_buffer() {
    let keys: serde_json::Map<_, _> = (0..10).map(|n| (format!("key{n}"), json!(n))).collect();
    for refresh in [false, true] {
        // The reference count is allocated again.
        let fewest = FEWEST + u64::from(refresh);
        let (of_struct, _) = result_of(&ANSWER, refresh);
        assert_eq!(of_struct.count_total, fewest, "{of_struct:?}");
        let (of_map, _) = result_of(&Value::Object(keys.clone()), refresh);
        assert!(
            of_map.count_total <= fewest + u64::from(refresh),
            "{of_map:?}"
        );
        let (of_hidden, _) = result_of(&Some(Ok::<_, String>(ANSWER)), refresh);
        assert_eq!(of_hidden.count_total, fewest, "{of_hidden:?}");
    }
}

#[test]
fn a_large_output_is_in_memory_once() {
    let text = "x".repeat(LARGE);
    let image = json!({ "image": text });
    for refresh in [false, true] {
        for (needed, length) in [result_of(&text, refresh), result_of(&image, refresh)] {
            assert!(length > LARGE);
            assert!(needed.bytes_max < length as u64 + 1024, "{needed:?}");
            // At no other time was there a second copy.
            assert!(needed.bytes_total < length as u64 + 1024, "{needed:?}");
            // The first small buffer, the large buffer, and the reference count before and after the body grew.
            assert!(needed.count_total <= 4, "{needed:?}");
        }
    }
}

#[test]
fn a_large_output_that_was_written_piece_by_piece_keeps_little_room_that_it_does_not_need() {
    let numbers: Vec<_> = (0..4_000_000_u32).collect();
    let mut body = None;
    let needed = measure(|| body = Some(Payload::of(&numbers).unwrap()));
    let length = body.map_or(0, |body| body.len()) as u64;
    let kept = u64::try_from(needed.bytes_current).unwrap();
    assert!(length > 8 << 20);
    assert!(kept < length + (1 << 20) + 1024, "{needed:?}");
}

#[test]
fn an_item_and_an_update_are_one_buffer_each_however_often_they_are_posted() {
    let item = measure(|| {
        let item = Payload::of(&ANSWER).unwrap();
        assert!(item.special_entry("error").is_none());
        let posts = [item_body(&item), item_body(&item)];
        assert_eq!(posts[0], posts[1]);
    });
    assert_eq!(item.count_total, FEWEST, "{item:?}");
    let update = measure(|| {
        let update = Payload::progress("half of it").unwrap();
        let posts = [progress_body(&update), progress_body(&update)];
        assert_eq!(posts[0], posts[1]);
    });
    assert_eq!(update.count_total, FEWEST, "{update:?}");
}

#[test]
fn items_that_the_result_repeats_are_copied_once() {
    let items: Vec<_> = (0..100).map(|n| Payload::of(&n).unwrap()).collect();
    let list = measure(|| drop(Payload::list(&items)));
    assert_eq!(list.count_total, FEWEST, "{list:?}");
}

/// A worker with or without `--rp_debugger`.
struct Worker {
    measures: bool,
}

impl WorkerLink for Worker {
    fn unhealthy(&self, _: String) {}
    fn emits(&self, _: &Arc<str>) {}
    fn measures(&self) -> bool {
        self.measures
    }
}

#[test]
fn a_checkpoint_allocates_nothing_without_the_debugger() {
    let contexts = [false, true]
        .map(|measures| JobContext::new("j".into(), "w".into(), Arc::new(Worker { measures })));
    let [off, on] = &contexts;
    let needed = measure(|| {
        for _ in 0..1000 {
            drop(off.checkpoint("part"));
        }
    });
    assert_eq!(needed.count_total, 0, "{needed:?}");
    assert!(off.timings().is_none());
    for _ in 0..1000 {
        drop(on.checkpoint("part"));
    }
    assert_eq!(on.timings().map(|timings| timings.all().len()), Some(1000));
}
