use runpod::prelude::*;

fn tokens(text: &String) -> usize {
    text.len()
}

#[runpod::handler(batch, stream)]
fn both(texts: Vec<String>) -> impl Iterator<Item = usize> {
    texts.into_iter().map(|text| text.len())
}

#[runpod::handler(max_batch_size = 8, max_wait = 5)]
fn without_batch(texts: Vec<String>) -> Vec<usize> {
    texts.iter().map(String::len).collect()
}

#[runpod::handler(batch, weight = tokens)]
fn without_bound(texts: Vec<String>) -> Vec<usize> {
    texts.iter().map(String::len).collect()
}

#[runpod::handler(batch, max_weight = 100)]
fn without_weight(texts: Vec<String>) -> Vec<usize> {
    texts.iter().map(String::len).collect()
}

#[runpod::handler(batch, max_batch_size = 0, max_wait = "5 ms")]
fn bad_values(texts: Vec<String>) -> Vec<usize> {
    texts.iter().map(String::len).collect()
}

#[runpod::handler(batch)]
fn no_inputs() -> Vec<usize> {
    Vec::new()
}

struct Model;

#[runpod::handler(batch)]
fn only_state(model: State<Model>) -> Vec<usize> {
    Vec::new()
}

fn main() {}
