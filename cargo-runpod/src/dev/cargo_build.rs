//! `cargo build`, as a process that can be ended at any time.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use cargo_metadata::{Message, TargetKind};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

use super::BuildFlags;
use super::group::Group;
use super::target::{Kind, Target};

#[derive(Debug)]
pub(super) struct CargoBuild {
    cargo: Group,
    messages: Lines<BufReader<ChildStdout>>,
    name: String,
    kind: TargetKind,
    executable: Option<PathBuf>,
}

impl CargoBuild {
    /// What cargo and rustc have to say goes to the terminal as it comes, in their own colours.
    pub(super) async fn start(target: &Target, flags: &BuildFlags) -> io::Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .args(["build", "--message-format=json-render-diagnostics"])
            .arg("--manifest-path")
            .arg(&target.manifest)
            .args([target.kind.flag(), target.name.as_str()])
            .args(flags.release.then_some("--release"))
            .args(flags.all_features.then_some("--all-features"))
            .args(flags.no_default_features.then_some("--no-default-features"))
            .args(flags.features.iter().flat_map(|it| ["--features", it]))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut cargo = Group::spawn(&mut command).await?;
        let out = cargo.child().stdout.take();
        let out = out.ok_or_else(|| io::Error::other("its output is no pipe"))?;
        Ok(Self {
            cargo,
            messages: BufReader::new(out).lines(),
            name: target.name.clone(),
            kind: match target.kind {
                Kind::Bin => TargetKind::Bin,
                Kind::Example => TargetKind::Example,
            },
            executable: None,
        })
    }

    /// The program, or none where it does not build.
    ///
    /// Nothing is lost by dropping the future.
    pub(super) async fn ended(&mut self) -> io::Result<Option<PathBuf>> {
        while let Some(line) = self.messages.next_line().await? {
            // A build script or a wrapper may print something else.
            let Ok(Message::CompilerArtifact(built)) = serde_json::from_str(&line) else {
                continue;
            };
            if built.target.name == self.name && built.target.is_kind(self.kind.clone()) {
                self.executable = built.executable.map(Into::into);
            }
        }
        let status = self.cargo.ended().await?;
        Ok(self.executable.take().filter(|_| status.success()))
    }

    /// Ends cargo, and the compilers that it has started.
    pub(super) async fn end(mut self) {
        self.cargo.terminate_all();
        // What does not end of itself is killed when cargo has ended.
        let _ = self.cargo.ended().await;
    }
}
