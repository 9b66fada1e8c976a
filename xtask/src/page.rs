//! Tests the local endpoint's page in a real browser, which the tests control with clicks.

use crate::counted;
use crate::node;
use crate::programs::Programs;
use crate::step::Failure;
use crate::workspace::Workspace;

/// Runs the suite, which writes screenshots to `target/page`.
pub(crate) fn run(workspace: &Workspace, programs: &Programs) -> Result<(), Failure> {
    programs.need_browser()?;
    let artefacts = workspace.fresh_folder("page")?;
    let mut tests = node::tests(workspace, node::PAGE);
    programs
        .named_to(&mut tests)
        .env("RUNPOD_TEST_ARTEFACTS", artefacts);
    counted::run("node --test, the page in Chromium", &mut tests)
}
