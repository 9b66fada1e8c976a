//! `cargo runpod doctor` on machines that lack a part. The tools of other projects are small scripts on a PATH of their
//! own; the toolchain is the real one unless a test says otherwise.

#![expect(
    clippy::needless_raw_string_hashes,
    reason = "snapbox writes its snapshots in this form, with SNAPSHOTS=overwrite"
)]

mod machine;
mod parts;
#[path = "../script/mod.rs"]
mod script;
mod secrets;
