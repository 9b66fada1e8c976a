//! A fresh container after a single job that needs it. The job requests it with a method call, or with a key in its
//! output as in the Python SDK. To get a fresh container after every job, see `refresh.rs`.
//!
//! ```sh
//! cargo run --example refresh_on_demand -- --test_input '{"input": {"refresh": "call"}}'
//! ```

use runpod::prelude::*;

#[derive(Deserialize)]
struct Work {
    refresh: Option<Refresh>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Refresh {
    Call,
    Key,
}

#[runpod::main]
async fn compute(work: Work, ctx: JobContext) -> Value {
    match work.refresh {
        None => json!({ "answer": 42 }),
        // Works at any time while the job runs and with every kind of output, including streams.
        Some(Refresh::Call) => {
            ctx.refresh_worker();
            json!({ "answer": 42 })
        }
        // The worker removes the key from the output, so the client sees `{"answer": 42}` here too.
        Some(Refresh::Key) => json!({ "answer": 42, "refresh_worker": true }),
    }
}
