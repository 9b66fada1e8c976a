use runpod::prelude::*;

use std::sync::{Arc, Mutex, RwLock};

trait Model: Send + Sync {}

#[runpod::handler]
fn shared(count: State<Mutex<u32>>, text: State<Arc<str>>, model: State<Box<dyn Model>>, list: State<RwLock<Vec<u8>>>) -> u32 {
    let _ = (text, model, list);
    *count.lock().unwrap()
}

fn main() {}
