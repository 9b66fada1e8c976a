use runpod::prelude::*;

#[runpod::handler]
async fn tuple(input: (u32, String)) -> String {
    input.1.repeat(input.0 as usize)
}

#[runpod::handler]
async fn unit(input: ()) {
    input
}

#[runpod::handler]
async fn option(input: Option<String>) -> String {
    input.unwrap_or_default()
}

#[runpod::handler]
fn array(input: [f64; 3]) -> f64 {
    input.iter().sum()
}

#[runpod::handler]
fn json(input: Value) -> Value {
    input
}

fn main() {}
