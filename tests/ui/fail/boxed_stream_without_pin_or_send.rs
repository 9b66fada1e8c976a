use std::pin::Pin;
use runpod::prelude::*;

#[runpod::handler(stream)]
fn letters(word: String) -> Box<dyn Stream<Item = char> + Send> {
    Box::new(stream! {
        for letter in word.chars() {
            yield letter;
        }
    })
}

#[runpod::handler(stream)]
fn more(word: String) -> Pin<Box<dyn Stream<Item = char>>> {
    Box::pin(stream! {
        for letter in word.chars() {
            yield letter;
        }
    })
}

fn main() {}
