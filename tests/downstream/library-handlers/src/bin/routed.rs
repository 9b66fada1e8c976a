//! Runs all linked handlers; `input.task` selects the handler for a job.

// Without this line, the linker would drop the library and its handlers.
use my_handlers as _;

#[runpod::main(route = "task")]
fn main() {}
