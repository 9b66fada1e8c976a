//! The built-in checks, with the SDK's names and in its order.

use std::path::Path;
use std::time::Duration;

use super::check::Check;
use super::{disk, gpu, memory, network};
use crate::config::fitness::{FitnessSettings, NETWORK_TIMEOUT, SKIP_SYSTEM};

/// The time limit of checks that only ask the system. A disk that hangs takes longer.
const SYSTEM: Duration = Duration::from_secs(10);

/// Returns the built-in checks for this machine.
pub(crate) fn built_in(settings: &FitnessSettings) -> Vec<Check> {
    let root = Path::new("/");
    let mut gpus = gpu::checks(settings, root);
    let mut checks: Vec<_> = gpus.health.take().into_iter().collect();
    if settings.skips_system {
        let why = format!("{SKIP_SYSTEM} is true");
        checks.push(Check::skipped("built-in checks", why));
        return checks;
    }
    let minimum = settings.min_memory_gb;
    checks.push(Check::blocking("_memory_check", SYSTEM, None, move || {
        memory::check(root, minimum)
    }));
    let (directory, minimum) = (settings.disk.clone(), settings.min_disk_percent);
    checks.push(Check::blocking("_disk_check", SYSTEM, None, move || {
        disk::check(&directory, minimum)
    }));
    checks.push(Check::future(
        "_network_check",
        settings.network_timeout,
        Some(NETWORK_TIMEOUT),
        network::check(settings.network_address.clone()),
    ));
    checks.extend(gpus.cuda);
    checks
}
