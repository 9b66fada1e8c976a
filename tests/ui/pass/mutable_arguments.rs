use runpod::prelude::*;

#[runpod::handler]
fn sorted(mut numbers: Vec<i64>) -> Vec<i64> {
    numbers.sort_unstable();
    numbers
}

#[runpod::handler]
async fn both(mut job: Job<(i64, i64)>) -> i64
where
    (): Sized,
{
    job.input.0 += 1;
    job.input.0
}

fn main() {}
