//! The guard is dropped immediately, so the checkpoint measures nothing.
#![deny(unused_must_use)]

use runpod::prelude::*;

#[runpod::handler]
fn double(input: u64, ctx: JobContext) -> u64 {
    ctx.checkpoint("double");
    input * 2
}

#[runpod::main]
fn main() {}
