use runpod::prelude::*;

use runpod::{handler as job_handler, main as worker_main};

#[worker_main(route = "name")]
async fn main() {}

#[job_handler(name = "Ada")]
async fn echo(input: Value) -> Value {
    input
}
