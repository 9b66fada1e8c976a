//! Signals, and a future of the program, that stop a worker before its first job.

use super::*;

#[tokio::test]
async fn a_signal_while_main_loads_ends_a_worker_on_the_platform_before_it_takes_a_job() {
    for (worker, dropped) in [("async", true), ("plain", false)] {
        for (signal, name, _) in STOPS {
            let endpoint = Endpoint::with_jobs([json!({ "id": "a", "input": 1 })]).await;
            let mut started = Started::on(&endpoint, process(worker, "hang"));
            started.line_with("main is loading").await;
            started.signal(signal);
            let (code, output) = started.exit().await;
            assert_eq!(code, Some(0), "{worker}, {name}: {output}");
            let reason = format!("{name} while `main` was loading, after ");
            assert!(output.contains(&reason), "{worker}: {output}");
            assert_eq!(output.contains("main was dropped"), dropped, "{output}");
            assert_eq!(endpoint.jobs_left(), 1, "{output}");
        }
    }
}

#[tokio::test]
async fn a_signal_while_a_fitness_check_hangs_ends_a_worker_before_it_takes_a_job() {
    for (signal, name, _) in STOPS {
        let endpoint = Endpoint::with_jobs([json!({ "id": "a", "input": 1 })]).await;
        let mut started = Started::on(&endpoint, process("async", "hang in a check"));
        started.line_with("the check hangs").await;
        started.signal(signal);
        let (code, output) = started.exit().await;
        assert_eq!(code, Some(0), "{name}: {output}");
        let reason = format!("{name} while the fitness checks ran, after ");
        assert!(output.contains(&reason), "{output}");
        assert!(output.contains("the shutdown hook runs"), "{output}");
        assert!(!output.contains("main is loading"), "{output}");
        assert_eq!(endpoint.jobs_left(), 1, "{output}");
        assert!(endpoint.unhealthy_pings().is_empty(), "{output}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_a_main_that_does_not_stop_at_once() {
    let endpoint = Endpoint::with_jobs([]).await;
    let mut started = Started::on(&endpoint, process("async", "block"));
    started.line_with("main is loading").await;
    started.signal(Signal::TERM);
    started.line_with("SIGTERM while `main` was loading").await;
    started.signal(Signal::INT);
    assert_eq!(started.exit().await.0, Some(130));
}

#[tokio::test]
async fn a_main_that_does_not_stop_is_left_behind() {
    let endpoint = Endpoint::with_jobs([]).await;
    let mut started = Started::on(&endpoint, process("async", "block"));
    started.line_with("main is loading").await;
    started.signal(Signal::TERM);
    let (code, output) = started.exit().await;
    assert_eq!(code, Some(0), "{output}");
    assert!(!output.contains("main was dropped"), "{output}");
}

#[tokio::test]
async fn a_signal_while_main_loads_ends_a_local_run_at_once() {
    let ways = [r#"--test_input={"input": 1}"#, "--rp_serve_api"];
    for way in &ways[..if cfg!(feature = "local") { 2 } else { 1 }] {
        for (signal, _, code) in STOPS {
            let mut command = process("async", "hang");
            // The test program reads the flag as the value of its own `--skip`.
            command.args(["--skip", way]);
            let mut started = Started::spawn(command);
            started.line_with("main is loading").await;
            started.signal(signal);
            let (found, output) = started.exit().await;
            assert_eq!(found, Some(code), "{way}: {output}");
        }
    }
}

#[tokio::test]
async fn a_worker_that_was_started_with_nohup_ignores_the_end_of_its_terminal() {
    let endpoint = Endpoint::with_jobs([]).await;
    let shell = ["sh", "-c", r#"trap "" HUP; exec "$0" "$@""#];
    let mut started = Started::on(&endpoint, wrapped(&shell, "plain", "hang"));
    started.line_with("main is loading").await;
    started.signal(Signal::HUP);
    started.signal(Signal::TERM);
    let (code, output) = started.exit().await;
    assert_eq!(code, Some(0), "{output}");
    assert!(
        output.contains("SIGTERM while `main` was loading"),
        "{output}"
    );
    assert!(!output.contains("SIGHUP"), "{output}");
}

#[tokio::test]
async fn a_future_stops_a_worker_of_the_builder_like_a_signal() {
    let jobs = ["a", "b"].map(|id| json!({ "id": id, "input": 21 }));
    let mut endpoint = Endpoint::with_jobs(jobs).await;
    let mut command = process("builder", "");
    command.stdin(Stdio::piped());
    let mut started = Started::on(&endpoint, command);
    started
        .line_with("the graceful shutdown was requested")
        .await;
    let mut stdin = started.child.stdin.take().expect("stdin is piped");
    stdin.write_all(b"\n").await.expect("the worker runs");
    let (code, output) = started.exit().await;
    assert_eq!(code, Some(0), "{output}");
    let result = Post::Result(json!({ "output": 42 }));
    assert_eq!(endpoint.next().await, ("a".to_owned(), result));
    assert_eq!(endpoint.jobs_left(), 1, "{output}");
}
