use runpod::prelude::*;

use std::sync::Mutex;

#[runpod::handler(stream)]
fn count(to: u32, start: State<Mutex<u32>>) -> impl Stream<Item = u32> {
    stream! {
        let start = start.lock().unwrap();
        for number in *start..to {
            yield number;
        }
    }
}

fn main() {}
