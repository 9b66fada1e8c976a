//! Links two handlers without choosing one: the worker fails at start with an error about it.

use my_handlers as _;

#[runpod::main]
fn main() {}
