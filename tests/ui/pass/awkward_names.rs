use runpod::prelude::*;

#[runpod::handler]
async fn r#type(call: String) -> String {
    call
}

#[runpod::handler]
fn handler(it: u8) -> u8 {
    it
}

#[runpod::handler(stream)]
fn stream_(__rp: u8, item: JobContext) -> impl Iterator<Item = u8> {
    item.progress(__rp);
    0..__rp
}

#[runpod::handler]
fn unused(_input: u8, _: JobContext, r#match: JobContext) -> u8 {
    r#match.progress(0);
    0
}

#[runpod::handler]
fn argument_1(argument_1: u8, _: JobContext) -> u8 {
    argument_1
}

fn main() {}
