//! A fresh container when one job needs it: by a call, or by a key of the result as in the Python SDK. How every job gets
//! a fresh one is in `refresh.rs`.
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
        // At any time while the job runs, and with every kind of result, streams included.
        Some(Refresh::Call) => {
            ctx.refresh_worker();
            json!({ "answer": 42 })
        }
        // The key is taken out of the output: the client sees `{"answer": 42}` here as well.
        Some(Refresh::Key) => json!({ "answer": 42, "refresh_worker": true }),
    }
}
