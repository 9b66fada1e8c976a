//! Turns the sources into a program that can be started: runs `cargo build`, copies the program and reads its schema.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::cargo_build::CargoBuild;
use super::dep_info;
use super::described::Described;
use super::program::{Program, RunFolder};
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
    /// The new program. `None` if it equals the previous one.
    pub(super) program: Option<Arc<Program>>,
    pub(super) described: Described,
    /// The program's source files.
    pub(super) parts: Vec<PathBuf>,
}

/// The settings of one build.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) target: Target,
    pub(super) release: bool,
    pub(super) folder: Arc<RunFolder>,
    pub(super) number: u32,
    pub(super) before: Option<Arc<Program>>,
    /// Receives the lock file that cargo builds from.
    pub(super) resolved: Arc<OnceLock<Vec<u8>>>,
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
            self.release,
            Arc::clone(&self.resolved),
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
        let executable = match built {
            Ok(Some(executable)) => executable,
            Ok(None) => return Made::Failed,
            Err(error) => return Made::Broken(format!("cannot read cargo's output: {error}")),
        };
        let kept = self.kept(executable, ended).await;
        kept.unwrap_or_else(Made::Broken)
    }

    async fn kept(self, executable: PathBuf, ended: oneshot::Receiver<()>) -> Result<Made, String> {
        let folder = self.target.worker.folder().to_owned();
        let parts = dep_info::of(&executable);
        let name = executable.display().to_string();
        let before = self.before.clone();
        let keep = move || {
            self.folder
                .keep(&executable, self.number, before.as_deref())
        };
        let program = tokio::task::spawn_blocking(keep)
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| format!("cannot copy {name}: {error}"))?
            .map(Arc::new);
        let newest = program.as_ref().or(self.before.as_ref());
        let described = match newest {
            Some(program) => Described::of(program.path(), &folder, ended).await,
            None => Described::default(),
        };
        Ok(Made::Good(Good {
            program,
            described,
            parts,
        }))
    }
}
