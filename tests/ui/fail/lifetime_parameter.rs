#[runpod::handler]
fn name<'a>() -> &'a str {
    "Ada"
}

fn main() {}
