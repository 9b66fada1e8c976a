//! The checks of NVIDIA GPUs (feature `gpu`).
//!
//! Whether there is a GPU is read from the device files, because asking a broken driver can take forever. The checks
//! themselves run with time limits.

#[cfg(feature = "gpu")]
mod cuda;
#[cfg(feature = "gpu")]
mod driver;
mod presence;

use std::path::Path;

use super::check::Check;
use crate::config::fitness::{FitnessSettings, SKIP_GPU};
use presence::Presence;

/// The SDK's name for the test of the GPUs' memory.
const HEALTH: &str = "_gpu_health_check";

/// The checks of the GPUs, in two parts, because the SDK runs other checks between them.
#[derive(Default)]
pub(super) struct GpuChecks {
    pub(super) health: Option<Check>,
    /// `RUNPOD_SKIP_AUTO_SYSTEM_CHECKS` skips them.
    pub(super) cuda: Vec<Check>,
}

/// Returns the checks for the machine whose files are below `root`.
pub(super) fn checks(settings: &FitnessSettings, root: &Path) -> GpuChecks {
    match Presence::below(root) {
        Presence::Nothing => GpuChecks::default(),
        Presence::DriverOnly => GpuChecks {
            health: Some(Check::skipped(
                HEALTH,
                "the machine has an NVIDIA driver, but this container has no GPU",
            )),
            ..GpuChecks::default()
        },
        Presence::Gpu(device) => {
            let mut checks = of_gpu(settings, &device);
            if settings.skips_gpu {
                checks.health = Some(Check::skipped(HEALTH, format!("{SKIP_GPU} is true")));
            }
            checks
        }
    }
}

#[cfg(feature = "gpu")]
fn of_gpu(settings: &FitnessSettings, device: &str) -> GpuChecks {
    use std::sync::Arc;

    use crate::config::fitness::GPU_TIMEOUT;

    // The GPUs do one thing at a time, so that no check's time contains another check.
    let turn = Arc::default();
    let check = |name, check: Box<dyn FnOnce() -> Result<String, _> + Send>| {
        Check::blocking(name, settings.gpu_timeout, Some(GPU_TIMEOUT), check).in_turn(&turn)
    };
    let (device, messages) = (device.to_owned(), settings.gpu_messages);
    let (oldest, longest) = (settings.min_cuda_version, settings.benchmark_timeout);
    GpuChecks {
        health: Some(check(
            HEALTH,
            Box::new(move || driver::open(&device)?.health(messages)),
        )),
        cuda: vec![
            check("_cuda_version_check", {
                Box::new(move || driver::version(oldest))
            }),
            check("_cuda_init_check", Box::new(cuda::initialise)),
            check("_benchmark_check", Box::new(move || cuda::compute(longest))),
        ],
    }
}

/// Without the feature, the GPU is not checked.
#[cfg(not(feature = "gpu"))]
fn of_gpu(settings: &FitnessSettings, device: &str) -> GpuChecks {
    let why = format!(
        "this program was built without the feature `gpu` of runpod-worker, so the GPU {device} is not checked"
    );
    if !settings.skips_gpu {
        tracing::info!("{why}");
    }
    GpuChecks {
        health: Some(Check::skipped(HEALTH, why)),
        ..GpuChecks::default()
    }
}
