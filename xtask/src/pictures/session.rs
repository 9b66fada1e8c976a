//! Plays the session that is recorded: two terminals in tmux, and commands that are typed at a steady pace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, iter};

use crate::step::{self, Failure};
use crate::workspace::Workspace;

const COLUMNS: &str = "90";
const ROWS: &str = "32";
/// The rows of the second terminal.
const LOWER_ROWS: &str = "11";

const NEW: &str = "cargo runpod new hello --template stream";
const DEV: &str = "cd hello && cargo runpod dev";
const INVOKE: &str = r#"cargo runpod invoke '{"text": "to be or not to be"}'"#;

const PROMPT: &str = "$ ";
const UPPER: &str = "it.0";
const LOWER: &str = "it.1";

/// The pause after each key.
const KEY: Duration = Duration::from_millis(35);
/// How long a command may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// A tmux server, and a home directory for the worker. Dropping it removes both.
#[derive(Debug)]
pub(super) struct Session<'a> {
    workspace: &'a Workspace,
    home: PathBuf,
    socket: String,
}

impl<'a> Session<'a> {
    pub(super) fn new(workspace: &'a Workspace) -> Result<Self, Failure> {
        let name = format!("runpod-pictures-{}", process::id());
        let home = env::temp_dir().join(&name);
        fs::create_dir_all(&home).map_err(|error| step::unwritten(&home, &error))?;
        let session = Self {
            workspace,
            home,
            socket: name,
        };
        session.build_the_dependencies()?;
        Ok(session)
    }

    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// Builds the same worker beforehand, because a recording of the first build would show 140 lines of cargo's
    /// output.
    fn build_the_dependencies(&self) -> Result<(), Failure> {
        let mut new = self.command("cargo");
        new.args(NEW.split(' ').skip(1)).stdout(Stdio::null());
        step::run(NEW, &mut new)?;
        self.lock()?;
        let worker = self.worker();
        step::run(
            "cargo build",
            self.command("cargo").arg("build").current_dir(&worker),
        )?;
        fs::remove_dir_all(&worker).map_err(|error| step::unwritten(&worker, &error))
    }

    /// Records the session into the file `cast`.
    pub(super) fn record(&self, asciinema: &Path, cast: &Path) -> Result<(), Failure> {
        let shell = format!("PS1='{PROMPT}' bash --norc --noprofile");
        let first = [
            "new-session",
            "-d",
            "-s",
            "it",
            "-x",
            COLUMNS,
            "-y",
            ROWS,
            &shell,
        ];
        self.tmux(&first)?;
        for option in [
            ["status", "off"],
            ["pane-border-style", "fg=brightblack"],
            ["pane-active-border-style", "fg=brightblack"],
        ] {
            self.tmux(&[&["set-option", "-g"], &option[..]].concat())?;
        }
        let attach = format!("tmux -L {} attach", self.socket);
        let mut recorder = self
            .command(asciinema)
            .args(["rec", "--quiet", "--overwrite", "--cols", COLUMNS])
            .args(["--rows", ROWS, "--command", &attach])
            .arg(cast)
            .env("TERM", "xterm-256color")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| Failure::new(format!("cannot start asciinema: {error}")))?;
        let played = self.play(&shell);
        // The recorder exits with the server.
        let _ = self.tmux(&["kill-server"]);
        let exit = recorder.wait();
        played?;
        match exit {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Failure::new(format!("asciinema failed ({status})"))),
            Err(error) => Err(Failure::new(format!("asciinema: {error}"))),
        }
    }

    fn play(&self, shell: &str) -> Result<(), Failure> {
        self.wait_for("the recorder", |session| {
            let clients = session.tmux(&["list-clients"])?;
            Ok(!clients.is_empty())
        })?;
        pause(800);
        self.type_line(UPPER, NEW)?;
        self.wait_for_the_prompt(UPPER)?;
        self.lock()?;
        pause(1200);
        self.type_line(UPPER, DEV)?;
        self.wait_for("`takes jobs`", |session| {
            Ok(session.screen(UPPER)?.contains("takes jobs"))
        })?;
        pause(1000);
        let worker = self.worker();
        let worker = worker.to_string_lossy();
        let second = ["split-window", "-v", "-l", LOWER_ROWS, "-t", UPPER, "-c"];
        self.tmux(&[&second[..], &[&*worker, shell]].concat())?;
        self.wait_for_the_prompt(LOWER)?;
        pause(800);
        self.type_line(LOWER, INVOKE)?;
        self.wait_for_the_prompt(LOWER)?;
        pause(300);
        Ok(())
    }

    fn type_line(&self, pane: &str, line: &str) -> Result<(), Failure> {
        for key in line.chars() {
            self.tmux(&["send-keys", "-t", pane, "-l", "--", &key.to_string()])?;
            thread::sleep(KEY);
        }
        pause(300);
        self.tmux(&["send-keys", "-t", pane, "Enter"])?;
        // Until the command starts, the pane still shows the line with the prompt.
        pause(200);
        Ok(())
    }

    fn wait_for_the_prompt(&self, pane: &str) -> Result<(), Failure> {
        self.wait_for("a prompt", |session| {
            let screen = session.screen(pane)?;
            let last = screen.lines().rfind(|line| !line.trim().is_empty());
            Ok(last.is_some_and(|line| line.trim_end() == PROMPT.trim_end()))
        })
    }

    fn wait_for(
        &self,
        what: &str,
        mut is_there: impl FnMut(&Self) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let begun = Instant::now();
        while !is_there(self)? {
            if begun.elapsed() > PATIENCE {
                return Err(Failure::new(format!(
                    "waited {} s for {what}. The first terminal shows:\n{}",
                    PATIENCE.as_secs(),
                    self.screen(UPPER)?
                )));
            }
            pause(50);
        }
        Ok(())
    }

    fn screen(&self, pane: &str) -> Result<String, Failure> {
        self.tmux(&["capture-pane", "-p", "-t", pane])
    }

    /// Runs a command of tmux and returns its output.
    fn tmux(&self, arguments: &[&str]) -> Result<String, Failure> {
        let mut command = self.command("tmux");
        command
            .args(["-L", &self.socket, "-f", "/dev/null"])
            .args(arguments);
        let output = step::capture(&mut command)?;
        if !output.status.success() {
            return Err(Failure::new(format!(
                "tmux {} failed: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            )));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Returns a command with the environment of the session: `cargo runpod` from this workspace, and a target directory
    /// that no other build uses, so that the recorded build compiles the worker only.
    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("RUNPOD_") {
                command.env_remove(name);
            }
        }
        self.workspace.as_cargo_does(&mut command);
        let tool = self.workspace.target().join("debug");
        let path = env::var_os("PATH").unwrap_or_default();
        if let Ok(path) = env::join_paths(iter::once(tool).chain(env::split_paths(&path))) {
            command.env("PATH", path);
        }
        command
            .current_dir(&self.home)
            .env(
                "CARGO_TARGET_DIR",
                self.workspace.target().join("recording"),
            )
            .env("CARGO_NET_OFFLINE", "true")
            .env_remove("TMUX");
        command
    }

    fn worker(&self) -> PathBuf {
        self.home.join("hello")
    }

    /// Gives the worker the versions of the dependencies that are already built.
    fn lock(&self) -> Result<(), Failure> {
        let lock = self.worker().join("Cargo.lock");
        fs::copy(self.workspace.file("Cargo.lock"), &lock)
            .map(drop)
            .map_err(|error| step::unwritten(&lock, &error))
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        // After an error, the server may still run.
        let _ = self.tmux(&["kill-server"]);
        let _ = fs::remove_dir_all(&self.home);
    }
}

fn pause(milliseconds: u64) {
    thread::sleep(Duration::from_millis(milliseconds));
}
