use runpod::prelude::*;

#[runpod::handler(stream)]
fn letters(text: String) -> impl Stream<Item = char> {
    for letter in text.chars() {
        yield letter;
    }
}

fn main() {}
