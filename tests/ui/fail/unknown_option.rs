#[runpod::handler(timeout = 30)]
async fn greet(name: String) -> String {
    name
}

fn main() {}
