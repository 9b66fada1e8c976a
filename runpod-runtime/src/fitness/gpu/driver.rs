//! Asks NVML, the library of NVIDIA's driver, which is loaded at run time.

use std::ffi::OsStr;

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{cuda_driver_version_major, cuda_driver_version_minor};

use super::cuda;
use crate::config::fitness::{MIN_CUDA, SKIP_GPU};
use crate::fitness::check::Unfit;

/// The name of the library in a container. The name without a version exists only if the driver was installed for
/// developers.
const LIBRARY: &str = "libnvidia-ml.so.1";

/// The driver, with at least one GPU.
pub(super) struct Driver {
    nvml: Nvml,
    gpus: u32,
}

/// Opens the driver of the GPU with this device file.
pub(super) fn open(device: &str) -> Result<Driver, Unfit> {
    let nvml = load().map_err(|error| Unfit {
        found: format!("the GPU {device}, but no working driver ({error})"),
        expected: "a driver that NVML can open".to_owned(),
        remedy: format!(
            "start the container with the NVIDIA runtime, or set {SKIP_GPU}=true to use the worker without this check"
        ),
    })?;
    match nvml.device_count() {
        Ok(0) => Err(no_gpu(device, "the driver lists none")),
        Ok(gpus) => Ok(Driver { nvml, gpus }),
        Err(error) => Err(no_gpu(device, &error.to_string())),
    }
}

fn no_gpu(device: &str, why: &str) -> Unfit {
    Unfit {
        found: format!("the device file {device}, but no GPU behind it ({why})"),
        expected: "at least one GPU".to_owned(),
        remedy: format!("use another machine, or set {SKIP_GPU}=true"),
    }
}

fn load() -> Result<Nvml, NvmlError> {
    Nvml::builder()
        .lib_path(OsStr::new(LIBRARY))
        .init()
        .or_else(|_| Nvml::init())
}

impl Driver {
    /// Tests the memory of every GPU that CUDA can use. `messages` limits the errors in the result.
    pub(super) fn health(&self, messages: usize) -> Result<String, Unfit> {
        let gpus = cuda::count()?;
        if gpus == 0 {
            return Err(self.unusable());
        }
        let (mut healthy, mut broken) = (Vec::new(), Vec::new());
        for ordinal in 0..gpus {
            match cuda::test_memory(ordinal) {
                Ok(name) => healthy.push(name),
                Err(error) => broken.push(format!("GPU {ordinal}: {error}")),
            }
        }
        if broken.is_empty() {
            return Ok(format!("{gpus} healthy: {}", healthy.join(", ")));
        }
        let shown = broken.len().min(messages);
        Err(Unfit {
            found: format!(
                "{} of {gpus} GPUs with broken memory ({})",
                broken.len(),
                broken[..shown].join("; ")
            ),
            expected: "memory that can be allocated, written and read".to_owned(),
            remedy: format!("use another machine, or set {SKIP_GPU}=true"),
        })
    }

    /// Explains why CUDA can use none of the driver's GPUs.
    fn unusable(&self) -> Unfit {
        let with_mig = (0..self.gpus).any(|index| {
            let mode = self
                .nvml
                .device_by_index(index)
                .and_then(|gpu| gpu.mig_mode());
            mode.is_ok_and(|mode| mode.current == 1)
        });
        let (why, remedy) = if with_mig {
            (
                "MIG is on, and this container has no MIG instance",
                "give the container a MIG instance (`--gpus device=…`), or turn MIG off",
            )
        } else {
            (
                "CUDA sees none of them",
                "check CUDA_VISIBLE_DEVICES and NVIDIA_VISIBLE_DEVICES",
            )
        };
        Unfit {
            found: format!("{} GPUs, none of them usable: {why}", self.gpus),
            expected: "at least one usable GPU".to_owned(),
            remedy: format!("{remedy}, or set {SKIP_GPU}=true"),
        }
    }
}

/// Checks the version of CUDA that the driver supports.
pub(super) fn version(oldest: (u32, u32)) -> Result<String, Unfit> {
    match load().and_then(|nvml| nvml.sys_cuda_driver_version()) {
        Ok(version) => {
            let part = |number: i32| u32::try_from(number).unwrap_or(0);
            judge(
                (
                    part(cuda_driver_version_major(version)),
                    part(cuda_driver_version_minor(version)),
                ),
                oldest,
            )
        }
        // Like in the SDK, an unknown version is no failure.
        Err(error) => Ok(format!("unknown: the driver does not tell it ({error})")),
    }
}

fn judge(found: (u32, u32), oldest: (u32, u32)) -> Result<String, Unfit> {
    let text = format!("CUDA {}.{}", found.0, found.1);
    if found >= oldest {
        return Ok(text);
    }
    Err(Unfit {
        found: format!("a driver for {text}"),
        expected: format!("{}.{} or newer", oldest.0, oldest.1),
        remedy: format!(
            "choose machines with a newer CUDA version for the endpoint; {MIN_CUDA} sets the minimum"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(judge((12, 10), (12, 9)).unwrap(), "CUDA 12.10");
        assert!(judge((12, 9), (12, 9)).is_ok());
        let unfit = judge((9, 9), (11, 8)).unwrap_err().to_string();
        assert_eq!(
            unfit,
            "found a driver for CUDA 9.9, expected 11.8 or newer; choose machines with a newer CUDA version for the \
             endpoint; RUNPOD_MIN_CUDA_VERSION sets the minimum"
        );
    }

    #[test]
    fn a_gpu_without_a_driver_is_a_failure_that_says_so() {
        if std::path::Path::new("/proc/driver/nvidia/version").exists() {
            return;
        }
        let unfit = open("/dev/nvidia0").err().map(|unfit| unfit.to_string());
        let unfit = unfit.unwrap_or_default();
        assert!(
            unfit.starts_with("found the GPU /dev/nvidia0, but no working driver ("),
            "{unfit}"
        );
        assert!(unfit.contains("RUNPOD_SKIP_GPU_CHECK=true"), "{unfit}");
        assert!(version((11, 8)).unwrap().starts_with("unknown: "));
    }
}
