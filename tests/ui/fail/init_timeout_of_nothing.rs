#[runpod::main(init_timeout = "15 min")]
fn main() {}

#[runpod::handler(init_timeout = 900)]
fn handler() {}
