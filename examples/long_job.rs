//! A job of hours: it tells how far it is, ends soon when it is cancelled, and goes on where it was when it comes back.
//!
//! ```sh
//! CHECKPOINTS=target/checkpoints cargo run --example long_job -- --test_input '{"input": {"run": "a", "steps": 100}}'
//! ```

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;
use std::{env, error, fs, io, thread};

use runpod::prelude::*;
use runpod::serde_json;

#[derive(Deserialize)]
struct Training {
    /// What to go on with: chosen by the client, since a job that is submitted again has another id.
    run: String,
    steps: u64,
    /// In place of the time that a step takes.
    #[serde(default)]
    pause_ms: u64,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
struct Progress {
    step: u64,
    loss: f64,
}

#[derive(Serialize)]
struct Trained {
    resumed_from: u64,
    steps: u64,
    loss: f64,
}

/// On a network volume, so that it is there for whichever worker gets the job next.
struct Checkpoints(PathBuf);

#[runpod::main]
fn main() -> io::Result<Checkpoints> {
    let folder = env::var_os("CHECKPOINTS").unwrap_or_else(|| "/runpod-volume/checkpoints".into());
    fs::create_dir_all(&folder)?;
    Ok(Checkpoints(folder.into()))
}

impl Checkpoints {
    fn of(&self, run: &str) -> Result<PathBuf, String> {
        // It comes from a client, and becomes part of a path.
        let is_plain = |char: char| char.is_ascii_alphanumeric() || char == '-';
        if run.is_empty() || !run.chars().all(is_plain) {
            return Err(format!(
                "input.run: found {run:?}; expected letters, digits and `-`"
            ));
        }
        Ok(self.0.join(run).with_extension("json"))
    }
}

fn load(file: &PathBuf) -> io::Result<Option<Progress>> {
    match fs::read(file) {
        Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A worker that is killed while it writes leaves the checkpoint before this one.
fn save(file: &PathBuf, progress: Progress) -> io::Result<()> {
    let new = file.with_extension("new");
    fs::write(&new, serde_json::to_vec(&progress)?)?;
    fs::rename(new, file)
}

#[runpod::handler]
fn train(
    job: Training,
    ctx: JobContext,
    checkpoints: State<Checkpoints>,
) -> Result<Trained, Box<dyn error::Error + Send + Sync>> {
    let file = checkpoints.of(&job.run)?;
    let mut now = load(&file)?.unwrap_or(Progress { step: 0, loss: 1.0 });
    let resumed_from = now.step;
    while now.step < job.steps {
        if ctx.is_cancelled() {
            save(&file, now)?;
            return Err(format!("cancelled after step {}", now.step).into());
        }
        thread::sleep(Duration::from_millis(job.pause_ms));
        now = Progress {
            step: now.step + 1,
            loss: now.loss * 0.99,
        };
        ctx.progress(json!({ "step": now.step, "of": job.steps, "loss": now.loss }));
        if now.step.is_multiple_of(10) {
            save(&file, now)?;
        }
    }
    save(&file, now)?;
    Ok(Trained {
        resumed_from,
        steps: now.step,
        loss: now.loss,
    })
}
