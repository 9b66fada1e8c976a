//! The driver of an NVIDIA GPU.

use std::fs;

use super::finding::Finding;
use super::programs::{Answer, ask, line};

pub(super) async fn driver() -> Finding {
    let subject = "GPU";
    let query = ["--query-gpu=name,driver_version", "--format=csv,noheader"];
    let smi = ask("nvidia-smi", &query, "").await;
    let kernel = fs::read_to_string("/proc/driver/nvidia/version").ok();
    match (&smi, kernel) {
        (Answer::Said(text), _) if !text.trim().is_empty() => {
            let gpus: Vec<_> = text.lines().map(line).collect();
            Finding::ok(subject, gpus.join("; "))
        }
        (Answer::Missing, Some(version)) => Finding::ok(
            subject,
            format!(
                "the driver is loaded: {}",
                line(version.lines().next().unwrap_or_default())
            ),
        ),
        (Answer::Missing, None) => Finding::warning(
            subject,
            "no driver of an NVIDIA GPU; workers that need a GPU build here, but cannot run",
            "nothing to repair if this machine has no GPU; otherwise install NVIDIA's driver",
        ),
        (Answer::Said(_), _) => Finding::warning(
            subject,
            "`nvidia-smi` lists no GPU",
            "check that the GPU is passed to this machine or container (`docker run --gpus all`)",
        ),
        (other, _) => Finding::problem(
            subject,
            other.told("nvidia-smi"),
            "restart the machine after a driver update; otherwise install the driver again",
        ),
    }
}
