use runpod::prelude::*;

#[runpod::handler(stream)]
async fn letters(word: String, out: &Emitter<char>) {
    for letter in word.chars() {
        let _ = out.send(letter).await;
    }
}

fn main() {}
