//! The settings of the built-in fitness checks. The variables and their defaults are the SDK's, except for
//! `RUNPOD_NETWORK_CHECK_ADDRESS`, which the SDK does not have.

use std::path::PathBuf;
use std::time::Duration;

use super::environment::ProcessContext;
use super::resolver::Resolver;
use super::spool_directory::SpoolDirectory;

/// The variable that skips the built-in checks of the machine.
pub(crate) const SKIP_SYSTEM: &str = "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS";
/// The variable that skips the built-in test of the GPUs' memory.
pub(crate) const SKIP_GPU: &str = "RUNPOD_SKIP_GPU_CHECK";
pub(crate) const MIN_MEMORY: &str = "RUNPOD_MIN_MEMORY_GB";
pub(crate) const MIN_DISK: &str = "RUNPOD_MIN_DISK_PERCENT";
pub(crate) const NETWORK_TIMEOUT: &str = "RUNPOD_NETWORK_CHECK_TIMEOUT";
pub(crate) const NETWORK_ADDRESS: &str = "RUNPOD_NETWORK_CHECK_ADDRESS";
pub(crate) const MIN_CUDA: &str = "RUNPOD_MIN_CUDA_VERSION";
pub(crate) const BENCHMARK_TIMEOUT: &str = "RUNPOD_GPU_BENCHMARK_TIMEOUT";
pub(crate) const GPU_TIMEOUT: &str = "RUNPOD_GPU_TEST_TIMEOUT";
pub(crate) const GPU_MESSAGES: &str = "RUNPOD_GPU_MAX_ERROR_MESSAGES";

/// A day. Longer time limits are typing errors.
const LONGEST: u64 = 24 * 60 * 60;

/// The settings of the built-in fitness checks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FitnessSettings {
    pub(crate) skips_system: bool,
    pub(crate) skips_gpu: bool,
    /// The least available memory in GiB. `None` if the user sets no minimum.
    pub(crate) min_memory_gb: Option<f64>,
    /// The least free share of the disk, in percent.
    pub(crate) min_disk_percent: f64,
    /// The directory to which the worker writes.
    pub(crate) disk: PathBuf,
    pub(crate) network_address: String,
    pub(crate) network_timeout: Duration,
    pub(crate) min_cuda_version: (u32, u32),
    pub(crate) benchmark_timeout: Duration,
    pub(crate) gpu_timeout: Duration,
    /// The maximum number of errors of GPUs in one message.
    pub(crate) gpu_messages: usize,
}

impl Resolver<'_> {
    /// Reads the settings. `spools` are the candidate directories for undelivered results.
    pub(super) fn fitness(
        &mut self,
        context: &ProcessContext,
        spools: &[SpoolDirectory],
    ) -> FitnessSettings {
        // A network volume has its own limits, and all workers share it. So it says nothing about this worker.
        let own = spools.iter().find(|spool| spool.volume.is_none());
        FitnessSettings {
            skips_system: self.is_true(SKIP_SYSTEM),
            skips_gpu: self.is_true(SKIP_GPU),
            min_memory_gb: self.number(MIN_MEMORY, "a number of gigabytes, such as 4.0", 1e9, 4.0),
            min_disk_percent: self
                .number(MIN_DISK, "a percentage from 0 to 100", 100.0, 10.0)
                .unwrap_or(10.0),
            disk: own.map_or_else(|| context.temporary.clone(), |spool| spool.path.clone()),
            network_address: self
                .value(
                    NETWORK_ADDRESS,
                    "a host and a port, such as 8.8.8.8:53",
                    "correct it, or unset it to use 8.8.8.8:53",
                    |text| {
                        let (host, port) = text.rsplit_once(':')?;
                        let fits = !host.is_empty() && port.parse::<u16>().is_ok();
                        fits.then(|| text.to_owned())
                    },
                )
                .unwrap_or_else(|| "8.8.8.8:53".to_owned()),
            network_timeout: self.seconds(NETWORK_TIMEOUT, 5),
            min_cuda_version: self
                .value(
                    MIN_CUDA,
                    "a version, such as 12.4",
                    "correct it, or unset it to use 11.8",
                    version,
                )
                .unwrap_or((11, 8)),
            benchmark_timeout: self.seconds(BENCHMARK_TIMEOUT, 2),
            gpu_timeout: self.seconds(GPU_TIMEOUT, 30),
            gpu_messages: self
                .value(
                    GPU_MESSAGES,
                    "a whole number, 1 or greater",
                    "correct it, or unset it to use 10",
                    |text| text.parse().ok().filter(|messages| *messages > 0),
                )
                .unwrap_or(10),
        }
    }

    /// Returns whether the variable is `true`, in any case. The SDK ignores all other values.
    fn is_true(&self, variable: &str) -> bool {
        self.environment
            .get(variable)
            .is_some_and(|text| text.trim().eq_ignore_ascii_case("true"))
    }

    fn number(&mut self, variable: &str, expected: &str, most: f64, default: f64) -> Option<f64> {
        let remedy = format!("correct it, or unset it to use {default}");
        self.value(variable, expected, &remedy, |text| {
            text.parse().ok().filter(|it| (0.0..=most).contains(it))
        })
    }

    fn seconds(&mut self, variable: &str, default: u64) -> Duration {
        let remedy = format!("correct it, or unset it to use {default}");
        let expected = format!("a whole number of seconds from 1 to {LONGEST}");
        let seconds = self.value(variable, &expected, &remedy, |text| {
            text.parse().ok().filter(|it| (1..=LONGEST).contains(it))
        });
        Duration::from_secs(seconds.unwrap_or(default))
    }
}

/// Parses a version such as `12.4` or `12`. Like the SDK, it accepts text around the version.
fn version(text: &str) -> Option<(u32, u32)> {
    let start = text.find(|it: char| it.is_ascii_digit())?;
    let mut parts = text[start..].splitn(3, '.');
    let major = parts.next()?.trim().parse().ok()?;
    let Some(minor) = parts.next() else {
        return Some((major, 0));
    };
    let end = minor.find(|it: char| !it.is_ascii_digit());
    let minor = minor[..end.unwrap_or(minor.len())].parse().ok()?;
    Some((major, minor))
}

#[cfg(test)]
#[path = "fitness_tests.rs"]
mod tests;
