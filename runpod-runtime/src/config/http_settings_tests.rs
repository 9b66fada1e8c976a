use super::*;
use crate::config::{Mode, ProcessContext, Settings};

fn resolve(environment: &[(&str, &str)], flags: &[&str]) -> Result<Settings, String> {
    let environment = Environment::of(environment.iter().copied());
    let arguments = Arguments::parse(["worker"].iter().chain(flags).map(Into::into));
    let context = ProcessContext {
        working_directory: "/nowhere".into(),
        ..ProcessContext::of_process(false)
    };
    let chosen = serves_handlers(&environment, &arguments);
    let settings =
        Settings::resolve(&environment, &arguments, &context).map_err(|error| error.to_string())?;
    let serves = matches!(&settings.mode, Mode::Http(http) if http.kind == HttpKind::Handlers);
    assert_eq!(chosen, serves, "the handlers are chosen for another mode");
    Ok(settings)
}

#[cfg(not(feature = "http"))]
#[test]
fn without_the_feature_nothing_is_served_and_the_feature_is_named() {
    let settings = resolve(&[(PORT, "80"), (ENDPOINT_ID, "ep")], &[]).unwrap();
    assert!(matches!(settings.mode, Mode::MissingTestInput));
    assert!(settings.warnings[0].contains("feature `http`"));
    let settings = resolve(&[(REALTIME_PORT, "8080")], &[]).unwrap();
    assert!(settings.warnings[0].contains("feature `http`"));
    let error = resolve(&[], &["--serve-http"]).unwrap_err();
    assert!(error.contains("--serve-http: this program was built without the feature `http`"));
}

#[cfg(feature = "http")]
mod with_feature {
    use super::*;

    const QUEUE: [(&str, &str); 2] = [
        (TAKE, "https://h/v2/ep/job-take/$ID?gpu=x"),
        (
            "RUNPOD_WEBHOOK_POST_OUTPUT",
            "https://h/v2/ep/job-done/$RUNPOD_POD_ID/$ID?gpu=x",
        ),
    ];

    #[track_caller]
    fn http(environment: &[(&str, &str)], flags: &[&str]) -> HttpSettings {
        match resolve(environment, flags).map(|settings| settings.mode) {
            Ok(Mode::Http(http)) => http,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_environment_decides_between_a_queue_and_http() {
        for name in [PORT, PORT_HEALTH] {
            assert_eq!(http(&[(name, "5000")], &[]).host, EVERYWHERE, "{name}");
        }
        assert_eq!(http(&[(HEALTH_CHECK_PATH, "/up")], &[]).health_path, "/up");
        let bare = http(&[(ENDPOINT_ID, "ep")], &[]);
        assert_eq!((bare.port, bare.health_port), (80, 80));
        // A queue endpoint has the URL, and an image may set `PORT` for everything.
        let queue = [&QUEUE[..], &[(PORT, "5000"), (ENDPOINT_ID, "ep")]].concat();
        let mode = resolve(&queue, &[]).unwrap().mode;
        assert!(matches!(mode, Mode::Platform(_)), "{mode:?}");
        let job = ["--test_input", r#"{"input": 1}"#];
        let mode = resolve(&[(PORT, "5000")], &job).unwrap().mode;
        assert!(matches!(mode, Mode::TestJob { .. }), "{mode:?}");
    }

    #[test]
    fn the_flag_serves_on_this_machine_only() {
        let local = http(&QUEUE, &["--serve-http"]);
        assert_eq!((local.host, local.port), (LOOPBACK, 8000));
        assert_eq!(http(&[(PORT, "5000")], &["--serve-http"]).port, 5000);
        let chosen = http(
            &[(PORT, "5000"), (PORT_HEALTH, "5001")],
            &["--serve-http", "--http-port", "0"],
        );
        assert_eq!((chosen.port, chosen.health_port), (0, 5001));
        let both = resolve(&[], &["--serve-http", "--rp_serve_api"]).unwrap_err();
        assert!(
            both.contains("--serve-http: --rp_serve_api was given, too"),
            "{both}"
        );
    }

    #[test]
    fn every_malformed_variable_is_named_with_a_remedy() {
        let wrong = [
            (PORT, "http"),
            (PORT_HEALTH, "0"),
            (HEALTH_CHECK_PATH, "ping"),
            (WAIT, "-1"),
        ];
        let error = resolve(&wrong, &[]).unwrap_err();
        for line in [
            "PORT: found \"http\"; expected a port number from 1 to 65535; correct it, or unset it to use 80",
            "PORT_HEALTH: found \"0\"; expected a port",
            "HEALTH_CHECK_PATH: found \"ping\"; expected a path such as /ping",
            "RUNPOD_HTTP_WAIT_S: found \"-1\"; expected a number of seconds",
        ] {
            assert!(error.contains(line), "{line}\nin\n{error}");
        }
        let taken = [(HEALTH_CHECK_PATH, "/openapi.json")];
        assert!(resolve(&taken, &[]).unwrap_err().contains("OpenAPI"));
        let realtime = [(REALTIME_PORT, "x"), (REALTIME_CONCURRENCY, "0")];
        let error = resolve(&realtime, &[]).unwrap_err();
        for name in [REALTIME_PORT, REALTIME_CONCURRENCY] {
            assert!(error.contains(&format!("{name}: found")), "{error}");
        }
    }

    #[test]
    fn a_realtime_endpoint_comes_before_the_queue_as_in_the_sdk() {
        let environment = [
            &QUEUE[..],
            &[
                (REALTIME_PORT, "5000"),
                (REALTIME_CONCURRENCY, "3"),
                (ENDPOINT_ID, "ep"),
            ],
        ]
        .concat();
        let realtime = http(&environment, &[]);
        assert_eq!(realtime.kind, HttpKind::Realtime);
        assert_eq!((realtime.port, realtime.concurrency), (5000, Some(3)));
        assert_eq!(realtime.host, EVERYWHERE);
        let off = [&QUEUE[..], &[(REALTIME_PORT, "0")]].concat();
        assert!(matches!(
            resolve(&off, &[]).unwrap().mode,
            Mode::Platform(_)
        ));
    }
}
