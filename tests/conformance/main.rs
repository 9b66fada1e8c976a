//! Tests that our worker sends the same requests as Runpod's own worker.
//!
//! Both run as real processes against a recording endpoint, which gives them the same jobs and the same problems. The
//! tests compare the requests of the two workers. The real SDK's requests count as correct. The only exception is the
//! list of intended differences (`differences.rs`). `cargo xtask test` installs the SDK and runs this suite.

#[cfg(feature = "http")]
mod batches_over_http;
mod cases;
mod compare;
mod differences;
mod endpoint;
mod local;
#[cfg(feature = "http")]
mod over_http;
mod peer;
mod play;
mod promises;
mod record;
mod script;
mod shape;
mod suite;
mod table;
mod tampering;

use suite::suite;

/// Fails with all items in one message, because repeating a run takes minutes.
fn assert_none(what: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.collect();
    assert!(
        items.is_empty(),
        "{} {what}:\n\n{}",
        items.len(),
        items.join("\n\n")
    );
}

#[test]
fn every_worker_sees_every_case_through() {
    assert_none("runs failed", suite().failures.iter().cloned());
}

#[test]
fn our_worker_differs_from_the_sdk_only_where_it_is_meant_to() {
    let unexplained = suite().unexplained().map(ToString::to_string);
    assert_none("differences are not in the list", unexplained);
}

#[test]
fn every_meant_difference_is_there() {
    let stale = suite().stale().map(str::to_owned);
    assert_none("differences in the list never occurred", stale);
}
