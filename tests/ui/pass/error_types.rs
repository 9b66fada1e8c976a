use std::error::Error;
use std::fmt;

#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl Error for Refused {}

#[runpod::handler]
fn own() -> Result<(), Refused> {
    Err(Refused)
}

#[runpod::handler]
fn boxed() -> Result<u8, Box<dyn Error + Send + Sync>> {
    Err(Refused.into())
}

#[runpod::handler]
fn text() -> Result<u8, String> {
    Err("refused".to_owned())
}

#[runpod::handler]
fn literal() -> Result<u8, &'static str> {
    Err("refused")
}

#[runpod::handler]
async fn anyhow() -> Result<u8, anyhow::Error> {
    Err(Refused.into())
}

fn main() {}
