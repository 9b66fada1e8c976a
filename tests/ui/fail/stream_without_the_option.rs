use runpod::prelude::*;

#[runpod::handler]
fn letters(text: String) -> impl Stream<Item = char> {
    stream! {
        for letter in text.chars() {
            yield letter;
        }
    }
}

fn main() {}
