#[runpod::handler]
fn show<T>(input: T) -> String
where
    T: ToString,
{
    input.to_string()
}

fn main() {}
