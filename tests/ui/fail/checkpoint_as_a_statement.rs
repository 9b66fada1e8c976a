//! The guard is dropped at once, so nothing is measured.
#![deny(unused_must_use)]

use runpod::prelude::*;

#[runpod::handler]
fn double(input: u64, ctx: JobContext) -> u64 {
    ctx.checkpoint("double");
    input * 2
}

#[runpod::main]
fn main() {}
