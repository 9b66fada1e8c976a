//! A machine for one run: a folder of programs, a home, and a current folder.

use std::env;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::script;
use snapbox::cmd::cargo_bin;
use tempfile::TempDir;

pub(crate) struct Machine {
    room: TempDir,
    command: Command,
    /// Keeps the port of the run free for it.
    port: u16,
}

pub(crate) struct Examined {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

impl Machine {
    /// Returns a machine with nothing on PATH but the real toolchain, which cargo names for this test.
    pub(crate) fn bare() -> Self {
        let room = TempDir::new().expect("there is room for a folder");
        for folder in ["bin", "home", "here"] {
            fs::create_dir(room.path().join(folder)).expect("the folder is new");
        }
        let cargo = PathBuf::from(env!("CARGO"));
        let rustc = cargo.with_file_name("rustc");
        let mut command = Command::new(cargo_bin!("cargo-runpod"));
        command
            .args(["runpod", "doctor"])
            .env_clear()
            .env("PATH", room.path().join("bin"))
            .env("HOME", room.path().join("home"))
            .env("TMPDIR", room.path())
            .env("CARGO", cargo)
            .env("RUSTC", rustc)
            .current_dir(room.path().join("here"));
        let port = free_port();
        Self {
            room,
            command,
            port,
        }
    }

    /// Returns a machine with the real PATH, so it has a linker and a C compiler.
    pub(crate) fn real() -> Self {
        let mut machine = Self::bare();
        let real = env::var_os("PATH").unwrap_or_default();
        let first = machine.room.path().join("bin");
        let all = [first].into_iter().chain(env::split_paths(&real));
        let path = env::join_paths(all).expect("no folder has a colon in its name");
        machine.command.env("PATH", path);
        machine
    }

    /// Adds a program that is a shell script.
    pub(crate) fn with(self, program: &str, commands: &str) -> Self {
        let path = self.room.path().join("bin").join(program);
        script::write(&path, &format!("#!/bin/sh\n{commands}\n"));
        self
    }

    /// Writes a file below the home (`home/…`) or the current folder (`here/…`).
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        let path = self.room.path().join(path);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("there is room");
        fs::write(path, text).expect("it can be written");
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.room.path().join("bin").join(name)
    }

    pub(crate) fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    pub(crate) fn examine(self) -> Examined {
        self.examine_with(&[])
    }

    pub(crate) fn examine_with(mut self, arguments: &[&str]) -> Examined {
        self.command
            .args(["--port", &self.port.to_string()])
            .args(arguments);
        let Output {
            status,
            stdout,
            stderr,
        } = self.command.output().expect("the command starts");
        assert!(stderr.is_empty(), "{}", String::from_utf8_lossy(&stderr));
        let text = String::from_utf8(stdout).expect("it writes text");
        Examined {
            code: status.code(),
            text: text.replace(&shown(self.room.path()), "[ROOM]"),
        }
    }
}

impl Examined {
    /// Returns the line about a subject and the line with its remedy.
    pub(crate) fn about(&self, subject: &str) -> String {
        let mut lines = self
            .text
            .lines()
            .skip_while(|line| line.get(9..).is_none_or(|line| !line.starts_with(subject)));
        let mut about = lines.next().unwrap_or_default().to_owned();
        if let Some(fix) = lines.next().filter(|line| line.contains(" fix: ")) {
            about = format!("{about}\n{}", fix.trim_start());
        }
        assert!(!about.is_empty(), "{subject} is not in: {}", self.text);
        about
    }

    #[track_caller]
    pub(crate) fn assert(&self, subject: &str, level: &str, parts: &[&str]) {
        let about = self.about(subject);
        assert!(about.starts_with(level), "{about}");
        for part in parts {
            assert!(about.contains(part), "{part:?} is not in: {about}");
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Returns a port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it is bound").port()
}
