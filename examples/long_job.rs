//! A job that runs for hours: it reports progress, stops soon after it is cancelled, and resumes from its last
//! checkpoint.
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
    /// The name of the run to resume. The client chooses it, because a resubmitted job has a new id.
    run: String,
    steps: u64,
    /// Simulates the time that a step takes.
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

/// A folder on a network volume, so that any worker can resume the job.
struct Checkpoints(PathBuf);

#[runpod::main]
fn main() -> io::Result<Checkpoints> {
    let folder = env::var_os("CHECKPOINTS").unwrap_or_else(|| "/runpod-volume/checkpoints".into());
    fs::create_dir_all(&folder)?;
    Ok(Checkpoints(folder.into()))
}

impl Checkpoints {
    fn of(&self, run: &str) -> Result<PathBuf, String> {
        // The name comes from a client and becomes part of a path.
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

/// If the worker is killed during the write, the previous checkpoint stays intact.
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
