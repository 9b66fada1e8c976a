use runpod::prelude::*;

fn scale(now: usize) -> usize {
    (now + 1).min(8)
}

#[runpod::main(concurrency_modifier = scale)]
async fn echo(input: Value) -> Value {
    input
}
