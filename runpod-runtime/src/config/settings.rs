//! Resolves the settings from the environment and the arguments.

use std::time::Duration;

use serde_json::Value;

use super::api_key::{API_KEY, LOCAL_API_KEY};
use super::arguments::Arguments;
use super::environment::{Environment, ProcessContext};
use super::error::{ConfigError, Fault};
use super::fitness::FitnessSettings;
use super::http_settings::HttpSettings;
use super::log_level::LogLevel;
use super::platform_urls::PlatformUrls;
use super::resolver::{Resolver, Variable};
use super::secret::{Secret, Secrets};
use super::spool_directory::SpoolDirectory;
use super::test_job::{self, TestSource};

/// The secret key of the bucket for uploads (feature `upload`).
pub(crate) const BUCKET_SECRET: &str = "BUCKET_SECRET_ACCESS_KEY";

/// The default interval between heartbeats.
const PING_INTERVAL: Duration = Duration::from_secs(10);

/// The default grace time for running jobs after a shutdown signal.
const SHUTDOWN_GRACE: Duration = Duration::from_mins(10);

/// The largest result that is posted by default, in bytes: the most that the documented 20 MB can mean.
pub(crate) const LARGEST_RESULT: usize = 20 << 20;

/// The longest accepted interval. Longer values are typing errors, and very long ones would overflow the clock.
const ONE_DAY: Duration = Duration::from_hours(24);

/// The worker's settings, after all checks.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The pod's id, or a random id.
    pub(crate) worker_id: String,
    /// The worker id in error reports: the pod's id, or `unknown` as in the SDK.
    pub(crate) reported_worker_id: String,
    pub(crate) hostname: String,
    #[cfg_attr(
        not(any(test, feature = "http", feature = "otel")),
        expect(dead_code, reason = "the realtime route and the traces use it")
    )]
    pub(crate) endpoint_id: Option<String>,
    pub(crate) api_key: Option<Secret>,
    /// The secrets that are redacted from all output: the keys of the platform, of the local endpoint, and of
    /// the bucket for uploads.
    pub(crate) secrets: Secrets,
    pub(crate) mode: Mode,
    pub(crate) ping_interval: Duration,
    pub(crate) log_level: LogLevel,
    /// Whether log lines have the platform's JSON format instead of readable text.
    pub(crate) json_logs: bool,
    pub(crate) color: bool,
    pub(crate) shutdown_grace: Duration,
    /// How long `main` may run, if the environment says so.
    pub(crate) init_timeout: Option<Duration>,
    /// The candidate directories for undelivered results, the best one first. Empty if the spool is off.
    pub(crate) spools: Vec<SpoolDirectory>,
    /// The port of the Prometheus endpoint. `None` if it is off.
    pub(crate) metrics_port: Option<u16>,
    /// The size in bytes beyond which results and stream items are not posted.
    pub(crate) largest_result: usize,
    pub(crate) debugger: bool,
    pub(crate) test_output: Option<Value>,
    pub(crate) fitness: FitnessSettings,
    /// Warnings for the user, to be logged once logging is set up.
    pub(crate) warnings: Vec<String>,
}

/// The source of the jobs.
#[derive(Debug, Clone)]
pub(crate) enum Mode {
    Platform(PlatformUrls),
    /// One job as JSON text: an object whose `input` is not null.
    TestJob {
        job: String,
        source: TestSource,
    },
    /// An HTTP server that clients send their requests to, through Runpod's load balancer or directly.
    Http(HttpSettings),
    /// Neither a platform nor a test job is configured. The worker reports this and exits with code 1.
    MissingTestInput,
    /// `--check`: the fitness checks alone.
    Check,
    /// The local endpoint, to which this worker is attached.
    ServeApi(
        #[cfg_attr(
            not(any(test, feature = "local")),
            expect(dead_code, reason = "the feature `local` reads it")
        )]
        ApiSettings,
    ),
}

/// The settings of the local endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiSettings {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Overrides the worker's own concurrency.
    pub(crate) concurrency: Option<usize>,
    pub(crate) rate_limits: bool,
    /// Fault rules as JSON, or the name of a file with rules.
    pub(crate) faults: Option<String>,
    pub(crate) api_key: Option<Secret>,
    /// Host names that the endpoint accepts in addition to this machine's own.
    pub(crate) allow_hosts: Vec<String>,
    /// The origins whose web pages may use the endpoint.
    pub(crate) allow_origins: Vec<String>,
    /// The job in `test_input.json`, which the endpoint's page offers as an example.
    pub(crate) example: Option<String>,
}

impl Settings {
    /// Resolves all settings, or reports all faults together.
    pub(crate) fn resolve(
        environment: &Environment,
        arguments: &Arguments,
        context: &ProcessContext,
    ) -> Result<Self, ConfigError> {
        let mut resolver = Resolver {
            environment,
            faults: environment
                .faults()
                .chain(arguments.faults.iter().cloned())
                .collect(),
            warnings: arguments.warnings.clone(),
        };
        let pod_id = resolver.pod_id();
        let endpoint_id = resolver.text("RUNPOD_ENDPOINT_ID");
        let worker_id = pod_id
            .clone()
            .unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        let api_key = resolver.api_key();
        let ping_interval = resolver.ping_interval();
        let metrics_port = resolver.metrics_port();
        let env_log_level = resolver.log_level();
        let shutdown_grace = resolver.shutdown_grace();
        let init_timeout = resolver.init_timeout();
        let largest_result = resolver.largest_result();
        let spools = resolver.spools(context);
        let fitness = resolver.fitness(context, &spools);
        let mode = resolver.mode(arguments, context, &worker_id);
        let Resolver {
            faults, warnings, ..
        } = resolver;
        // Keys that are invalid or unused are also redacted from all output.
        let secrets: Secrets = [API_KEY, LOCAL_API_KEY, BUCKET_SECRET]
            .into_iter()
            .filter_map(|variable| Some(Secret::new(environment.get(variable)?.trim())))
            .collect();
        let (Some(mode), true) = (mode, faults.is_empty()) else {
            return Err(ConfigError::new(faults, &secrets));
        };
        let json_logs = endpoint_id.is_some();
        Ok(Self {
            worker_id,
            reported_worker_id: pod_id.unwrap_or_else(unknown),
            hostname: environment
                .get("RUNPOD_POD_HOSTNAME")
                .map_or_else(unknown, str::to_owned),
            endpoint_id,
            api_key,
            secrets,
            mode,
            ping_interval: ping_interval.unwrap_or(PING_INTERVAL),
            log_level: arguments
                .log_level
                .or(env_log_level)
                .unwrap_or(LogLevel::Debug),
            json_logs,
            color: context.stdout_is_terminal
                && !json_logs
                && environment.get("NO_COLOR").is_none(),
            shutdown_grace: shutdown_grace.unwrap_or(SHUTDOWN_GRACE),
            init_timeout,
            spools,
            metrics_port,
            largest_result: largest_result.unwrap_or(LARGEST_RESULT),
            debugger: arguments.debugger,
            test_output: arguments.test_output.clone(),
            fitness,
            warnings,
        })
    }
}

impl Resolver<'_> {
    fn ping_interval(&mut self) -> Option<Duration> {
        self.value(
            "RUNPOD_PING_INTERVAL",
            "a whole number of milliseconds from 1 to 86400000",
            "correct it, or unset it to use 10000",
            |text| {
                let interval = Duration::from_millis(text.parse().ok()?);
                (!interval.is_zero() && interval <= ONE_DAY).then_some(interval)
            },
        )
    }

    fn metrics_port(&mut self) -> Option<u16> {
        self.value(
            "RUNPOD_METRICS_PORT",
            "a port from 1 to 65535",
            "correct it, or unset it to serve no metrics",
            |text| text.parse().ok().filter(|port| *port != 0),
        )
    }

    fn log_level(&mut self) -> Option<LogLevel> {
        let variable = ["RUNPOD_LOG_LEVEL", "RUNPOD_DEBUG_LEVEL"]
            .into_iter()
            .find(|name| self.environment.get(name).is_some())?;
        self.value(
            variable,
            LogLevel::NAMES,
            "correct it, or unset it to use DEBUG",
            LogLevel::named,
        )
    }

    fn shutdown_grace(&mut self) -> Option<Duration> {
        self.value(
            "RUNPOD_SHUTDOWN_GRACE_S",
            "a number of seconds from 0 to 86400",
            "correct it, or unset it to use 600",
            |text| {
                let grace = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
                (grace <= ONE_DAY).then_some(grace)
            },
        )
    }

    fn largest_result(&mut self) -> Option<usize> {
        self.value(
            "RUNPOD_MAX_RESULT_BYTES",
            "a whole number of bytes above 0",
            "correct it, or unset it to use 20971520",
            |text| text.parse().ok().filter(|bytes| *bytes > 0),
        )
    }

    fn init_timeout(&mut self) -> Option<Duration> {
        self.value(
            "RUNPOD_INIT_TIMEOUT",
            "a number of seconds that is greater than 0 and at most 86400",
            "correct it, or unset it to use 800 or the worker's own `init_timeout`",
            |text| {
                let most = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
                (!most.is_zero() && most <= ONE_DAY).then_some(most)
            },
        )
    }

    /// Chooses the mode in the SDK's order: the local endpoint, a realtime endpoint, the test job from the command line,
    /// the platform, the test job from the file. The SDK has no load-balancing endpoints. `--serve-http` comes first,
    /// and their variables come before the file.
    fn mode(
        &mut self,
        arguments: &Arguments,
        context: &ProcessContext,
        worker_id: &str,
    ) -> Option<Mode> {
        if arguments.check {
            return Some(Mode::Check);
        }
        if arguments.serve_api {
            if arguments.serve_http {
                self.fault(
                    Fault::new("--serve-http", "--rp_serve_api was given, too")
                        .remedy("remove one of the two: both serve this worker on a port"),
                );
            }
            return Some(Mode::ServeApi(self.api(arguments, context)));
        }
        match self.http_by_request(arguments, worker_id) {
            Variable::Unset => {}
            Variable::Unusable => return None,
            Variable::Usable(http) => return Some(Mode::Http(http)),
        }
        if let Some(text) = &arguments.test_input {
            let job = self.check(test_job::from_flag(text))?;
            return Some(Mode::TestJob {
                job,
                source: TestSource::Flag,
            });
        }
        if let Some(take) = self.environment.get("RUNPOD_WEBHOOK_GET_JOB") {
            if self.environment.get(API_KEY).is_none() {
                self.warnings.push(format!(
                    "{API_KEY} is not set, so the platform will refuse to give this worker jobs"
                ));
            }
            let urls = PlatformUrls::resolve(self, take, worker_id, context.streams)?;
            return Some(Mode::Platform(urls));
        }
        match self.http_by_environment() {
            Variable::Unset => {}
            Variable::Unusable => return None,
            Variable::Usable(http) => return Some(Mode::Http(http)),
        }
        let found = self.check(test_job::from_file(&context.working_directory))?;
        Some(match found {
            Some((job, path)) => Mode::TestJob {
                job,
                source: TestSource::File(path),
            },
            None => Mode::MissingTestInput,
        })
    }

    fn api(&mut self, arguments: &Arguments, context: &ProcessContext) -> ApiSettings {
        // The job is only an example on the page, so an invalid file does not stop the endpoint.
        let example = match test_job::from_file(&context.working_directory) {
            Ok(found) => found.map(|(job, _)| job),
            Err(fault) => {
                self.warnings.push(fault.to_string());
                None
            }
        };
        ApiSettings {
            host: arguments
                .api_host
                .clone()
                .unwrap_or_else(|| "localhost".to_owned()),
            port: arguments.api_port.unwrap_or(8000),
            concurrency: arguments.api_concurrency,
            rate_limits: arguments.api_rate_limits,
            faults: arguments.api_faults.clone(),
            api_key: self.local_api_key(),
            allow_hosts: arguments.api_allow_hosts.clone(),
            allow_origins: arguments.api_allow_origins.clone(),
            example,
        }
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
