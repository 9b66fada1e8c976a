struct Refused;

#[runpod::handler]
async fn generate(input: String) -> Result<String, Refused> {
    if input.is_empty() { Err(Refused) } else { Ok(input) }
}

fn main() {}
