//! Hooks: functions that check the worker before it takes jobs, and a function that runs after the last job.
//!
//! ```sh
//! cargo run --example checked -- --check
//! cargo run --example checked -- --test_input '{"input": {"text": "to be or not"}}'
//! ```

use std::collections::HashSet;
use std::env;
use std::io;

use runpod::prelude::*;

struct Model {
    words: HashSet<String>,
}

/// Runs before `main`: without a place for temporary files, loading the model would fail after minutes.
#[runpod::fitness_check]
fn temporary_files_can_be_written() -> io::Result<()> {
    let file = env::temp_dir().join(format!("fitness-check-{}", std::process::id()));
    std::fs::write(&file, "a test")?;
    std::fs::remove_file(file)
}

/// Loads the model. The variable stands for a file with weights.
#[runpod::main]
fn main() -> Result<Model, String> {
    let words = env::var("MODEL_WORDS").unwrap_or_else(|_| "to be or not".to_owned());
    if words.chars().any(|letter| letter.is_ascii_digit()) {
        return Err("the model's file is damaged".to_owned());
    }
    let words = words.split_whitespace().map(str::to_owned).collect();
    Ok(Model { words })
}

/// Runs after `main`: a first prediction shows whether the model works on this machine.
#[runpod::fitness_check(name = "first prediction", timeout_s = 120)]
fn predicts(model: State<Model>) -> Result<(), String> {
    if model.words.is_empty() {
        return Err("the model knows no word".to_owned());
    }
    Ok(())
}

#[derive(Deserialize)]
struct Request {
    text: String,
}

#[runpod::handler]
async fn known_words(request: Request, model: State<Model>) -> usize {
    let words = request.text.split_whitespace();
    words.filter(|word| model.words.contains(*word)).count()
}

#[runpod::on_shutdown]
fn goodbye() {
    println!("goodbye");
}

/// Runs before `goodbye`, because shutdown hooks run in reverse order.
#[runpod::on_shutdown(timeout_s = 5)]
fn unload(model: State<Model>) {
    println!("unloading {} words", model.words.len());
}
