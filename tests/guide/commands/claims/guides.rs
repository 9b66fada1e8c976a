//! Lists the commands on the pages of the tutorial and of the how-to guides.

use super::{
    ASKS_HELLO, BUILDS_WITH_CANDLE, Claim, DEPLOYS, How, ON_A_STAND_IN, UNTIL_IT_REVERSES,
    UNTIL_IT_TRANSLATES, claim, edits, ends, invokes_to_be, not_here, own, serves, tool,
    tool_serves,
};

pub(super) const GUIDES: &[(&str, &[Claim])] = &[
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
                "cargo runpod new my-chat --template chat",
                "its build takes minutes; cargo-runpod/tests/new/models.rs does it once",
            ),
            not_here("cd my-chat", "the worker was not created"),
            not_here("cargo test", "cargo-runpod/tests/new/models.rs runs it"),
            not_here(
                "hf download HuggingFaceTB/SmolLM2-135M-Instruct --local-dir models/HuggingFaceTB/SmolLM2-135M-Instruct",
                "it downloads a model",
            ),
            not_here("cargo runpod dev", BUILDS_WITH_CANDLE),
            not_here("cargo runpod invoke", BUILDS_WITH_CANDLE),
            not_here("cargo runpod build", "it needs the CUDA toolkit"),
            not_here(
                r#"cargo runpod deploy --smoke '{"messages": [{"role": "user", "content": "What is the capital of France?"}]}'"#,
                ON_A_STAND_IN,
            ),
        ],
    ),
    (
        "docs/how-to/run-an-onnx-model.md",
        &[
            not_here(
                "cargo runpod new my-ocr --template ocr",
                "examples/models has the same program, and tests it with real weights",
            ),
            not_here("cd my-ocr", "the worker was not created"),
            not_here("cargo test", "its build takes minutes"),
            not_here(
                "pip download --no-deps rapidocr==3.10.0",
                "it downloads a model",
            ),
            not_here(
                "unzip -j rapidocr-3.10.0-py3-none-any.whl 'rapidocr/models/PP-OCRv6_*' -d model",
                "it needs the download",
            ),
            not_here("cargo runpod dev", "it needs the weights"),
            not_here("cargo runpod invoke", "it needs the weights"),
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
        &[
            serves("cargo run --features openai --example chat -- --rp_serve_api"),
            serves("cargo run --features openai --example tools -- --rp_serve_api"),
        ],
    ),
    (
        "docs/how-to/compute-embeddings.md",
        &[
            ends(
                r#"cargo run --example embeddings -- --test_input '{"input": {"input": ["to be", "or not to be"], "dimensions": 8}}'"#,
                &["embedding", "total_tokens"],
            ),
            not_here(
                "cargo runpod new embeddings --template embed",
                "its build takes minutes; examples/models/embed has the same program",
            ),
            not_here("cd embeddings", "the worker was not created"),
            not_here("cargo test", "`cargo xtask models` runs it"),
        ],
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
        "docs/how-to/test-a-handler.md",
        &[own(ends(
            r#"cargo run -- --test_input '{"input": {"name": "Ada"}}' --test_output '{"output": "Hello, Ada!"}'"#,
            &["Hello, Ada!"],
        ))],
    ),
    (
        "docs/how-to/keep-a-model-on-a-volume.md",
        &[
            ends(
                r#"MODELS=models VOLUME=. RUNPOD_ENDPOINT_ID=e1 cargo run --example model_on_a_volume --features volume-cache -- --test_input '{"input": {"text": "to be or not"}}'"#,
                &["a download"],
            ),
            ends("rm -r models", &[]),
            ends(
                r#"MODELS=models VOLUME=. RUNPOD_ENDPOINT_ID=e1 cargo run --example model_on_a_volume --features volume-cache -- --test_input '{"input": {"text": "to be or not"}}'"#,
                &["the volume"],
            ),
        ],
    ),
    (
        "docs/how-to/export-metrics-and-traces.md",
        // No collector runs here. tests/examples/traces.rs has one.
        &[ends(
            r#"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 OTEL_SERVICE_NAME=thumbnails cargo run --example traces --features otel -- --test_input '{"input": {"width": 640}}'"#,
            &["320"],
        )],
    ),
    (
        "docs/how-to/images-and-audio.md",
        &[ends(
            r#"cargo run --example invert_image --features media -- --test_input '{"input": {"image": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}'"#,
            &["data:image/png;base64,iVBOR"],
        )],
    ),
    (
        "docs/how-to/images-from-urls-to-a-bucket.md",
        &[not_here(
            r#"cargo run --example images_to_bucket --features upload -- --test_input '{"input": {"urls": ["data:image/png;base64,iVBORw0KGgo="]}}'"#,
            "it writes into the working directory; tests/examples runs it in a temporary folder",
        )],
    ),
];
