#[runpod::handler(crate = "runpod")]
async fn greet(name: String) -> String {
    name
}

fn main() {}
