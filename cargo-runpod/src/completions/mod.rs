//! `cargo runpod completions`: prints a script with which a shell completes the commands and flags.
//!
//! `clap_complete` writes the script for the program `cargo-runpod`. Users type `cargo runpod`, which is a command of
//! cargo, so a part of our own follows that makes cargo's completion call ours.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Args, Command, ValueEnum};
use clap_complete::Shell;

/// The program that cargo runs for `cargo runpod`.
const PROGRAM: &str = "cargo-runpod";

/// Print a script that completes `cargo runpod` in your shell
#[derive(Debug, Args)]
#[command(after_help = INSTALL)]
pub(crate) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Supported,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Supported {
    Bash,
    Elvish,
    Fish,
    Zsh,
}

const INSTALL: &str = "\
Install the script:
  bash    mkdir -p ~/.local/share/cargo-runpod
          cargo runpod completions bash > ~/.local/share/cargo-runpod/completions.bash
          echo '. ~/.local/share/cargo-runpod/completions.bash' >> ~/.bashrc
  zsh     cargo runpod completions zsh > FOLDER/_cargo-runpod, with a FOLDER of $fpath
  fish    cargo runpod completions fish > ~/.config/fish/conf.d/cargo-runpod.fish
  elvish  cargo runpod completions elvish > ~/.config/elvish/lib/cargo-runpod.elv
          echo 'use cargo-runpod' >> ~/.config/elvish/rc.elv";

pub(crate) fn run(arguments: &Arguments, command: Command) -> ExitCode {
    let (shell, program, more) = match arguments.shell {
        // For a name with a dash, clap_complete 4.6 writes a script that completes only the first word. Our part calls
        // the function for the real name.
        Supported::Bash => (Shell::Bash, "cargo_runpod", include_str!("cargo.bash")),
        Supported::Elvish => (Shell::Elvish, PROGRAM, ""),
        Supported::Fish => (Shell::Fish, PROGRAM, include_str!("cargo.fish")),
        // cargo's own completion calls the function `_cargo-runpod`.
        Supported::Zsh => (Shell::Zsh, PROGRAM, ""),
    };
    let mut script = Vec::new();
    let mut command = command.name(program).bin_name(program);
    clap_complete::generate(shell, &mut command, program, &mut script);
    script.extend_from_slice(more.as_bytes());
    match io::stdout().write_all(&script) {
        Ok(()) => ExitCode::SUCCESS,
        // Nobody reads the script any more.
        Err(_) => ExitCode::FAILURE,
    }
}
