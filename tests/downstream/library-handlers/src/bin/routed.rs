//! All the handlers that are linked, told apart by `input.task`.

// The linker drops a library that nothing names, and its handlers with it.
use my_handlers as _;

#[runpod::main(route = "task")]
fn main() {}
