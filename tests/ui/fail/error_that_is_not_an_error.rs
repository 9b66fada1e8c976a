#[derive(Debug)]
enum Fault {
    Empty,
}

#[runpod::handler]
fn generate(input: String) -> Result<String, Fault> {
    if input.is_empty() { Err(Fault::Empty) } else { Ok(input) }
}

fn main() {}
