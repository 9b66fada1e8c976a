//! Does our worker say on the wire what Runpod's own worker says?
//!
//! Both are started as real processes against a recording endpoint, given the same jobs and the same troubles, and what
//! they send is compared. The real SDK is the judge: nothing here says what is right, except for the list of meant
//! differences (`differences.rs`). `cargo xtask test` provides the SDK and runs this.

mod cases;
mod compare;
mod differences;
mod endpoint;
mod local;
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

/// One message with all of them: each takes minutes to see again.
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
    assert_none("differences of the list were never met", stale);
}
