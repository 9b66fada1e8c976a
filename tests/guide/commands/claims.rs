//! Lists the commands on the pages, and what each of them does.

mod commands;
mod guides;
mod rest;

/// One command line of a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    pub(super) line: &'static str,
    pub(super) how: How,
    /// The example that replaces the reader's own worker if the line is `cargo run --` without a name.
    pub(super) worker: &'static str,
    /// Arguments that are appended to the line, such as a port. `{port}` is the port of the running endpoint.
    pub(super) also: &'static str,
    /// Whether the page assumes that the command was run and does not show it.
    pub(super) is_beforehand: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum How {
    /// Runs until it exits.
    Ends {
        code: i32,
        shows: &'static [&'static str],
    },
    /// Keeps running after it prints a line with this text and an address. The later commands of the page use that
    /// address.
    Serves { shows: &'static str },
    /// `cd FOLDER`, for all later commands of the page.
    Enters,
    /// Is the name of a file that the page asks the reader to edit.
    Edits,
    /// Is not run, for this reason.
    NotHere(&'static str),
}

const ON_A_STAND_IN: &str = "it needs Runpod; cargo-runpod/tests/deploy runs it on a stand-in";
const DEPLOYS: &str = "cargo runpod deploy --push docker.io/you/hello:1 --cpu cpu5c:2";
const BUILDS_WITH_CANDLE: &str = "it needs a model, and a build of minutes";
const BUILDS_THE_BENCH: &str = "it builds in release mode, which takes minutes";

const fn claim(line: &'static str, how: How) -> Claim {
    Claim {
        line,
        how,
        worker: "",
        also: "",
        is_beforehand: false,
    }
}

/// A command that exits with code 0 and prints all of these texts.
pub(super) const fn ends(line: &'static str, shows: &'static [&'static str]) -> Claim {
    claim(line, How::Ends { code: 0, shows })
}

const fn serves(line: &'static str) -> Claim {
    Claim {
        also: "--rp_api_port 0",
        ..claim(
            line,
            How::Serves {
                shows: "The local endpoint is at ",
            },
        )
    }
}

const fn not_here(line: &'static str, reason: &'static str) -> Claim {
    claim(line, How::NotHere(reason))
}

/// A command in the folder of the reader's own worker, for which examples/hello.rs is used.
const fn own(claim: Claim) -> Claim {
    Claim {
        worker: "hello",
        ..claim
    }
}

/// A command of `cargo runpod`, which has its own flag for the port.
const fn tool(claim: Claim, also: &'static str) -> Claim {
    Claim { also, ..claim }
}

const fn tool_serves(line: &'static str) -> Claim {
    let shows = "http://127.0.0.1:";
    tool(claim(line, How::Serves { shows }), "--port 0")
}

/// A command that is run although the page does not show it.
const fn beforehand(claim: Claim) -> Claim {
    Claim {
        is_beforehand: true,
        ..claim
    }
}

/// An edit of this file, which the page shows in a block of its own.
const fn edits(file: &'static str) -> Claim {
    beforehand(claim(file, How::Edits))
}

const ASKS_HELLO: Claim = ends(
    r#"curl -s http://127.0.0.1:8000/runsync -H 'Content-Type: application/json' -d '{"input": {"name": "Ada"}}'"#,
    &["COMPLETED", "Hello, Ada!"],
);
const COMPILES_THE_WORKSPACE: &str = "it compiles examples again while other tests run; runpod-macros/src/show_tests.rs \
                                      compares the output with the page";

/// The job of the tutorial.
const fn invokes_to_be(shows: &'static [&'static str]) -> Claim {
    tool(
        ends(
            r#"cargo runpod invoke '{"text": "to be or not to be"}'"#,
            shows,
        ),
        "--url http://127.0.0.1:{port}",
    )
}

/// Waits until `cargo runpod dev` runs the edited worker.
const UNTIL_IT_REVERSES: Claim = beforehand(ends(
    r#"until cargo runpod invoke '{"text": "not"}' --url http://127.0.0.1:8000 | grep ton; do sleep 1; done"#,
    &[],
));
const UNTIL_IT_TRANSLATES: Claim = beforehand(ends(
    r#"until cargo runpod invoke '{"text": "not"}' --url http://127.0.0.1:8000 | grep nicht; do sleep 1; done"#,
    &[],
));

/// Returns each page that has commands, with its commands.
pub(super) fn claims() -> impl Iterator<Item = &'static (&'static str, &'static [Claim])> {
    let lists = [guides::GUIDES, commands::COMMANDS, rest::OTHERS];
    lists.into_iter().flatten()
}
