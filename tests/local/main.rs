//! Tests the local endpoint with real workers of the official SDK and of this crate, all attached to one queue, and
//! with workers inside this test program.

mod automatic_concurrency;
mod client;
mod embedded;
mod fleet;
mod mixed_workers;
#[path = "../conformance/peer.rs"]
#[expect(dead_code, reason = "only the conformance suite uses everything in it")]
mod peer;
