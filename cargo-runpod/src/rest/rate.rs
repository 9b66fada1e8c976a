//! The time that a server asks a client to wait: `RateLimit` and `Retry-After`.

use std::time::Duration;

use reqwest::header::HeaderMap;

use crate::invoke::client;

/// Returns the pause after a refusal with status 429. An exhausted window counts until its reset.
pub(super) fn pause(headers: &HeaderMap) -> Option<Duration> {
    let of_windows = headers
        .get("ratelimit")
        .and_then(|value| value.to_str().ok())
        .and_then(exhausted);
    of_windows.max(client::retry_after(headers))
}

/// Reads a list such as `"minute";r=0;t=12, "hour";r=2800;t=1812`: `r` requests remain, and the window resets after `t`
/// seconds.
fn exhausted(list: &str) -> Option<Duration> {
    let windows = list.split(',').filter_map(|window| {
        let number = |name: &str| {
            window
                .split(';')
                .filter_map(|parameter| parameter.trim().split_once('='))
                .find(|(key, _)| *key == name)
                .and_then(|(_, value)| value.parse::<u64>().ok())
        };
        (number("r")? == 0).then(|| number("t")).flatten()
    });
    windows.max().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_exhausted_window_counts() {
        let list = r#""minute";r=0;t=12, "hour";r=2800;t=1812, "day";r=0;t=30"#;
        assert_eq!(exhausted(list), Some(Duration::from_secs(30)));
        assert_eq!(exhausted(r#""minute";r=1;t=12"#), None);
        assert_eq!(exhausted("nonsense, ;;;r=0, \"m\";t=x;r=0"), None);
    }

    #[test]
    fn retry_after_counts_if_it_is_longer() {
        let mut headers = HeaderMap::new();
        headers.insert("ratelimit", r#""minute";r=0;t=3"#.parse().unwrap());
        assert_eq!(pause(&headers), Some(Duration::from_secs(3)));
        headers.insert("retry-after", "7".parse().unwrap());
        assert_eq!(pause(&headers), Some(Duration::from_secs(7)));
        assert_eq!(pause(&HeaderMap::new()), None);
    }
}
