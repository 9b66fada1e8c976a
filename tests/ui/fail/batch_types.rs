use runpod::prelude::*;

#[derive(Deserialize)]
struct Text {
    text: String,
}

#[runpod::handler(batch)]
fn one_input(input: Text) -> Vec<usize> {
    vec![input.text.len()]
}

#[runpod::handler(batch)]
fn one_result(inputs: Vec<Text>) -> usize {
    inputs.len()
}

#[runpod::handler(batch)]
fn result_of_one(inputs: Vec<Text>) -> Result<usize, String> {
    Ok(inputs.len())
}

#[runpod::handler(batch)]
fn nothing(inputs: Vec<Text>) {
    drop(inputs);
}

#[runpod::handler(batch)]
fn two_inputs(texts: Vec<Text>, numbers: Vec<u64>) -> Vec<u64> {
    drop(texts);
    numbers
}

struct Opaque;

#[runpod::handler(batch)]
fn not_json(inputs: Vec<Text>) -> Vec<Opaque> {
    inputs.iter().map(|_| Opaque).collect()
}

#[runpod::handler(batch)]
fn no_input_type(inputs: Vec<Opaque>) -> Vec<u64> {
    vec![inputs.len() as u64]
}

fn characters(text: &str) -> usize {
    text.chars().count()
}

#[runpod::handler(batch, weight = characters, max_weight = 8)]
fn another_weight(inputs: Vec<Text>) -> Vec<usize> {
    vec![0; inputs.len()]
}

fn main() {}
