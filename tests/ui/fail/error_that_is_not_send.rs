#[runpod::handler]
fn generate(input: String) -> Result<String, Box<dyn std::error::Error>> {
    Ok(input.parse::<u32>()?.to_string())
}

fn main() {}
