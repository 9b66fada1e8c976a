//! Turns the sources into a program that can be started: runs cargo, copies the program and reads the worker's schema.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::cargo_build::{Built, CargoBuild, Progress};
use super::cargo_run::CargoRun;
use super::dep_info;
use super::described::Described;
use super::env_file::Variables;
use super::profile::Profile;
use super::program::{Kept, Program, RunFolder};
use super::target::Target;

/// A build in progress.
#[derive(Debug)]
pub(super) struct Making {
    task: JoinHandle<Made>,
    end: oneshot::Sender<()>,
    pub(super) began: SystemTime,
}

#[derive(Debug)]
pub(super) enum Made {
    Good(Good),
    /// The build failed. Cargo has printed why.
    Failed,
    /// The build could not be carried out, for this reason.
    Broken(String),
    /// The build was stopped.
    Ended,
}

#[derive(Debug)]
pub(super) struct Good {
    pub(super) kept: Arc<Kept>,
    pub(super) run: CargoRun,
    pub(super) described: Described,
    /// The program's source files.
    pub(super) parts: Vec<PathBuf>,
}

/// The settings of one build.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) target: Target,
    pub(super) profile: Profile,
    /// The variables of `--env-file`.
    pub(super) variables: Arc<Variables>,
    pub(super) folder: Arc<RunFolder>,
    pub(super) number: u32,
    /// The copy of the last successful build.
    pub(super) before: Option<Arc<Kept>>,
    pub(super) progress: Arc<Progress>,
}

impl Making {
    pub(super) fn start(plan: Plan) -> Self {
        let (end, ended) = oneshot::channel();
        Self {
            began: SystemTime::now(),
            task: tokio::spawn(plan.make(ended)),
            end,
        }
    }

    /// Waits for the result. This method is cancel safe.
    pub(super) async fn made(&mut self) -> Made {
        match (&mut self.task).await {
            Ok(made) => made,
            Err(error) => Made::Broken(error.to_string()),
        }
    }

    /// Stops the build. Afterwards no process of it is left.
    pub(super) async fn end(mut self) {
        // Sending fails if the build has just finished.
        let _ = self.end.send(());
        let _ = (&mut self.task).await;
    }
}

impl Plan {
    async fn make(self, mut ended: oneshot::Receiver<()>) -> Made {
        let mut cargo = match CargoBuild::start(
            &self.target.worker,
            &self.profile,
            Arc::clone(&self.progress),
        )
        .await
        {
            Ok(cargo) => cargo,
            Err(error) => return Made::Broken(format!("cannot start cargo: {error}")),
        };
        let built = tokio::select! {
            built = cargo.ended() => built,
            _ = &mut ended => {
                cargo.end().await;
                return Made::Ended;
            }
        };
        let built = match built {
            Ok(Some(built)) => built,
            Ok(None) => return Made::Failed,
            Err(error) => return Made::Broken(format!("cannot read cargo's output: {error}")),
        };
        let kept = self.kept(built, ended).await;
        kept.unwrap_or_else(Made::Broken)
    }

    async fn kept(
        self,
        Built { executable, run }: Built,
        ended: oneshot::Receiver<()>,
    ) -> Result<Made, String> {
        let Self {
            target,
            variables,
            folder,
            number,
            before,
            ..
        } = self;
        let parts = dep_info::of(&executable);
        let name = executable.display().to_string();
        let keep = move || folder.keep(&executable, number, before.as_ref());
        let kept = tokio::task::spawn_blocking(keep)
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| format!("cannot copy {name}: {error}"))?;
        let program = Program {
            kept: Arc::clone(&kept),
            run: run.with(&variables),
        };
        let described = Described::of(&program, target.worker.folder(), ended).await;
        Ok(Made::Good(Good {
            kept,
            run,
            described,
            parts,
        }))
    }
}
