use runpod::prelude::*;

use std::collections::HashMap;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", tag = "task")]
enum Task {
    Greet { name: String },
    Count(HashMap<String, u32>),
}

#[derive(Deserialize)]
struct Paged<T> {
    items: Vec<T>,
}

#[runpod::handler]
fn run(task: Task) -> usize {
    match task {
        Task::Greet { name } => name.len(),
        Task::Count(words) => words.len(),
    }
}

#[runpod::handler]
fn first(page: Paged<String>) -> Option<String> {
    page.items.into_iter().next()
}

fn main() {}
