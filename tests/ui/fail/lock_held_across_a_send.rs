use std::sync::Mutex;
use runpod::prelude::*;

#[runpod::handler(stream)]
async fn letters(word: String, out: Emitter<char>, last: State<Mutex<char>>) {
    for letter in word.chars() {
        let mut last = last.lock().unwrap();
        *last = letter;
        let _ = out.send(*last).await;
    }
}

fn main() {}
