//! The free space of the disk to which the worker writes.

use std::path::Path;

use super::check::Unfit;
use crate::config::fitness::MIN_DISK;

/// Checks the disk that holds `directory`, which need not exist yet. `minimum` is in percent.
#[cfg(unix)]
pub(super) fn check(directory: &Path, minimum: f64) -> Result<String, Unfit> {
    // An empty path is the last ancestor of a relative one.
    let existing = directory.ancestors().find(|path| path.exists());
    let existing = existing.unwrap_or_else(|| Path::new("."));
    let remedy = format!("{MIN_DISK} sets the minimum");
    let expected = format!("at least {minimum} % free");
    let disk = match rustix::fs::statvfs(existing) {
        Ok(disk) => disk,
        Err(error) => {
            return Err(Unfit {
                found: format!(
                    "no answer about the disk of {} ({error})",
                    existing.display()
                ),
                expected,
                remedy,
            });
        }
    };
    judge(
        existing,
        disk.f_bavail,
        disk.f_blocks,
        disk.f_frsize,
        minimum,
    )
    .map_err(|found| Unfit {
        found,
        expected,
        remedy,
    })
}

/// Systems without `statvfs` are not checked.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the version for Unix can fail")]
pub(super) fn check(_directory: &Path, _minimum: f64) -> Result<String, Unfit> {
    let _ = MIN_DISK;
    Ok("unknown on this system".to_owned())
}

/// Compares the free blocks of a disk with the minimum. Like in the SDK, blocks that are reserved for root are not
/// free.
#[cfg(unix)]
#[expect(
    clippy::cast_precision_loss,
    reason = "no disk is so large that this matters"
)]
fn judge(at: &Path, free: u64, all: u64, block: u64, minimum: f64) -> Result<String, String> {
    // A file system without blocks, such as an overlay of a read-only image, has no limit to check.
    if all == 0 {
        return Ok(format!("the disk of {} has no size", at.display()));
    }
    let percent = 100.0 * free as f64 / all as f64;
    let gigabytes = free as f64 * block as f64 / 1_073_741_824.0;
    let found = format!(
        "{gigabytes:.2} GB free ({percent:.1} %) on the disk of {}",
        at.display()
    );
    if percent < minimum {
        Err(found)
    } else {
        Ok(found)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_disk_with_a_smaller_free_share_than_the_minimum_is_refused() {
        let at = Path::new("/tmp");
        let block = 1 << 30;
        assert_eq!(
            judge(at, 10, 100, block, 10.0).unwrap(),
            "10.00 GB free (10.0 %) on the disk of /tmp"
        );
        let found = judge(at, 9, 100, block, 10.0).unwrap_err();
        assert_eq!(found, "9.00 GB free (9.0 %) on the disk of /tmp");
        assert!(judge(at, 0, 0, block, 10.0).is_ok());
        assert!(judge(at, 0, 100, block, 0.0).is_ok());
    }

    #[test]
    fn the_disk_of_a_directory_that_does_not_exist_yet_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let found = check(&folder.path().join("spool/new"), 0.0).unwrap();
        assert!(
            found.ends_with(&folder.path().display().to_string()),
            "{found}"
        );
        assert!(
            check(Path::new("not/there"), 0.0)
                .unwrap()
                .ends_with("the disk of .")
        );
        // No disk is completely free.
        let unfit = check(folder.path(), 100.0).unwrap_err().to_string();
        assert!(
            unfit.contains(", expected at least 100 % free; RUNPOD_MIN_DISK_PERCENT "),
            "{unfit}"
        );
    }
}
