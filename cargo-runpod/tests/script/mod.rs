//! Shell scripts that tests run as programs.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes a script that can be run immediately.
///
/// Another process writes the file. If this process wrote it, a process that a parallel test is starting could inherit
/// the open file for a moment, and the system does not start a program that is open for writing.
pub(crate) fn write(path: &Path, text: &str) {
    let mut writer = Command::new("sh")
        .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .expect("sh starts");
    let mut stdin = writer.stdin.take().expect("stdin is a pipe");
    stdin.write_all(text.as_bytes()).expect("sh reads");
    drop(stdin);
    assert!(writer.wait().expect("sh exits").success());
}
