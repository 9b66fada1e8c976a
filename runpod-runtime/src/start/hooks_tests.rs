//! Tests what a failing hook does, with a platform on a loopback port.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;

use super::*;
use crate::config::Environment;
use crate::handler::{HookFunction, HookKind, StateType, cell};
use crate::logging::captured;
use crate::worker::WorkerConfig;

/// A worker with these hooks. It runs on a platform that answers no request but sees the pings.
struct Stage {
    hooks: Hooks,
    handlers: Handlers,
    pings: mpsc::Receiver<String>,
}

impl Stage {
    fn of(hooks: Vec<Hook>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}/v2/ep", listener.local_addr().unwrap());
        let (sender, pings) = mpsc::channel();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut request = vec![0; 8192];
                let length = stream.read(&mut request).unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..length]);
                let line = request.lines().next().unwrap_or_default().to_owned();
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
                let _ = sender.send(line);
            }
        });
        let environment = Environment::of([
            ("RUNPOD_WEBHOOK_GET_JOB", format!("{base}/job-take/$ID?x")),
            (
                "RUNPOD_WEBHOOK_POST_OUTPUT",
                format!("{base}/job-done/$ID?x"),
            ),
            ("RUNPOD_WEBHOOK_PING", format!("{base}/ping/$RUNPOD_POD_ID")),
            ("RUNPOD_AI_API_KEY", "rpa_SECRET".to_owned()),
            ("RUNPOD_POD_ID", "pod".to_owned()),
            ("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "true".to_owned()),
        ]);
        let prepared = Prepared::under_test(&environment, WorkerConfig::NEW, hooks);
        // One thread, so that a check that blocks it would hold up everything else on it.
        let handlers = Handlers::own(Some(1), true).unwrap();
        Self {
            hooks: prepared.hooks(&handlers),
            handlers,
            pings,
        }
    }

    fn fails(&self) -> String {
        let Err(Unloaded::Refused(error)) = self.hooks.fitness_before_state() else {
            panic!("no check failed");
        };
        assert_eq!(error.kind(), ErrorKind::Unhealthy);
        error.to_string()
    }
}

fn check<Via>(name: &str, function: impl HookFunction<Via>) -> Hook {
    let hook = function.into_hook();
    hook.of_kind(HookKind::FitnessCheck, Some(name.to_owned()))
}

fn at_shutdown<Via>(function: impl HookFunction<Via>) -> Hook {
    function.into_hook().of_kind(HookKind::Shutdown, None)
}

fn in_no_time(mut hook: Hook) -> Hook {
    hook.limit = Some(Duration::from_millis(1));
    hook
}

#[test]
fn the_first_failure_in_order_is_reported_and_later_checks_do_not_run() {
    let (sender, ran) = mpsc::channel();
    let passing = sender.clone();
    let stage = Stage::of(vec![
        check("first", move || {
            let _ = passing.send("first");
        }),
        check("second", || Err::<(), _>("no memory for rpa_SECRET & more")),
        check("third", move || {
            let _ = sender.send("third");
        }),
    ]);
    assert_eq!(
        stage.fails(),
        "this worker is broken and has stopped (second): Error: no memory for [redacted] & more"
    );
    assert_eq!(
        stage.pings.recv().unwrap(),
        format!(
            "GET /v2/ep/ping/pod?status=unhealthy&check=second&\
             reason=Error%3A+no+memory+for+%5Bredacted%5D+%26+more&runpod_version={} HTTP/1.1",
            crate::platform::VERSION
        )
    );
    drop(stage);
    assert_eq!(ran.iter().collect::<Vec<_>>(), ["first"]);
}

fn panics() {
    panic!("no GPU {}", 7);
}

async fn panics_later() {
    panics();
}

fn hangs() {
    loop {
        std::thread::park();
    }
}

async fn blocks_its_thread() {
    hangs();
}

#[test]
fn a_check_that_panics_fails() {
    for stage in [
        Stage::of(vec![check("panics", panics)]),
        Stage::of(vec![check("panics", panics_later)]),
    ] {
        let text = stage.fails();
        assert!(
            text.starts_with("this worker is broken and has stopped (panics): panic: panicked at "),
            "{text}"
        );
        assert!(text.ends_with(": no GPU 7"), "{text}");
    }
}

#[test]
fn a_check_that_hangs_fails_after_its_time() {
    for hanging in [
        check("hangs", hangs),
        check("hangs", std::future::pending::<()>),
        // This blocks the only thread of the handlers.
        check("hangs", blocks_its_thread),
    ] {
        let stage = Stage::of(vec![in_no_time(hanging)]);
        assert_eq!(
            stage.fails(),
            "this worker is broken and has stopped (hangs): TimeoutError: found no result after 0.001 s, expected one \
             within this time; only an attribute can set another limit (`timeout_s`)"
        );
        assert!(stage.pings.recv().unwrap().contains("&check=hangs&"));
    }
}

#[test]
fn checks_with_state_get_the_state_and_run_after_the_others() {
    let (sender, ran) = mpsc::channel();
    let other = sender.clone();
    let stage = Stage::of(vec![
        check("with", move |state: crate::State<String>| {
            let _ = sender.send((*state).clone());
        }),
        check("without", move || {
            let _ = other.send("without".to_owned());
        }),
    ]);
    stage.hooks.fitness_before_state().unwrap();
    let made = cell(String::from("with"));
    stage.hooks.fitness_with_state(Some(&made)).unwrap();
    assert_eq!(ran.try_iter().collect::<Vec<_>>(), ["without", "with"]);
    assert!(
        stage.pings.try_recv().is_err(),
        "a fit worker sends no ping"
    );
}

#[test]
fn shutdown_hooks_run_in_reverse_order_and_no_failure_stops_the_next() {
    let (sender, ran) = mpsc::channel();
    let send = |text: &'static str| {
        let sender = sender.clone();
        move || {
            let _ = sender.send(text);
        }
    };
    let (first, last) = (send("first"), send("last"));
    let with_state = sender.clone();
    let stage = Stage::of(vec![
        at_shutdown(first),
        at_shutdown(panics),
        at_shutdown(async || Err::<(), _>("no disk")),
        at_shutdown(move |state: crate::State<&'static str>| {
            let _ = with_state.send(*state);
        }),
        in_no_time(at_shutdown(std::future::pending::<()>)),
        at_shutdown(last),
    ]);
    let text = captured(|| stage.hooks.shut_down(None));
    assert_eq!(ran.try_iter().collect::<Vec<_>>(), ["last", "first"]);
    let expected = [
        "`pending` took longer than 0.001 s and was abandoned",
        "failed: no disk",
        "failed: panicked at ",
    ];
    let mut rest = text.as_str();
    for part in expected {
        let found = rest
            .find(part)
            .unwrap_or_else(|| panic!("{part:?} is not next in {text}"));
        rest = &rest[found..];
    }

    stage.hooks.shut_down(Some(&cell("state")));
    assert_eq!(
        ran.try_iter().collect::<Vec<_>>(),
        ["last", "state", "first"]
    );
    drop(stage.handlers);
}

#[test]
fn shutdown_hooks_have_a_time_limit_together() {
    let seconds = Duration::from_secs;
    let within = |limit: u64| {
        let mut hook = at_shutdown(|| ());
        hook.limit = Some(seconds(limit));
        hook
    };
    let many = (0..100).map(|_| at_shutdown(|| ())).collect();
    assert_eq!(Stage::of(many).hooks.longest_shutdown(), seconds(20));
    let short = vec![within(3), within(4)];
    assert_eq!(Stage::of(short).hooks.longest_shutdown(), seconds(20));
    let stage = Stage::of(vec![within(300), at_shutdown(|| ()), within(400)]);
    assert_eq!(stage.hooks.longest_shutdown(), seconds(700));
    assert_eq!(stage.hooks.longest_end(), seconds(715));

    let (sender, ran) = mpsc::channel();
    let stage = Stage::of(vec![]);
    let late = at_shutdown(move || {
        let _ = sender.send("ran");
    });
    let text = captured(|| {
        let over = waiting(async {
            let end = tokio::time::Instant::now();
            run_at_shutdown(&late, None, &stage.hooks.threads, end).await;
        });
        over.unwrap();
    });
    assert!(text.contains("did not run"), "{text}");
    drop(late);
    assert_eq!(ran.try_iter().count(), 0);
}

#[test]
fn a_hook_of_another_state_is_an_error_that_names_the_function_and_both_types() {
    let hook = check("mine", |_: crate::State<String>| ());
    assert_eq!(hook.fault(&[StateType::of::<String>()]), None);
    assert_eq!(hook.fault(&[StateType::of::<Arc<String>>()]), None);
    assert_eq!(
        hook.fault(&[StateType::of::<u8>()]).unwrap(),
        "fitness check `mine` takes `State<alloc::string::String>`, but the state of this worker is a `u8`. \
         Take `State<u8>`, or return a `alloc::string::String` from `main`."
    );
    let hook = at_shutdown(|_: crate::State<String>| ());
    let fault = hook.fault(&[]).unwrap();
    assert!(fault.starts_with("shutdown hook `closure` takes `State<alloc::string::String>`, but this worker has no state. "), "{fault}");
}
