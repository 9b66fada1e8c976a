use runpod::prelude::*;

use std::cell::RefCell;

#[runpod::handler]
async fn count(seen: State<RefCell<u32>>) -> u32 {
    *seen.borrow()
}

fn main() {}
