//! Two handlers are linked and nothing says which one takes the jobs: the worker says so when it starts.

use my_handlers as _;

#[runpod::main]
fn main() {}
