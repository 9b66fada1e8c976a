#![deny(nonstandard_style)]
#![allow(non_snake_case)]

#[runpod::handler]
async fn add_it(input: u8) -> u8 {
    input + 1
}

#[runpod::handler]
async fn ADD_IT(input: u8) -> u8 {
    input + 2
}

#[runpod::handler]
async fn Add_it(input: u8) -> u8 {
    input + 3
}

fn main() {}
