//! The id of a request, which becomes the id of its job.

use axum::http::{HeaderMap, HeaderName};

/// The header that contains the id, in the request and in the response.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longer ids are not used, because the id is in every log line.
const LONGEST: usize = 128;

/// Returns the id from the request's header, or a new one if there is none that is safe to log.
pub(super) fn of(headers: &HeaderMap) -> String {
    headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| is_usable(id))
        .map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned)
}

fn is_usable(id: &str) -> bool {
    !matches!(id, "" | "." | "..")
        && id.len() <= LONGEST
        && id.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_header(value: &[u8]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, value.try_into().unwrap());
        of(&headers)
    }

    #[test]
    fn an_id_that_is_unsafe_to_log_is_replaced() {
        assert_eq!(of_header(b"abc-1/x"), "abc-1/x");
        for unusable in [&b""[..], b"..", b"a b", b"a\tb", b"\xff\xfe", &[b'x'; 129]] {
            let id = of_header(unusable);
            assert!(uuid::Uuid::parse_str(&id).is_ok(), "{id}");
        }
    }
}
