//! The local endpoint with real workers, of the official SDK and ours, attached to one queue.

mod client;
mod fleet;
mod mixed_workers;
#[path = "../conformance/peer.rs"]
#[expect(dead_code, reason = "the conformance suite uses all of it")]
mod peer;
