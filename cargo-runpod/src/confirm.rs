//! Asks the user before something is changed.

use std::io::{self, BufRead as _, IsTerminal, Write as _};

use crate::failure::Failure;
use crate::invoke::code;

/// Asks a question on the terminal. Without a terminal there is nobody to ask, so the command refuses.
pub(crate) async fn is_confirmed(question: &str) -> Result<bool, Failure> {
    needs_a_terminal()?;
    let _ = write!(io::stderr(), "{question} [y/N] ");
    // On a thread of its own, so that Ctrl-C is noticed.
    let line = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    let line = line.await.ok().and_then(Result::ok).unwrap_or_default();
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

/// Fails if there is no terminal to ask on.
pub(crate) fn needs_a_terminal() -> Result<(), Failure> {
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        return Ok(());
    }
    Err(Failure::new(
        "nothing was changed: there is no terminal to ask on; pass --yes to go ahead without a question",
    )
    .with_code(code::USAGE))
}
