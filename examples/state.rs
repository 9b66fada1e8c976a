//! State: the body of `main` runs once, before the first job, and its return value is available to every job. `main`
//! may also be `async`.
//!
//! ```sh
//! cargo run --example state -- --test_input '{"input": {"text": "what a fine day"}}'
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};

use runpod::prelude::*;

/// A real worker reads its weights from a volume or from its image.
const WEIGHTS: &str = "fine 2\ngreat 3\nsad -1";

struct Model {
    scores: HashMap<&'static str, i32>,
    jobs_done: AtomicUsize,
}

// Nothing else runs yet, so this may take long. An `Err` stops the worker before it takes a job.
#[runpod::main]
fn main() -> Result<Model, Box<dyn Error + Send + Sync>> {
    println!("loading the model");
    let mut scores = HashMap::new();
    for line in WEIGHTS.lines() {
        let (word, score) = line.split_once(' ').ok_or("a line without a score")?;
        scores.insert(word, score.parse()?);
    }
    Ok(Model {
        scores,
        jobs_done: AtomicUsize::new(0),
    })
}

#[derive(Deserialize)]
struct Review {
    text: String,
}

#[derive(Serialize)]
struct Mood {
    score: i32,
    /// The number of this job on this worker, starting at 1.
    job: usize,
}

#[runpod::handler]
async fn judge(review: Review, model: State<Model>) -> Mood {
    let words = review.text.split_whitespace();
    Mood {
        score: words.filter_map(|word| model.scores.get(word)).sum(),
        job: model.jobs_done.fetch_add(1, Ordering::Relaxed) + 1,
    }
}
