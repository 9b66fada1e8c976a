use anyhow::{Context, Result};
use runpod::prelude::{Value, handler};

#[handler]
async fn parse(text: Value, ctx: Context) -> Result<u32> {
    ctx.progress("parsing");
    text.to_string().parse().context("no number")
}

fn main() {}
