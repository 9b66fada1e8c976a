use runpod::prelude::*;

use std::pin::Pin;

#[runpod::handler(stream)]
fn plain(to: u32) -> impl Stream<Item = u32> {
    stream! {
        for number in 0..to {
            yield number;
        }
    }
}

#[runpod::handler(stream)]
fn fallible(text: String) -> impl Stream<Item = anyhow::Result<u32>> {
    try_stream! {
        for word in text.split(' ') {
            yield word.parse::<u32>()?;
        }
    }
}

#[runpod::handler(stream)]
async fn after_an_await(to: u32) -> impl Stream<Item = u32> {
    tokio::task::yield_now().await;
    plain(to)
}

#[runpod::handler(stream)]
async fn in_a_result(to: u32) -> Result<impl Stream<Item = u32>, String> {
    if to == 0 { Err("nothing".to_owned()) } else { Ok(plain(to)) }
}

#[runpod::handler(stream)]
fn boxed(to: u32) -> Pin<Box<dyn Stream<Item = u32> + Send>> {
    Box::pin(plain(to))
}

#[runpod::handler(stream)]
async fn awaits_in_between(to: u32) -> impl Stream<Item = Result<u32, String>> {
    try_stream! {
        for number in 0..to {
            tokio::task::yield_now().await;
            yield number;
        }
    }
}

fn main() {}
