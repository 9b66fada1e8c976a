use std::cell::RefCell;

#[runpod::main]
async fn main() -> RefCell<u32> {
    RefCell::new(0)
}
