//! Types commands and the tab key into bash, and reads the completed line.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};
use snapbox::cmd::cargo_bin;
use tempfile::TempDir;

/// How long a test waits before it counts as hung.
const PATIENCE_MS: u64 = 20_000;

struct Bash {
    session: PtySession,
    _room: TempDir,
}

impl Bash {
    /// Starts bash, runs `first`, and then sources the script of the command.
    fn after(first: &str) -> Self {
        let room = TempDir::new().expect("there is room for a folder");
        let script: PathBuf = room.path().join("completions.bash");
        let output = Command::new(cargo_bin!("cargo-runpod"))
            .args(["runpod", "completions", "bash"])
            .output()
            .expect("the command starts");
        assert!(output.status.success());
        fs::write(&script, output.stdout).expect("it can be written");
        let start = room.path().join("bashrc");
        let source = script.display();
        // The last line is announced, so a test types nothing before bash is ready.
        fs::write(
            &start,
            format!(
                "stty echo\n{first}\n. {source}\nbind 'set bell-style none'\nbind 'set show-all-if-ambiguous on'\n\
                 bind 'set enable-bracketed-paste off'\nPS1='ready> '\n"
            ),
        )
        .expect("it can be written");
        let mut command = Command::new("bash");
        command
            .args(["--noprofile", "--rcfile"])
            .arg(start)
            .arg("-i")
            .current_dir(room.path())
            .env("TERM", "dumb")
            .env("COLUMNS", "200")
            // Otherwise, bash writes the commands into the history in the home folder.
            .env("HISTFILE", room.path().join("history"));
        let options = Options::new().timeout_ms(Some(PATIENCE_MS));
        let mut session = spawn_with_options(command, options).expect("bash starts");
        session
            .exp_string("ready> ")
            .expect("bash shows its prompt");
        Self {
            session,
            _room: room,
        }
    }

    /// Types a line and the tab key. The completed line must begin with `expected`.
    #[track_caller]
    fn completes(&mut self, typed: &str, expected: &str) {
        self.session.send(typed).expect("bash reads");
        self.session.send("\t").expect("bash reads");
        self.session.flush().expect("bash reads");
        if let Err(error) = self.session.exp_string(expected) {
            panic!("{typed:?} is not completed to {expected:?}: {error}");
        }
        self.session.send_control('c').expect("bash reads");
        // After a list of candidates, bash shows the prompt once more before it has read this key.
        self.session.exp_string("^C").expect("bash shows the key");
        self.session
            .exp_string("ready> ")
            .expect("bash shows its prompt");
    }
}

impl Drop for Bash {
    fn drop(&mut self) {
        // An interactive bash ignores SIGTERM, so the session would wait before it kills the process.
        let _ = self.session.send_line("exit");
    }
}

#[test]
fn commands_and_flags_complete_after_cargo_runpod() {
    let mut bash = Bash::after("");
    bash.completes("cargo runpod inv", "cargo runpod invoke ");
    bash.completes("cargo runpod job can", "cargo runpod job cancel ");
    bash.completes("cargo runpod invoke --det", "cargo runpod invoke --detach ");
    bash.completes("cargo runpod new --template st", "--template stream ");
    bash.completes("cargo-runpod pur", "cargo-runpod purge ");
    bash.completes("cargo run", "cargo runpod ");
}

#[test]
fn ambiguous_beginnings_list_the_commands() {
    let mut bash = Bash::after("");
    bash.completes("cargo runpod ", "invoke");
}

#[test]
fn the_completion_of_cargo_itself_goes_on() {
    let mut bash = Bash::after(
        "_mine() { COMPREPLY=( $(compgen -W 'bench clippy' -- \"${COMP_WORDS[COMP_CWORD]}\") ); }\n\
         complete -F _mine cargo",
    );
    bash.completes("cargo cli", "cargo clippy ");
    bash.completes("cargo runpod heal", "cargo runpod health ");
    bash.completes("cargo ben", "cargo bench ");
}

#[test]
fn a_completion_that_is_loaded_when_it_is_first_needed_goes_on_too() {
    // This is how the package bash-completion does it.
    let mut bash = Bash::after(
        "_mine() { COMPREPLY=( $(compgen -W 'bench clippy' -- \"${COMP_WORDS[COMP_CWORD]}\") ); }\n\
         __load_completion() { [[ $1 == cargo ]] && complete -F _mine cargo; }",
    );
    bash.completes("cargo runpod heal", "cargo runpod health ");
    bash.completes("cargo cli", "cargo clippy ");
    bash.completes("cargo runpod heal", "cargo runpod health ");
    bash.completes("cargo ben", "cargo bench ");
}
