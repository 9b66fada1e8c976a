//! Progress updates, which the client sees while it waits. If updates are faster than the network, the worker merges
//! them. No update arrives after the result.
//!
//! ```sh
//! cargo run --example progress -- --test_input '{"input": {"steps": 3}}'
//! ```

use runpod::prelude::*;

#[derive(Deserialize)]
struct Training {
    steps: u32,
}

#[derive(Serialize)]
struct Step {
    step: u32,
    of: u32,
}

#[runpod::main]
async fn train(input: Training, ctx: JobContext) -> String {
    let mut loss = 1.0;
    for step in 1..=input.steps {
        loss /= 2.0;
        // Accepts anything that serialises, and returns immediately.
        ctx.progress(Step {
            step,
            of: input.steps,
        });
    }
    format!("a loss of {loss} after {} steps", input.steps)
}
