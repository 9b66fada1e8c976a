use runpod::prelude::*;

use std::io;

#[runpod::main]
pub(crate) fn main() -> io::Result<Vec<String>> {
    let here = std::env::current_dir()?;
    Ok(vec![here.display().to_string()])
}

#[runpod::handler]
async fn list(folders: State<Vec<String>>) -> usize {
    folders.len()
}
