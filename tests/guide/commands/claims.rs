//! Lists the commands on the pages, and what each of them does.

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

pub(super) const CLAIMS: &[(&str, &[Claim])] = &[
    (
        "README.md",
        &[
            serves("cargo run --example stream -- --rp_serve_api"),
            not_here(
                "cargo install --path cargo-runpod",
                "it installs a program into the user's folder; the commands below run the same program",
            ),
            ends(
                "cargo runpod new hello --template stream",
                &["Created the worker `hello` from the template `stream`."],
            ),
            tool_serves("cd hello && cargo runpod dev"),
            invokes_to_be(&[r#"{"index":0,"text":"TO"}"#, r#"{"index":5,"text":"BE"}"#]),
            not_here(DEPLOYS, ON_A_STAND_IN),
            not_here("cargo xtask test", "this test is a part of it"),
        ],
    ),
    (
        "docs/how-to/develop-with-a-model.md",
        &[not_here(
            "cargo runpod dev --stop-first --watch model --env-file .env",
            "it needs a worker with a model; the tests of cargo-runpod use these flags",
        )],
    ),
    (
        "docs/how-to/run-a-model-on-a-gpu.md",
        &[
            not_here(
                "cargo runpod new chat --template cuda",
                "its build takes minutes; cargo-runpod/tests/new/cuda.rs does it once",
            ),
            not_here("cd chat", "the worker was not created"),
            not_here("cargo test", "cargo-runpod/tests/new/cuda.rs runs it"),
            not_here(
                "hf download HuggingFaceTB/SmolLM2-135M-Instruct --local-dir models/HuggingFaceTB/SmolLM2-135M-Instruct",
                "it downloads a model",
            ),
            not_here("cargo runpod dev", BUILDS_WITH_CANDLE),
            not_here("cargo runpod invoke", BUILDS_WITH_CANDLE),
            not_here("cargo runpod build", "it needs the CUDA toolkit"),
            not_here(
                r#"cargo runpod deploy --smoke '{"prompt": "What is the capital of France?"}'"#,
                ON_A_STAND_IN,
            ),
        ],
    ),
    (
        "docs/reference/commands/build.md",
        &[
            not_here(
                "cargo runpod build",
                "it builds in release mode; the tests of cargo-runpod run it",
            ),
            not_here(
                "cargo runpod build --push ghcr.io/me/hello:1",
                "it needs a registry; the tests of cargo-runpod push to one",
            ),
        ],
    ),
    (
        "docs/reference/commands/deploy.md",
        &[not_here(
            "cargo runpod deploy --push registry.example.com/hello:1 --cpu cpu5c:2 --smoke '{\"name\": \"Ada\"}'",
            ON_A_STAND_IN,
        )],
    ),
    (
        "docs/reference/commands/endpoints.md",
        &[
            not_here("cargo runpod endpoints", ON_A_STAND_IN),
            not_here("cargo runpod status hello", ON_A_STAND_IN),
            not_here("cargo runpod logs hello --follow", ON_A_STAND_IN),
            not_here("cargo runpod delete hello", ON_A_STAND_IN),
        ],
    ),
    (
        "docs/how-to/deploy-a-worker.md",
        &[
            ends(
                "cargo runpod new hello",
                &["Created the worker `hello` from the template `basic`."],
            ),
            claim("cd hello", How::Enters),
            not_here(
                "cargo runpod deploy --push docker.io/you/hello:1 --cpu cpu5c:2 --smoke '{\"text\": \"to be or not to be\"}'",
                ON_A_STAND_IN,
            ),
            not_here(
                "cargo runpod invoke --endpoint your-endpoint-id '{\"text\": \"to be or not to be\"}'",
                "it needs a deployed endpoint",
            ),
            not_here(
                "cargo runpod deploy --image registry.example.com/hello:1 --cpu cpu5c:2",
                ON_A_STAND_IN,
            ),
            not_here("cargo runpod status hello", ON_A_STAND_IN),
            not_here("cargo runpod logs hello --follow", ON_A_STAND_IN),
        ],
    ),
    (
        "docs/reference/commands/completions.md",
        &[not_here(
            "cargo runpod completions fish > ~/.config/fish/conf.d/cargo-runpod.fish",
            "it writes into the home directory; cargo-runpod/tests/completions uses the script for bash",
        )],
    ),
    (
        "docs/reference/commands/dev.md",
        &[not_here(
            "cargo runpod dev",
            "it needs a worker's folder; the commands of docs/reference/commands/new.md run it in one",
        )],
    ),
    (
        "docs/reference/commands/doctor.md",
        &[not_here(
            "cargo runpod doctor",
            "its result depends on the machine; cargo-runpod/tests/doctor runs it on machines of its own",
        )],
    ),
    (
        "docs/reference/commands/health.md",
        &[
            beforehand(own(serves("cargo run -- --rp_serve_api"))),
            tool(
                ends("cargo runpod health", &["jobs:", "1 idle"]),
                "--url http://127.0.0.1:{port}",
            ),
        ],
    ),
    (
        "docs/reference/commands/hub-test.md",
        &[not_here(
            "cargo runpod hub-test",
            "it needs a worker's folder; cargo-runpod/tests/new/hub.rs runs it in one of each template",
        )],
    ),
    (
        "docs/reference/commands/invoke.md",
        &[
            beforehand(own(serves("cargo run -- --rp_serve_api"))),
            tool(
                ends(r#"cargo runpod invoke '{"name": "Ada"}'"#, &["Hello, Ada!"]),
                "--url http://127.0.0.1:{port}",
            ),
            ends(
                r#"RUNPOD_ENDPOINT_BASE_URL=http://127.0.0.1:9000/v2 cargo runpod invoke '{"name": "Ada"}'"#,
                &["Hello, Ada!"],
            ),
        ],
    ),
    (
        "docs/reference/commands/job.md",
        &[not_here(
            "cargo runpod job status 8a4e0f6c-2d0b-4b7e-9a53-5b1f6f0e6d11-l1",
            "it needs the id of a job; cargo-runpod/tests/invoke/detached.rs runs it",
        )],
    ),
    (
        "docs/reference/commands/new.md",
        &[
            ends(
                "cargo runpod new my-worker --template stream",
                &["my-worker"],
            ),
            claim("cd my-worker", How::Enters),
            tool_serves(
                "cargo runpod dev            # and in a second terminal: cargo runpod invoke",
            ),
            not_here(
                "cargo generate --path cargo-runpod/templates/stream --name my-worker --define 'runpod_dependency={ git = \"https://…\" }'",
                "cargo-generate is a program of another project",
            ),
        ],
    ),
    (
        "docs/reference/commands/purge.md",
        &[
            beforehand(own(serves("cargo run -- --rp_serve_api"))),
            tool(
                ends("cargo runpod purge --yes", &["removed 0 jobs"]),
                "--url http://127.0.0.1:{port}",
            ),
        ],
    ),
    (
        "CONTRIBUTING.md",
        &[
            not_here(
                "cargo xtask bench noop-50 --only ours,reqwest --rounds 3    # about ten seconds",
                BUILDS_THE_BENCH,
            ),
            not_here(
                "cargo xtask bench noop --only ours,ours-without-spool,hyper,reqwest",
                BUILDS_THE_BENCH,
            ),
            not_here(
                "cargo xtask bench --list                                    # the names of cells and workers",
                BUILDS_THE_BENCH,
            ),
        ],
    ),
    (
        "docs/explanation/performance.md",
        &[
            not_here(
                "cargo xtask bench                      # all measurements, in about 15 minutes; replaces the table on this page",
                "it takes a quarter of an hour",
            ),
            not_here(
                "cargo xtask bench noop-50 --only ours,reqwest --rounds 3",
                BUILDS_THE_BENCH,
            ),
        ],
    ),
    (
        "docs/explanation/build-cost.md",
        &[
            not_here(
                "cargo xtask compile-cost               # three cold builds of each; `--rounds N` for another number",
                "it takes most of an hour",
            ),
            not_here(
                "cargo update -p idna_adapter --precise 1.1.0",
                "it contacts a registry and changes a lock file",
            ),
        ],
    ),
    (
        "docs/reference/local-endpoint.md",
        &[
            own(serves(
                "cargo run -- --rp_serve_api            # in the worker's folder; --serve-api means the same",
            )),
            ASKS_HELLO,
            own(serves(
                "RUNPOD_LOCAL_API_KEY=choose-one cargo run -- --rp_serve_api --rp_api_host 0.0.0.0 --rp_api_allow_host 'host.docker.internal,*.proxy.runpod.net'",
            )),
            own(serves(
                "cargo run -- --rp_serve_api --rp_api_allow_origin http://localhost:3000",
            )),
            not_here(
                "RUNPOD_WEBHOOK_GET_JOB='http://127.0.0.1:8000/v2/local/job-take/$ID' … python handler.py",
                "the line leaves out the other variables; tests/local attaches Python workers",
            ),
            own(serves(
                r#"cargo run -- --rp_serve_api --rp_api_faults '{"seed": 7, "rules": [{"route": "status", "error": 0.2, "status": 503}]}'"#,
            )),
            not_here(
                "cargo run -p runpod-local --features cli -- --port 8000",
                "the feature is off in this test; runpod-local/tests/program.rs runs it with the feature",
            ),
        ],
    ),
    (
        "docs/explanation/what-the-attributes-generate.md",
        &[
            not_here(
                "touch examples/hello.rs && RUNPOD_MACROS_DEBUG=1 cargo check --example hello     # all attributes",
                COMPILES_THE_WORKSPACE,
            ),
            not_here(
                "touch src/main.rs && RUNPOD_MACROS_DEBUG=greet cargo check                       # those on the function `greet`",
                COMPILES_THE_WORKSPACE,
            ),
        ],
    ),
    (
        "docs/tutorial.md",
        &[
            not_here(
                "cargo install --path cargo-runpod",
                "it installs a program into the user's folder; the commands below run the same program",
            ),
            ends(
                "cargo runpod new hello --template stream",
                &["Created the worker `hello` from the template `stream`."],
            ),
            claim("cd hello", How::Enters),
            tool_serves("cargo runpod dev"),
            invokes_to_be(&[r#"{"index":0,"text":"TO"}"#, r#"{"index":5,"text":"BE"}"#]),
            edits("src/main.rs"),
            UNTIL_IT_REVERSES,
            invokes_to_be(&[r#"{"index":0,"text":"ot"}"#, r#"{"index":5,"text":"eb"}"#]),
            edits("src/main.rs"),
            ends("cargo test", &["test result: ok. 3 passed"]),
            ends("mkdir model", &[]),
            edits("model/german.txt"),
            edits("src/main.rs"),
            UNTIL_IT_TRANSLATES,
            invokes_to_be(&["zu\nsein\noder\nnicht\nzu\nsein\n"]),
            tool(
                claim(
                    r#"cargo runpod invoke '{"text": "to sleep"}'"#,
                    How::Ends {
                        code: 1,
                        shows: &[
                            "zu\n",
                            r#"failed: the model does not know "sleep""#,
                            "in handler `translate` (src/main.rs:39)",
                        ],
                    },
                ),
                "--url http://127.0.0.1:{port}",
            ),
            ends("cargo test", &["test result: ok. 1 passed"]),
            not_here(
                "cargo runpod build",
                "it builds in release mode, which takes minutes; the tests of cargo-runpod run it",
            ),
            not_here(
                "export RUNPOD_API_KEY=your-key",
                "it needs an account at Runpod",
            ),
            not_here(DEPLOYS, ON_A_STAND_IN),
            not_here(
                r#"cargo runpod invoke --endpoint your-endpoint-id '{"text": "to be or not to be"}'"#,
                "it needs a deployed endpoint",
            ),
            claim("cd ..", How::Enters),
            ends("cargo new by-hand", &["by-hand"]),
            claim("cd by-hand", How::Enters),
            own(ends(
                r#"cargo run -- --test_input '{"input": {"name": "Ada"}}'"#,
                &["Hello, Ada!"],
            )),
            own(serves("cargo run -- --rp_serve_api")),
            ASKS_HELLO,
        ],
    ),
    (
        "docs/how-to/check-a-worker.md",
        &[not_here(
            "cargo run --example checked -- --check",
            "its result depends on this machine and its network; tests/examples/hooks.rs runs it",
        )],
    ),
    (
        "docs/how-to/serve-http.md",
        &[
            Claim {
                also: "--http-port 0",
                ..claim(
                    "cargo run --example serve_http --features http -- --serve-http",
                    How::Serves {
                        shows: "Serving HTTP at ",
                    },
                )
            },
            ends(
                r#"curl http://localhost:8000/greet -H 'Content-Type: application/json' -d '{"name": "Ada"}'"#,
                &["Hello, Ada!"],
            ),
            ends(
                "curl http://localhost:8000/count -H 'Content-Type: application/json' -H 'Accept: text/event-stream' -d 3",
                &["data: 3", "event: end"],
            ),
            not_here(
                "cargo runpod dev --http --example serve_http --features http",
                "the tests of cargo-runpod use this flag",
            ),
        ],
    ),
    (
        "docs/how-to/serve-chat.md",
        &[ends(
            r#"cargo run --example chat -- --test_input '{"input": {"messages": [{"role": "user", "content": "to be or not to be"}]}}'"#,
            &["chat.completion.chunk", "stop"],
        )],
    ),
    (
        "docs/how-to/compute-embeddings.md",
        &[ends(
            r#"cargo run --example embeddings -- --test_input '{"input": {"input": ["to be", "or not to be"], "dimensions": 8}}'"#,
            &["embedding", "total_tokens"],
        )],
    ),
    (
        "docs/how-to/run-long-jobs.md",
        &[
            ends(
                r#"CHECKPOINTS=checkpoints cargo run --example long_job -- --test_input '{"input": {"run": "a", "steps": 100}}'"#,
                &[r#""resumed_from":0"#],
            ),
            ends(
                r#"CHECKPOINTS=checkpoints cargo run --example long_job -- --test_input '{"input": {"run": "a", "steps": 120}}'"#,
                &[r#""resumed_from":100"#],
            ),
        ],
    ),
    (
        "docs/how-to/run-several-handlers.md",
        &[
            ends(
                r#"cargo run --example routes -- --test_input '{"input": {"task": "count", "text": "to be or not to be"}}'"#,
                &["6 words"],
            ),
            ends(
                r#"cargo run --example routes -- --test_input '{"input": {"task": "echo-thrice", "text": "hollo"}}'"#,
                &["hollo"],
            ),
        ],
    ),
    (
        "docs/reference/running.md",
        &[own(ends(
            r#"cargo run -- --test_input '{"input": {"name": "Ada"}}'"#,
            &["Hello, Ada!", "local_test"],
        ))],
    ),
    (
        "docs/how-to/test-a-handler.md",
        &[own(ends(
            r#"cargo run -- --test_input '{"input": {"name": "Ada"}}' --test_output '{"output": "Hello, Ada!"}'"#,
            &["Hello, Ada!"],
        ))],
    ),
];
