struct Token;

#[runpod::handler(stream)]
fn words(count: usize) -> impl Iterator<Item = Token> {
    (0..count).map(|_| Token)
}

fn main() {}
