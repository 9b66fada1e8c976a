use runpod::prelude::*;

use std::rc::Rc;

#[runpod::handler(stream)]
fn count(to: u32) -> impl Stream<Item = u32> {
    let to = Rc::new(to);
    stream! {
        for number in 0..*to {
            yield number;
        }
    }
}

fn main() {}
