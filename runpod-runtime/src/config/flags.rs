//! The worker's own flags, with the SDK's names and the same names in kebab case. The SDK does not have `--schema`, `--check`,
//! `--serve-http`, `--http-port`,
//! `--rp_api_rate_limits`, `--rp_api_faults`, `--rp_api_allow_host` and `--rp_api_allow_origin`.

/// A worker flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
    TestInput,
    TestOutput,
    Schema,
    Check,
    ServeApi,
    ApiHost,
    ApiPort,
    ApiConcurrency,
    ApiRateLimits,
    ApiFaults,
    ApiAllowHost,
    ApiAllowOrigin,
    ServeHttp,
    HttpPort,
    LogLevel,
    Debugger,
}

impl Flag {
    /// All flags, in the order of `--help`.
    pub(super) const ALL: [Self; 16] = [
        Self::TestInput,
        Self::TestOutput,
        Self::Schema,
        Self::Check,
        Self::ServeApi,
        Self::ApiHost,
        Self::ApiPort,
        Self::ApiConcurrency,
        Self::ApiRateLimits,
        Self::ApiFaults,
        Self::ApiAllowHost,
        Self::ApiAllowOrigin,
        Self::ServeHttp,
        Self::HttpPort,
        Self::LogLevel,
        Self::Debugger,
    ];

    /// Returns the flag with exactly this name, in either spelling.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|flag| flag.sdk_name() == name || flag.kebab_name() == name)
    }

    /// Returns the SDK's spelling.
    pub(super) fn sdk_name(self) -> &'static str {
        match self {
            Self::TestInput => "--test_input",
            Self::TestOutput => "--test_output",
            Self::Schema => "--schema",
            Self::Check => "--check",
            Self::ServeApi => "--rp_serve_api",
            Self::ApiHost => "--rp_api_host",
            Self::ApiPort => "--rp_api_port",
            Self::ApiConcurrency => "--rp_api_concurrency",
            Self::ApiRateLimits => "--rp_api_rate_limits",
            Self::ApiFaults => "--rp_api_faults",
            Self::ApiAllowHost => "--rp_api_allow_host",
            Self::ApiAllowOrigin => "--rp_api_allow_origin",
            Self::ServeHttp => "--serve-http",
            Self::HttpPort => "--http-port",
            Self::LogLevel => "--rp_log_level",
            Self::Debugger => "--rp_debugger",
        }
    }

    /// Returns the kebab-case spelling.
    pub(super) fn kebab_name(self) -> &'static str {
        match self {
            Self::TestInput => "--test-input",
            Self::TestOutput => "--test-output",
            Self::Schema => "--schema",
            Self::Check => "--check",
            Self::ServeApi => "--serve-api",
            Self::ApiHost => "--api-host",
            Self::ApiPort => "--api-port",
            Self::ApiConcurrency => "--api-concurrency",
            Self::ApiRateLimits => "--api-rate-limits",
            Self::ApiFaults => "--api-faults",
            Self::ApiAllowHost => "--api-allow-host",
            Self::ApiAllowOrigin => "--api-allow-origin",
            Self::ServeHttp => "--serve-http",
            Self::HttpPort => "--http-port",
            Self::LogLevel => "--log-level",
            Self::Debugger => "--debugger",
        }
    }

    /// Returns the placeholder for the value in `--help`, or `None` if the flag takes no value.
    pub(super) fn placeholder(self) -> Option<&'static str> {
        match self {
            Self::TestInput | Self::TestOutput => Some("JSON"),
            Self::ApiFaults => Some("RULES"),
            Self::ApiHost => Some("HOST"),
            Self::ApiAllowHost => Some("NAME"),
            Self::ApiAllowOrigin => Some("ORIGIN"),
            Self::ApiPort | Self::HttpPort => Some("PORT"),
            Self::ApiConcurrency => Some("N"),
            Self::LogLevel => Some("LEVEL"),
            Self::Schema
            | Self::Check
            | Self::ServeApi
            | Self::ApiRateLimits
            | Self::ServeHttp
            | Self::Debugger => None,
        }
    }

    /// Returns the description for `--help`.
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::TestInput => "run this job, print its result and exit",
            Self::TestOutput => "exit with code 1 if the test job's result differs from this one",
            Self::Schema => "print the JSON Schema of inputs and outputs (feature `schema`)",
            Self::Check => "run all fitness checks, print their results and exit",
            Self::ServeApi => "serve a local endpoint, with a page to send jobs from",
            Self::ApiHost => "host name or address to listen on [default: localhost]",
            Self::ApiPort => "port to listen on, 0 for any free port [default: 8000]",
            Self::ApiConcurrency => {
                "number of jobs to run at once [default: the worker's concurrency]"
            }
            Self::ApiRateLimits => "enforce Runpod's rate limits (status 429)",
            Self::ApiFaults => "make requests fail on purpose: JSON rules, or their file",
            Self::ApiAllowHost => "also accept this host name, such as host.docker.internal",
            Self::ApiAllowOrigin => {
                "accept web pages from this origin, such as http://localhost:3000"
            }
            Self::ServeHttp => "serve HTTP, as on a load-balancing endpoint (feature `http`)",
            Self::HttpPort => "port for --serve-http, 0 for any free port [default: PORT, or 8000]",
            Self::LogLevel => "NOTSET, TRACE, DEBUG, INFO, WARN or ERROR [default: DEBUG]",
            Self::Debugger => "add timings and system information to each output",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_known_by_both_of_its_names_and_by_no_other() {
        for flag in Flag::ALL {
            assert_eq!(Flag::named(flag.sdk_name()), Some(flag));
            assert_eq!(Flag::named(flag.kebab_name()), Some(flag));
        }
        assert_eq!(Flag::named("--rp-log-level"), None);
        assert_eq!(Flag::named("test_input"), None);
    }
}
