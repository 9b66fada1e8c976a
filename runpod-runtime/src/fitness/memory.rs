//! The memory that this worker can still use.
//!
//! The SDK compares `MemAvailable` with the minimum. In a container, that is the memory of the whole machine, and the
//! kernel kills the worker long before it has used that much. So this check also reads the limits of the control groups
//! that the process is in, of version 1 or 2.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::check::Unfit;
use crate::config::fitness::MIN_MEMORY;

/// The SDK's minimum, in GiB.
const MINIMUM: f64 = 4.0;
const GIB: f64 = 1_073_741_824.0;
/// Version 1 writes a number near 2^63 if there is no limit.
const NO_LIMIT: u64 = 1 << 60;

/// Checks the memory of the system whose files are below `root`. `minimum` is the user's minimum in GiB.
pub(super) fn check(root: &Path, minimum: Option<f64>) -> Result<String, Unfit> {
    let Some(memory) = Memory::below(root) else {
        // Other systems have no such files. The SDK's check would fail there.
        return Ok("unknown: this system has no /proc/meminfo".to_owned());
    };
    let available = gib(memory.available);
    let limit = memory.limit.map(gib);
    // No worker in a small container could fulfil the default, so there it is half of the container's memory.
    let default = limit.map_or(MINIMUM, |limit| MINIMUM.min(limit / 2.0));
    let needed = minimum.unwrap_or(default);
    let of = limit.map_or(String::new(), |limit| {
        format!(" of the container's {limit:.2} GB")
    });
    let found = format!("{available:.2} GB of available memory{of}");
    if available < needed {
        return Err(Unfit {
            found,
            expected: format!("at least {needed:.2} GB"),
            remedy: format!("{MIN_MEMORY} sets the minimum"),
        });
    }
    Ok(found)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no memory is so large that this matters"
)]
fn gib(bytes: u64) -> f64 {
    bytes as f64 / GIB
}

#[derive(Debug, PartialEq)]
struct Memory {
    available: u64,
    /// The tightest limit of the container, if there is one.
    limit: Option<u64>,
}

impl Memory {
    fn below(root: &Path) -> Option<Self> {
        let machine = read(&root.join("proc/meminfo"))?;
        let available = entry(&machine, "MemAvailable:")?.checked_mul(1024)?;
        let total = entry(&machine, "MemTotal:")
            .and_then(|kib| kib.checked_mul(1024))
            .unwrap_or(NO_LIMIT);
        let mut memory = Self {
            available,
            limit: None,
        };
        for group in groups(root) {
            // A limit above the machine's memory is none.
            let Some(limit) = group.limit().filter(|limit| *limit < total) else {
                continue;
            };
            memory.limit = Some(memory.limit.map_or(limit, |other| other.min(limit)));
            let free = limit.saturating_sub(group.used());
            memory.available = memory.available.min(free);
        }
        Some(memory)
    }
}

/// A control group's folder, and the names of its files.
struct Group {
    folder: PathBuf,
    version: &'static Version,
}

struct Version {
    /// The folder of the root group, below the system's root.
    mounted: &'static str,
    limit: &'static str,
    used: &'static str,
    /// The cache that the kernel drops if the group needs memory.
    reclaimable: &'static str,
}

const ONE: Version = Version {
    mounted: "sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    reclaimable: "total_inactive_file",
};

const TWO: Version = Version {
    mounted: "sys/fs/cgroup",
    limit: "memory.max",
    used: "memory.current",
    reclaimable: "inactive_file",
};

impl Group {
    fn limit(&self) -> Option<u64> {
        let text = read(&self.folder.join(self.version.limit))?;
        // Version 2 writes `max` if there is no limit.
        text.trim().parse().ok().filter(|limit| *limit < NO_LIMIT)
    }

    /// Returns the memory that the group uses and cannot give back.
    fn used(&self) -> u64 {
        let number = |text: String| text.trim().parse::<u64>().ok();
        let used = read(&self.folder.join(self.version.used)).and_then(number);
        let stat = read(&self.folder.join("memory.stat")).unwrap_or_default();
        let reclaimable = entry(&stat, self.version.reclaimable);
        used.unwrap_or(0).saturating_sub(reclaimable.unwrap_or(0))
    }
}

/// Returns the group of this process and the groups above it, for both versions. In a container, the path in
/// `/proc/self/cgroup` may be that of the machine, and only the root group's folder exists.
fn groups(root: &Path) -> Vec<Group> {
    let listed = read(&root.join("proc/self/cgroup")).unwrap_or_default();
    let mut groups = Vec::new();
    for line in listed.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(id), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let version = if id == "0" && controllers.is_empty() {
            &TWO
        } else if controllers.split(',').any(|name| name == "memory") {
            &ONE
        } else {
            continue;
        };
        let mounted = root.join(version.mounted);
        let inside: PathBuf = Path::new(path)
            .components()
            // A group outside the container's namespace has `..` in its path.
            .filter(|part| matches!(part, Component::Normal(_)))
            .collect();
        groups.extend(inside.ancestors().map(|path| Group {
            folder: mounted.join(path),
            version,
        }));
    }
    groups
}

fn read(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// Returns the number after a name at the start of a line.
fn entry(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some(name)).then(|| words.next()?.parse().ok())?
    })
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
