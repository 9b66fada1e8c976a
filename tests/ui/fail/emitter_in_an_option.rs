use runpod::prelude::*;

#[runpod::handler(stream)]
async fn letters(word: String, out: Option<Emitter<char>>) {
    if let Some(out) = out {
        for letter in word.chars() {
            let _ = out.send(letter).await;
        }
    }
}

fn main() {}
