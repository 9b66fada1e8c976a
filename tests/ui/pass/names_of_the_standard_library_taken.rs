#![allow(dead_code, non_camel_case_types)]

use runpod::{handler, State};

struct Option;
struct Result;
struct Vec;
struct Ok;
struct Some;
struct Box;
struct Function;
struct Registration;
struct FromJob;
mod core {}
mod std {}

#[handler]
async fn greet(name: ::std::string::String, state: State<Option>) -> ::std::string::String {
    let Option = *state;
    name
}

fn main() {}
