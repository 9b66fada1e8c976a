//! Tests every command on the pages: it is run, or there is a reason why it is not.

mod claims;
mod edits;
mod rewriting;
mod shell;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::markdown::{Page, pages};
use claims::{Claim, How, claims};
use shell::Shell;

/// Returns the lines of a page's `sh` blocks, in order.
fn commands(page: &Page) -> Vec<&str> {
    page.blocks
        .iter()
        .filter(|block| block.language == "sh")
        .flat_map(|block| block.text.lines())
        .filter(|line| !line.trim().is_empty())
        .collect()
}

fn claims_of(page: &Path) -> &'static [Claim] {
    claims()
        .find(|(path, _)| page == Path::new(path))
        .map_or(&[], |(_, claims)| claims)
}

#[test]
fn every_command_is_claimed_and_every_claim_is_there() {
    let mut faults = String::new();
    let pages = pages();
    for page in &pages {
        let shown = commands(page);
        let claims = claims_of(&page.path).iter();
        let claimed: Vec<&str> = claims
            .filter(|claim| !claim.is_beforehand)
            .map(|claim| claim.line)
            .collect();
        if shown != claimed {
            let _ = writeln!(
                faults,
                "{}: the page shows these commands in this order:\n  {}\nthe lists in tests/guide/commands/claims have:\n  {}",
                page.path.display(),
                shown.join("\n  "),
                claimed.join("\n  ")
            );
        }
    }
    for (path, _) in claims() {
        if !pages.iter().any(|page| page.path == Path::new(path)) {
            let _ = writeln!(faults, "{path}: has claims, but the page does not exist");
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_commands_of_every_page_do_what_it_says() {
    let mut faults = Vec::new();
    for (page, claims) in claims() {
        let mut shell = Shell::new();
        let text = Page::read(PathBuf::from(page));
        let mut edits = edits::of(&text);
        for claim in *claims {
            let outcome = match claim.how {
                How::NotHere(reason) => {
                    println!("not here  {page}: {}\n          {reason}", claim.line);
                    continue;
                }
                How::Ends { code, shows } => shell.run(claim, code, shows).await,
                How::Serves { shows } => shell.serve(claim, shows).await,
                How::Enters => shell.enter(claim),
                How::Edits => edits::make(edits.next(), claim.line, shell.at()),
            };
            match outcome {
                Ok(()) => println!("run       {page}: {}", claim.line),
                Err(fault) => faults.push(format!("{page}: {}\n{fault}", claim.line)),
            }
        }
        shell.end().await;
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[tokio::test]
async fn a_command_that_does_something_else_is_a_fault() {
    const SHOWS: &[&str] = &["Hello"];
    let claim = Claim {
        worker: "hello",
        ..claims::ends(
            r#"cargo run -- --test_input '{"input": {"name": 7}}'"#,
            SHOWS,
        )
    };
    let mut shell = Shell::new();
    let fault = shell.run(&claim, 0, SHOWS).await.unwrap_err();
    assert!(fault.contains("input.name"), "{fault}");
    assert!(shell.run(&claim, 1, &["input.name"]).await.is_ok());
    assert!(shell.run(&claim, 1, SHOWS).await.is_err());
}
