#[runpod::handler("greet")]
async fn greet(name: String) -> String {
    name
}

fn main() {}
