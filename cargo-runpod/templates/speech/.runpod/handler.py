# The Runpod Hub looks for a file of this name. This worker is a Rust program: the handler is in `src/main.rs`, and the
# `Dockerfile` builds the program. Nothing runs this file.
