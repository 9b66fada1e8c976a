use runpod::prelude::*;

use std::{error, fmt};

#[derive(Debug, Serialize)]
enum Fault {
    Empty,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("empty")
    }
}

impl error::Error for Fault {}

#[runpod::handler]
async fn check(text: String) -> Result<usize, Fault> {
    if text.is_empty() { Err(Fault::Empty) } else { Ok(text.len()) }
}

fn main() {}
