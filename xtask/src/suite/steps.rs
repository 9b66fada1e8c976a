//! The steps before the parts. The last screen shows a failed step like a failed part.

use std::path::PathBuf;
use std::time::Instant;

use super::extent::Extent;
use super::part::{Ended, Part};
use crate::check;
use crate::step::Failure;
use crate::workspace::Workspace;

/// The steps before the parts, with their output on the terminal.
#[derive(Debug, Default)]
pub(super) struct Steps(pub(super) Vec<Ended>);

impl Steps {
    /// Runs a step. Returns `None` if the step failed. The last screen shows the step in either case.
    pub(super) fn take<T>(
        &mut self,
        name: &str,
        again: &str,
        step: impl FnOnce() -> Result<T, Failure>,
    ) -> Option<T> {
        let begun = Instant::now();
        let done = self.need(name, again, step)?;
        self.0.push(Ended::step(name, again, begun.elapsed()));
        Some(done)
    }

    /// Runs a step that the last screen shows only if it failed.
    pub(super) fn need<T>(
        &mut self,
        name: &str,
        again: &str,
        step: impl FnOnce() -> Result<T, Failure>,
    ) -> Option<T> {
        let begun = Instant::now();
        step()
            .map_err(|why| {
                eprintln!("\nxtask: {name}: {why}");
                let failed = Ended::not_run(name, again, begun.elapsed(), &why);
                self.0.push(failed);
            })
            .ok()
    }

    pub(super) fn checks(
        &mut self,
        workspace: &Workspace,
        itself: Option<PathBuf>,
        extent: Extent,
    ) -> Vec<Part> {
        let parts = itself.and_then(|itself| {
            self.need("checks", "cargo xtask check", || {
                check::parts(workspace, &itself, extent)
            })
        });
        parts.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Steps;
    use crate::step::Failure;

    #[test]
    fn a_step_that_fails_is_on_the_last_screen_and_the_next_one_is_taken() {
        let mut steps = Steps::default();
        let failed = steps.take("build", "cargo build", || {
            Err::<(), _>(Failure::new("no compiler"))
        });
        assert_eq!(failed, None);
        assert_eq!(steps.take("setup", "cargo xtask setup", || Ok(1)), Some(1));
        let [build, setup] = &steps.0[..] else {
            panic!("{steps:?}");
        };
        assert_eq!(build.fault.as_deref(), Some("no compiler"));
        assert_eq!(build.again, "cargo build");
        assert!(setup.is_well());
    }
}
