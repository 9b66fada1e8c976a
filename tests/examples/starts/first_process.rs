//! Workers that are PID 1 of a container.

use super::*;

#[tokio::test]
async fn a_signal_while_main_loads_ends_pid_1_of_a_container() {
    for (worker, signal) in [("async", Signal::TERM), ("plain", Signal::INT)] {
        let endpoint = Endpoint::with_jobs([]).await;
        let mut started = Started::on(&endpoint, wrapped(&AS_FIRST_PROCESS, worker, "hang"));
        started.line_with("main is loading").await;
        kill_process(first_process(&started), signal).expect("the worker runs");
        let (code, output) = started.exit().await;
        assert_eq!(code, Some(0), "{worker}: {output}");
        assert!(output.contains("while `main` was loading"), "{output}");
    }
}

/// Orphans are reaped within ten seconds after they have exited.
#[tokio::test]
async fn pid_1_of_a_container_reaps_orphans_but_no_process_that_a_job_has_started() {
    let step = |name: &str| json!({ "id": name, "input": name });
    let mut endpoint = Endpoint::with_jobs([step("start"), step("orphan")]).await;
    let started = Started::on(&endpoint, wrapped(&AS_FIRST_PROCESS, "parent", ""));
    for _ in 0..2 {
        let (id, post) = endpoint.next().await;
        let Post::Result(body) = post else {
            panic!("{id} posted {post:?}");
        };
        assert!(body.get("error").is_none(), "{id}: {body}");
    }
    let first = first_process(&started);
    let both_are_zombies = |children: &[(Pid, bool)]| {
        children.len() == 2 && children.iter().all(|(_, is_zombie)| *is_zombie)
    };
    until(first, both_are_zombies).await;
    until(first, |children| matches!(children, [(_, true)])).await;
    endpoint.add(step("wait"));
    let waited = Post::Result(json!({ "output": "Some(7)" }));
    assert_eq!(endpoint.next().await, ("wait".to_owned(), waited));
    kill_process(first, Signal::TERM).expect("the worker runs");
    assert_eq!(started.exit().await.0, Some(0));
}

/// Looks at a process's child processes until they are as expected. Nothing tells when that changes.
async fn until(parent: Pid, holds: impl Fn(&[(Pid, bool)]) -> bool) {
    let looks = async {
        while !holds(&children(parent)) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let held = timeout(PATIENCE, looks).await;
    assert!(held.is_ok(), "it never held: {:?}", children(parent));
}
