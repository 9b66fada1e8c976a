#[runpod::handler(stream)]
fn words(text: String) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

fn main() {}
