use runpod::prelude::*;

#[runpod::handler]
async fn norm(vector: [f32; 512]) -> f32 {
    vector.iter().sum()
}

#[runpod::handler]
async fn zeros(job: Job<Option<[[u8; 2]; 64]>>) -> Result<Vec<[f32; 512]>, String> {
    Ok(vec![[0.0; 512]; job.input.map_or(0, |rows| rows.len())])
}

#[runpod::handler(stream)]
fn rows(count: usize) -> impl Iterator<Item = [u8; 33]> {
    std::iter::repeat_n([0; 33], count)
}

// Correct: serde can read 32 elements, and does not read a state.
#[runpod::handler]
async fn add(vector: [f32; 32], bias: State<[f32; 512]>) -> f32 {
    vector[0] + bias[0]
}

fn main() {}
