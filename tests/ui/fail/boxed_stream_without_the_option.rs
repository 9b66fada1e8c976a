use runpod::prelude::*;

use std::pin::Pin;

#[runpod::handler]
fn letters(text: String) -> Pin<Box<dyn Stream<Item = char> + Send>> {
    Box::pin(stream! {
        for letter in text.chars() {
            yield letter;
        }
    })
}

fn main() {}
