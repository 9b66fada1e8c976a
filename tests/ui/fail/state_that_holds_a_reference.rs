use runpod::prelude::*;

struct Model(f64);

#[runpod::handler]
async fn predict(input: f64, model: State<&Model>) -> f64 {
    input * model.0
}

// Correct: a `'static` reference does not borrow from the job.
#[runpod::handler]
async fn scale(input: f64, model: State<&'static Model>) -> f64 {
    input * model.0
}

fn main() {}
