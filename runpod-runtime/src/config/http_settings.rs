//! The settings of HTTP mode: a load-balancing endpoint, a realtime endpoint, or `--serve-http`.
//!
//! One image can serve both kinds of endpoint, because the environment decides. A worker of a queue endpoint has
//! `RUNPOD_WEBHOOK_GET_JOB`. Without this variable, one of `PORT`, `PORT_HEALTH`, `HEALTH_CHECK_PATH` and
//! `RUNPOD_ENDPOINT_ID` means that the worker belongs to a load-balancing endpoint.

use std::time::Duration;

use super::arguments::Arguments;
use super::environment::Environment;
use super::error::{Fault, found};
use super::platform_urls::{PlatformUrls, TAKE};
use super::resolver::{Resolver, Variable};

const PORT: &str = "PORT";
const PORT_HEALTH: &str = "PORT_HEALTH";
const HEALTH_CHECK_PATH: &str = "HEALTH_CHECK_PATH";
const ENDPOINT_ID: &str = "RUNPOD_ENDPOINT_ID";
const WAIT: &str = "RUNPOD_HTTP_WAIT_S";
const REALTIME_PORT: &str = "RUNPOD_REALTIME_PORT";
const REALTIME_CONCURRENCY: &str = "RUNPOD_REALTIME_CONCURRENCY";

/// The port to which Runpod's load balancer sends requests if `PORT` is not set.
const PLATFORM_PORT: u16 = 80;
const LOCAL_PORT: u16 = 8000;
const EVERYWHERE: &str = "0.0.0.0";
const LOOPBACK: &str = "127.0.0.1";

/// Short enough that a client gets an answer before Runpod's limit of 5.5 minutes, and long enough for the load
/// balancer to start another worker.
const DEFAULT_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// The settings of the HTTP server.
#[derive(Debug, Clone)]
#[cfg_attr(
    not(feature = "http"),
    expect(dead_code, reason = "the feature `http` reads them")
)]
pub(crate) struct HttpSettings {
    pub(crate) kind: HttpKind,
    pub(crate) host: &'static str,
    pub(crate) port: u16,
    /// The name of the setting that `port` comes from, for messages.
    pub(crate) port_from: &'static str,
    /// The port of the health check, which is the same as `port` by default.
    pub(crate) health_port: u16,
    pub(crate) health_path: String,
    /// How long a request may wait for a slot.
    pub(crate) wait: Duration,
    /// Overrides the worker's own concurrency.
    pub(crate) concurrency: Option<usize>,
    /// The address of heartbeats, if there are any.
    pub(crate) heartbeats: Option<PlatformUrls>,
    /// The reason why this worker serves HTTP, for the log.
    pub(crate) because: &'static str,
}

/// Which requests the server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HttpKind {
    /// Each handler at its own path.
    Handlers,
    /// The SDK's realtime route.
    Realtime,
}

impl HttpSettings {
    /// Returns whether only programs on this machine may use the server (`--serve-http`).
    pub(crate) fn is_local(&self) -> bool {
        self.host == LOOPBACK
    }

    /// Returns whether the environment asked for the server, as on a load-balancing endpoint. Realtime endpoints have no
    /// fitness checks in the SDK.
    pub(crate) fn is_deployed(&self) -> bool {
        self.kind == HttpKind::Handlers && !self.is_local()
    }
}

/// Returns whether the worker will serve each handler at its own path. The handlers are chosen accordingly, before the
/// settings are resolved.
pub(crate) fn serves_handlers(environment: &Environment, arguments: &Arguments) -> bool {
    if !cfg!(feature = "http") || arguments.serve_api || realtime_port_is_set(environment) {
        return false;
    }
    arguments.serve_http || (arguments.test_input.is_none() && balanced(environment).is_some())
}

/// Returns why this worker belongs to a load-balancing endpoint, or `None` if it does not.
fn balanced(environment: &Environment) -> Option<&'static str> {
    let is_set = |name| environment.get(name).is_some();
    if is_set(TAKE) {
        return None;
    }
    [
        (PORT, "PORT is set and RUNPOD_WEBHOOK_GET_JOB is not"),
        (
            PORT_HEALTH,
            "PORT_HEALTH is set and RUNPOD_WEBHOOK_GET_JOB is not",
        ),
        (
            HEALTH_CHECK_PATH,
            "HEALTH_CHECK_PATH is set and RUNPOD_WEBHOOK_GET_JOB is not",
        ),
        (
            ENDPOINT_ID,
            "RUNPOD_ENDPOINT_ID is set and RUNPOD_WEBHOOK_GET_JOB is not",
        ),
    ]
    .into_iter()
    .find_map(|(name, because)| is_set(name).then_some(because))
}

fn realtime_port_is_set(environment: &Environment) -> bool {
    environment
        .get(REALTIME_PORT)
        .is_some_and(|port| port.trim() != "0")
}

impl Resolver<'_> {
    /// Returns the settings if a flag or `RUNPOD_REALTIME_PORT` asks for HTTP. Both come before the queue.
    pub(super) fn http_by_request(
        &mut self,
        arguments: &Arguments,
        worker_id: &str,
    ) -> Variable<HttpSettings> {
        if arguments.serve_http {
            if !cfg!(feature = "http") {
                self.fault(needs_feature("--serve-http"));
                return Variable::Unusable;
            }
            return self.handlers(arguments.http_port, "--serve-http was given", true);
        }
        if arguments.http_port.is_some() {
            self.warnings
                .push("--http-port has no effect without --serve-http".to_owned());
        }
        if !realtime_port_is_set(self.environment) {
            return Variable::Unset;
        }
        if !cfg!(feature = "http") {
            self.warnings.push(format!(
                "{REALTIME_PORT} is set, but this program was built without the feature `http` of runpod-worker, which \
                 realtime endpoints need; the variable is ignored"
            ));
            return Variable::Unset;
        }
        self.realtime(worker_id)
    }

    /// Returns the settings if the environment is that of a load-balancing endpoint.
    pub(super) fn http_by_environment(&mut self) -> Variable<HttpSettings> {
        let Some(because) = balanced(self.environment) else {
            return Variable::Unset;
        };
        if !cfg!(feature = "http") {
            // A variable such as `PORT` may have another meaning for this program.
            if self.environment.get(ENDPOINT_ID).is_some() {
                self.warnings.push(format!(
                    "{ENDPOINT_ID} is set and {TAKE} is not, as on a load-balancing endpoint, but this program was built \
                     without the feature `http` of runpod-worker, so it cannot serve one"
                ));
            }
            return Variable::Unset;
        }
        self.handlers(None, because, false)
    }

    fn handlers(
        &mut self,
        flag: Option<u16>,
        because: &'static str,
        is_local: bool,
    ) -> Variable<HttpSettings> {
        let before = self.faults.len();
        let of_variable = self.port(PORT, "correct it, or unset it to use 80");
        let (port, port_from) = match (flag, of_variable) {
            (Some(port), _) => (port, "--http-port"),
            (None, Some(port)) => (port, PORT),
            (None, None) if is_local => (LOCAL_PORT, "--http-port"),
            (None, None) => (PLATFORM_PORT, PORT),
        };
        let health_port = self.port(
            PORT_HEALTH,
            "correct it, or unset it to use the same port as PORT",
        );
        let health_path = self.health_path();
        let wait = self.wait();
        if self.faults.len() > before {
            return Variable::Unusable;
        }
        Variable::Usable(HttpSettings {
            kind: HttpKind::Handlers,
            host: if is_local { LOOPBACK } else { EVERYWHERE },
            port,
            port_from,
            health_port: health_port.unwrap_or(port),
            health_path: health_path.unwrap_or_else(|| "/ping".to_owned()),
            wait: wait.unwrap_or(DEFAULT_WAIT),
            concurrency: None,
            heartbeats: None,
            because,
        })
    }

    fn realtime(&mut self, worker_id: &str) -> Variable<HttpSettings> {
        let before = self.faults.len();
        let port = self.port(
            REALTIME_PORT,
            "correct it, or unset it to take jobs from the queue",
        );
        let concurrency = self.value(
            REALTIME_CONCURRENCY,
            "a whole number, 1 or greater",
            "correct it, or unset it to use the worker's own concurrency",
            |text| text.parse().ok().filter(|jobs| *jobs > 0),
        );
        let wait = self.wait();
        let (Some(port), true) = (port, self.faults.len() == before) else {
            return Variable::Unusable;
        };
        if self.environment.get(ENDPOINT_ID).is_none() {
            self.warnings.push(format!(
                "{REALTIME_PORT} is set, but {ENDPOINT_ID} is not, so the realtime endpoint has no address"
            ));
        }
        Variable::Usable(HttpSettings {
            kind: HttpKind::Realtime,
            host: EVERYWHERE,
            port,
            port_from: REALTIME_PORT,
            health_port: port,
            health_path: "/ping".to_owned(),
            wait: wait.unwrap_or(DEFAULT_WAIT),
            concurrency,
            heartbeats: PlatformUrls::of_heartbeats(self, worker_id),
            because: "RUNPOD_REALTIME_PORT is set",
        })
    }

    fn port(&mut self, variable: &str, remedy: &str) -> Option<u16> {
        self.value(variable, "a port number from 1 to 65535", remedy, |text| {
            text.parse().ok().filter(|port| *port > 0)
        })
    }

    fn wait(&mut self) -> Option<Duration> {
        self.value(
            WAIT,
            "a number of seconds from 0 to 3600",
            "correct it, or unset it to use 30",
            |text| {
                let wait = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
                (wait <= LONGEST_WAIT).then_some(wait)
            },
        )
    }

    fn health_path(&mut self) -> Option<String> {
        let path = self.value(
            HEALTH_CHECK_PATH,
            "a path such as /ping, which starts with a slash and has no query",
            "correct it, or unset it to use /ping",
            |text| {
                let is_path = text.starts_with('/')
                    && text
                        .bytes()
                        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#'));
                is_path.then(|| text.to_owned())
            },
        )?;
        if path == "/openapi.json" {
            self.fault(
                Fault::new(HEALTH_CHECK_PATH, found(&path))
                    .expected("a path that the server does not use for its OpenAPI document")
                    .remedy("choose another path, or unset it to use /ping"),
            );
        }
        Some(path)
    }
}

fn needs_feature(flag: &str) -> Fault {
    Fault::new(
        flag,
        "this program was built without the feature `http` of runpod-worker, which serves HTTP",
    )
    .remedy("add the feature to the dependency in Cargo.toml: runpod-worker = { …, features = [\"http\"] }")
}

#[cfg(test)]
#[path = "http_settings_tests.rs"]
mod tests;
