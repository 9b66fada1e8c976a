//! Of all the handlers that are linked, one.

use my_handlers as _;

#[runpod::main(handler = my_handlers::count)]
fn main() {}
