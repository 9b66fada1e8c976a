use std::future::{Ready, ready};

#[runpod::main]
async fn main() -> Result<Ready<u32>, std::io::Error> {
    Ok(ready(7))
}
