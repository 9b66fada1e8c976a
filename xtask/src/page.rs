//! The local endpoint's page, in a real browser driven by clicks.

use crate::counted;
use crate::node;
use crate::programs::Programs;
use crate::step::Failure;
use crate::workspace::Workspace;

/// Its screenshots are in `target/page` afterwards.
pub(crate) fn run(workspace: &Workspace, programs: &Programs) -> Result<(), Failure> {
    programs.need_browser()?;
    let artefacts = workspace.fresh_folder("page")?;
    let mut tests = node::tests(workspace, node::PAGE);
    programs
        .named_to(&mut tests)
        .env("RUNPOD_TEST_ARTEFACTS", artefacts);
    counted::run("node --test, the page in Chromium", &mut tests)
}
