#[runpod::handler]
struct Greeting {
    name: String,
}

fn main() {}
