use runpod::prelude::*;

#[runpod::handler(stream = true)]
fn letters(word: String) -> impl Stream<Item = char> {
    stream! {
        for letter in word.chars() {
            yield letter;
        }
    }
}

fn main() {}
