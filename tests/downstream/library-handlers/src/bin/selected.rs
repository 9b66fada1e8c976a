//! Runs one of several linked handlers.

use my_handlers as _;

#[runpod::main(handler = my_handlers::count)]
fn main() {}
