#[runpod::handler]
fn show(input: impl ToString) -> String {
    input.to_string()
}

fn main() {}
