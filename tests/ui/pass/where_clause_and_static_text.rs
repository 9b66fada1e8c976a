#[runpod::handler]
fn greeting() -> &'static str
where
    String: Send,
{
    "Hello!"
}

fn main() {}
