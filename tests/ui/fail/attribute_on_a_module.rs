#[runpod::main]
mod worker {}
