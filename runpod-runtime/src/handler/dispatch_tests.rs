use super::*;
use crate::handler::Payload;
use crate::handler::argument::Argument;
use crate::handler::invocation::Invocation;
use crate::handler::registration::Kind;
#[cfg(feature = "openai")]
use crate::handler::registry::Served;

struct Model;
struct Other;

fn handler(name: &str, line: u32, kind: Kind, arguments: Vec<Role>) -> Handler {
    Handler {
        name: name.to_owned(),
        place: Some(format!("src/main.rs:{line}")),
        id: FunctionId::of(&plain),
        kind,
        arguments: arguments.into_iter().map(Argument).collect(),
        schemas: None,
        #[cfg(feature = "openai")]
        openai: None,
        #[cfg(feature = "openai")]
        is_reply: false,
        batcher: None,
        call: Arc::new(|_| Ok(Invocation::future(async { Payload::of(&()) }))),
    }
}

fn plain(name: &str, line: u32) -> Handler {
    handler(name, line, Kind::Async, vec![])
}

fn fault(handlers: Vec<Handler>, choice: Choice, state: Option<StateType>) -> String {
    Dispatch::choose(handlers, choice, state)
        .unwrap_err()
        .to_string()
}

fn unfit(arguments: Vec<Role>, state: Option<StateType>) -> String {
    let handlers = vec![handler("greet", 7, Kind::Async, arguments)];
    fault(handlers, Choice::default(), state)
}

#[test]
fn no_handler_says_how_to_make_one() {
    let fault = fault(vec![], Choice::default(), None);
    assert!(fault.contains("#[runpod::handler]"), "{fault}");
}

#[test]
fn several_handlers_are_named_with_their_places() {
    let fault = fault(vec![plain("a", 3), plain("b", 9)], Choice::default(), None);
    for part in [
        "`a` (src/main.rs:3)",
        "`b` (src/main.rs:9)",
        "handler = path",
        "route",
    ] {
        assert!(fault.contains(part), "{fault}");
    }
}

#[test]
fn a_function_that_is_no_handler_is_named_with_those_that_are() {
    let choice = Choice {
        handler: Some(FunctionId::of(&fault)),
        route: None,
    };
    let fault = fault(vec![plain("a", 3)], choice, None);
    assert!(
        fault.contains("dispatch::tests::fault`") && fault.contains("`a` (src/main.rs:3)"),
        "{fault}"
    );
}

#[test]
fn a_handler_is_chosen_by_the_function_and_not_by_the_name_of_its_type() {
    let first = {
        fn greet() {}
        FunctionId::of(&greet)
    };
    let second = {
        fn greet() {}
        FunctionId::of(&greet)
    };
    assert_eq!(first.path, second.path);
    assert_ne!(first, second);
    for (id, line) in [(first, "src/main.rs:3"), (second, "src/main.rs:9")] {
        let handlers = [(first, 3), (second, 9)].map(|(id, line)| Handler {
            id,
            ..plain("greet", line)
        });
        let choice = Choice {
            handler: Some(id),
            route: None,
        };
        let chosen = Dispatch::choose(handlers.into(), choice, None).unwrap();
        let places: Vec<_> = chosen.handlers().map(|it| it.place.as_deref()).collect();
        assert_eq!(places, [Some(line)]);
    }
}

#[test]
fn two_handlers_of_one_name_cannot_be_routed_to() {
    let choice = Choice {
        handler: None,
        route: Some("task"),
    };
    let fault = fault(vec![plain("a", 3), plain("a", 9)], choice, None);
    assert!(
        fault.contains("src/main.rs:3") && fault.contains("src/main.rs:9"),
        "{fault}"
    );
}

#[test]
fn a_missing_state_and_another_one_are_told_with_handler_place_and_both_types() {
    let asks = || vec![Role::State(StateType::of::<Model>())];
    let missing = unfit(asks(), None);
    let other = unfit(asks(), Some(StateType::of::<Other>()));
    for fault in [&missing, &other] {
        assert!(fault.contains("`greet` (src/main.rs:7)"), "{fault}");
        assert!(fault.contains("::Model>`"), "{fault}");
    }
    assert!(other.contains("::Other`"), "{other}");
    let handlers = vec![handler("greet", 7, Kind::Async, asks())];
    let made = Some(StateType::of::<Model>());
    assert!(Dispatch::choose(handlers, Choice::default(), made).is_ok());
}

#[test]
fn each_state_of_a_worker_fits_and_a_missing_one_is_told_with_those_that_there_are() {
    let states = [StateType::of::<u8>(), StateType::of::<Other>()];
    let asks = |state| vec![handler("greet", 7, Kind::Async, vec![Role::State(state)])];
    for state in states {
        assert!(Dispatch::choose(asks(state), Choice::default(), states).is_ok());
    }
    let fault = Dispatch::choose(asks(StateType::of::<Model>()), Choice::default(), states)
        .unwrap_err()
        .to_string();
    for part in ["`greet` (src/main.rs:7)", "::Model>`", "`u8`", "::Other`"] {
        assert!(fault.contains(part), "{fault}");
    }
}

#[test]
fn all_faults_of_a_handler_are_told_at_once() {
    let fault = unfit(
        vec![
            Role::Input("u8"),
            Role::Input("Job<u8>"),
            Role::Emitter,
            Role::State(StateType::of::<Model>()),
        ],
        None,
    );
    assert_eq!(fault.lines().count(), 3, "{fault}");
    assert!(fault.contains("2 inputs (`u8` and `Job<u8>`)"), "{fault}");
    assert!(fault.contains("#[handler(stream)]"), "{fault}");
}

#[test]
fn a_route_finds_its_handler_or_says_which_there_are() {
    let choice = Choice {
        handler: None,
        route: Some("task"),
    };
    let dispatch = Dispatch::choose(vec![plain("a", 1), plain("b", 2)], choice, None).unwrap();
    let find = |input: &str| {
        let job = TakenJob {
            id: "j".into(),
            input: serde_json::value::RawValue::from_string(input.into()).unwrap(),
            webhook: None,
            extra: serde_json::Map::new(),
            handler: None,
            #[cfg(all(feature = "http", feature = "otel"))]
            request: None,
        };
        dispatch
            .find(&job)
            .map(|handler| handler.name.clone())
            .map_err(|failure| failure.message)
    };
    assert_eq!(find(r#"{"task":"b"}"#), Ok("b".into()));
    assert_eq!(
        find(r#"{"task":"c"}"#),
        Err(r#"input.task: there is no handler "c"; this worker's handlers are `a`, `b`"#.into())
    );
    assert!(
        find("{}")
            .unwrap_err()
            .starts_with("input: missing field `task`")
    );
    assert!(find(r#"{"task":1}"#).unwrap_err().contains("found 1"));
    assert!(find("[]").unwrap_err().contains("missing field"));
    // Values that only the handler reads are not checked.
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    for value in [&deep, "1e999", r#""\ud800""#] {
        assert_eq!(
            find(&format!(r#"{{"x":{value},"task":"b"}}"#)),
            Ok("b".into()),
            "{value:.20}"
        );
    }
}

#[cfg(feature = "openai")]
mod routes {
    use super::*;
    use crate::openai::Route;

    fn served(name: &str, line: u32, route: Route, model: &'static str) -> Handler {
        Handler {
            openai: Some(Served {
                route,
                model: model.into(),
            }),
            ..plain(name, line)
        }
    }

    fn all() -> Vec<Handler> {
        vec![
            served("chat", 3, Route::ChatCompletions, "small"),
            served("large", 5, Route::ChatCompletions, "large"),
            served("embed", 7, Route::Embeddings, "small"),
        ]
    }

    fn found(dispatch: &Dispatch, input: &str) -> String {
        let job = TakenJob {
            id: "a".to_owned(),
            input: serde_json::value::RawValue::from_string(input.to_owned()).unwrap(),
            webhook: None,
            extra: serde_json::Map::new(),
            handler: None,
            #[cfg(all(feature = "http", feature = "otel"))]
            request: None,
        };
        match dispatch.find(&job) {
            Ok(handler) => handler.name.clone(),
            Err(failure) => failure.message,
        }
    }

    #[test]
    fn the_route_and_the_model_decide() {
        let dispatch = Dispatch::choose(all(), Choice::default(), None).unwrap();
        let chat = r#"{"openai_route":"/v1/chat/completions","openai_input""#;
        for (input, expected) in [
            (format!(r"{chat}:{{}}}}"), "chat"),
            (format!(r#"{chat}:{{"model":"large"}}}}"#), "large"),
            (
                format!(r#"{chat}:{{"model":"large","stream":1}}}}"#),
                "large",
            ),
            (format!(r#"{chat}:{{"model":"huge"}}}}"#), "openai"),
            (r#"{"openai_route":"/v1/embeddings"}"#.to_owned(), "embed"),
            (r#"{"openai_route":"/v1/models"}"#.to_owned(), "openai"),
            (r#"{"openai_route":7}"#.to_owned(), "openai"),
            (r#"{"messages":[]}"#.to_owned(), "chat"),
            (r#"{"prompt":"a"}"#.to_owned(), "chat"),
            (r#"{"input":"a"}"#.to_owned(), "embed"),
            ("null".to_owned(), "chat"),
        ] {
            assert_eq!(found(&dispatch, &input), expected, "{input}");
        }
    }

    #[test]
    fn jobs_without_a_route_are_for_the_other_handlers() {
        let mut handlers = all();
        handlers.push(plain("other", 9));
        let chat = r#"{"openai_route":"/v1/chat/completions"}"#;
        let dispatch = Dispatch::choose(handlers.clone(), Choice::default(), None).unwrap();
        assert_eq!(found(&dispatch, r#"{"messages":[]}"#), "other");
        assert_eq!(found(&dispatch, chat), "chat");
        let choice = Choice {
            handler: None,
            route: Some("task"),
        };
        let dispatch = Dispatch::choose(handlers, choice, None).unwrap();
        assert_eq!(found(&dispatch, r#"{"task":"embed"}"#), "embed");
        assert_eq!(found(&dispatch, r#"{"task":"other"}"#), "other");
        assert_eq!(found(&dispatch, chat), "chat");
    }

    #[test]
    #[cfg(feature = "http")]
    fn the_only_other_handler_needs_no_name_over_http_either() {
        let mut handlers = all();
        handlers.push(plain("other", 9));
        let dispatch = Dispatch::choose_by_name(handlers.clone(), Choice::default(), None).unwrap();
        assert!(dispatch.has_default());
        assert_eq!(found(&dispatch, "null"), "other");
        handlers.push(plain("embed", 11));
        let fault = Dispatch::choose_by_name(handlers, Choice::default(), None).unwrap_err();
        let fault = fault.to_string();
        for part in ["`embed` (src/main.rs:7)", "`embed` (src/main.rs:11)"] {
            assert!(fault.contains(part), "{fault}");
        }
    }

    #[test]
    fn a_chosen_handler_serves_its_route_alone() {
        let choice = Choice {
            handler: Some(FunctionId::of(&super::plain)),
            route: None,
        };
        let dispatch = Dispatch::choose(all(), choice, None).unwrap();
        assert_eq!(
            found(&dispatch, r#"{"openai_route":"/v1/models"}"#),
            "openai"
        );
        assert_eq!(
            found(&dispatch, r#"{"openai_route":"/v1/embeddings"}"#),
            "openai"
        );
        assert_eq!(found(&dispatch, "null"), "chat");
    }

    #[test]
    fn two_handlers_of_one_model_and_route_are_an_error() {
        let mut handlers = all();
        handlers.push(served("again", 9, Route::Embeddings, "small"));
        let fault = fault(handlers, Choice::default(), None);
        for part in [
            "`embed` (src/main.rs:7)",
            "`again` (src/main.rs:9)",
            "model = ",
        ] {
            assert!(fault.contains(part), "{fault}");
        }
    }
}
