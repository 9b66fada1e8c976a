//! A name in a generated pattern refers to a constant or static of that name if one is in scope: hygiene does not help.
#![allow(non_upper_case_globals)]

use runpod::prelude::*;

static call: u8 = 0;
static sink: u8 = 0;
static argument_0: u8 = 0;
const it: u8 = 0;
const item: u8 = 0;
const value: u8 = 0;
const modifier: u8 = 0;
const path: u8 = 0;

fn scale(now: usize) -> usize {
    now + usize::from(modifier)
}

#[runpod::main(concurrency_modifier = scale, route = "name")]
async fn main() -> u8 {
    call + sink + argument_0 + it + item + value + path
}

#[runpod::handler]
async fn add((left, right): (u8, u8), _: JobContext, state: State<u8>) -> Result<u8, String> {
    Ok(left + right + *state)
}

#[runpod::handler(name = "Ada")]
fn nothing() -> &'static str {
    "nothing"
}

#[runpod::handler(stream)]
fn count([to]: [u8; 1]) -> impl Iterator<Item = u8> {
    0..to
}
