//! A URL of the platform with placeholders for ids.

use std::borrow::Cow;

use reqwest::Url;

use super::error::{Fault, cut};
use crate::text::encode_component;

/// The placeholder for the worker's id.
const WORKER: &str = "$RUNPOD_POD_ID";

/// The placeholder for the job's id, or for the worker's id in the job-take URL.
const ID: &str = "$ID";

/// The expected format of every URL variable.
pub(super) const EXPECTED: &str =
    "a URL such as https://host/path, without a user name or password";

/// A URL in which the worker's id is filled in and a job's id may still be missing.
///
/// [`parse`](UrlTemplate::parse) finds all errors, so an invalid URL cannot fail a job later.
#[derive(Clone)]
pub(super) struct UrlTemplate {
    url: Url,
    /// The parts of the URL around the id's placeholders, and the separator before an additional query parameter.
    /// They are precomputed, because a URL is built for each post.
    around_id: Vec<String>,
    joint: &'static str,
    /// The id that is filled in, and the original text into which another worker's id can be inserted.
    worker_id: String,
    text: String,
}

impl UrlTemplate {
    /// Parses the value of a variable. The worker's id is inserted before parsing, because its placeholder may occur
    /// anywhere.
    pub(super) fn parse(variable: &str, text: &str, worker_id: &str) -> Result<Self, Fault> {
        let fault = |problem: String| {
            Fault::new(
                variable,
                format!("{problem}, found \"{}\"", without_secrets(text)),
            )
            .expected(EXPECTED)
        };
        let filled = text.replace(WORKER, &encode_component(worker_id));
        let mut url = Url::parse(&filled).map_err(|error| fault(format!("not a URL ({error})")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(fault("the scheme is neither http nor https".to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            // A user name or password would become an `Authorization` header, but that header carries the API key.
            return Err(fault("a user name or a password in the URL".to_owned()));
        }
        // The parser converts the host to lower case.
        let host_has_id = url
            .host_str()
            .is_none_or(|host| host.contains(&ID.to_lowercase()));
        if host_has_id {
            return Err(fault(format!("{ID} in the host name")));
        }
        url.set_fragment(None);
        Ok(Self {
            around_id: url.as_str().split(ID).map(str::to_owned).collect(),
            joint: joint(&url),
            url,
            worker_id: worker_id.to_owned(),
            text: text.to_owned(),
        })
    }

    /// Returns the template with another worker's id. If the id is empty, `.` or `..`, or if it makes the URL
    /// invalid, the template stays unchanged.
    pub(super) fn of_worker(&self, worker_id: &str) -> Cow<'_, Self> {
        if worker_id == self.worker_id || matches!(worker_id, "" | "." | "..") {
            return Cow::Borrowed(self);
        }
        Self::parse("", &self.text, worker_id).map_or(Cow::Borrowed(self), Cow::Owned)
    }

    /// Returns the URL with this id.
    pub(super) fn with_id(&self, id: &str) -> Url {
        self.parsed(&self.text_with_id(id, 0))
    }

    /// Returns the URL with this id and one or more query parameters appended.
    pub(super) fn with_id_and_query(&self, id: &str, pairs: &str) -> Url {
        let mut text = self.text_with_id(id, self.joint.len() + pairs.len());
        text.push_str(self.joint);
        text.push_str(pairs);
        self.parsed(&text)
    }

    fn text_with_id(&self, id: &str, room: usize) -> String {
        let id = encode_component(id);
        let length: usize = self
            .around_id
            .iter()
            .map(|part| part.len() + id.len())
            .sum();
        let mut text = String::with_capacity(length + room);
        for (number, part) in self.around_id.iter().enumerate() {
            if number > 0 {
                text.push_str(&id);
            }
            text.push_str(part);
        }
        text
    }

    /// Parses a completed URL. The fallback is never needed, because a URL stays valid if an encoded id is inserted.
    fn parsed(&self, text: &str) -> Url {
        Url::parse(text).unwrap_or_else(|_| self.url.clone())
    }

    /// Returns the URL of a template that needs no further id.
    pub(super) fn as_it_is(&self) -> Url {
        self.url.clone()
    }
}

/// Returns the URL with one or more query parameters appended.
pub(super) fn with_query(mut url: Url, pairs: &str) -> Url {
    let query = match url.query() {
        Some(query) if !query.is_empty() => format!("{query}&{pairs}"),
        _ => pairs.to_owned(),
    };
    url.set_query(Some(&query));
    url
}

/// Returns the separator before an additional query parameter.
fn joint(url: &Url) -> &'static str {
    match url.query() {
        None => "?",
        Some("") => "",
        Some(_) => "&",
    }
}

/// Returns the parts of the job-take URL that identify an endpoint: the host, and the address without the worker's
/// id, the query, the user name and the password, which may be secret. Returns `None` if the text is not a URL.
pub(super) fn address_without_worker(text: &str, worker_id: &str) -> Option<(String, String)> {
    let url = Url::parse(&text.replace(WORKER, "worker").replace(ID, "worker")).ok()?;
    let host = url.host_str()?.to_owned();
    let port = url.port_or_known_default()?;
    let worker_id = encode_component(worker_id);
    let path: Vec<_> = url
        .path_segments()?
        .map(|part| if part == worker_id { "worker" } else { part })
        .collect();
    let address = format!("{}://{host}:{port}/{}", url.scheme(), path.join("/"));
    Some((host, address))
}

/// Returns the parts of an invalid URL that may be shown: everything except its query, user name and password.
fn without_secrets(text: &str) -> String {
    let (rest, query) = match text.find(['?', '#']) {
        Some(start) => (&text[..start], "?…"),
        None => (text, ""),
    };
    let shown = match rest.rfind('@') {
        Some(at) => {
            let scheme = rest.find("://").map_or(0, |start| start + 3).min(at);
            format!("{}…{}", &rest[..scheme], &rest[at..])
        }
        None => rest.to_owned(),
    };
    cut(&shown) + query
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn template(text: &str) -> UrlTemplate {
        UrlTemplate::parse("RUNPOD_X", text, "w1").unwrap_or_else(|fault| panic!("{fault}"))
    }

    fn fault(text: &str) -> String {
        match UrlTemplate::parse("RUNPOD_X", text, "w1") {
            Ok(template) => panic!("{} was accepted", template.url),
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn worker_and_job_are_put_where_their_placeholders_stand() {
        let url = template(
            "https://h.io/v2/e/job-done/$RUNPOD_POD_ID/$ID?gpu=A%20B&w=$RUNPOD_POD_ID&j=$ID",
        )
        .with_id("j-1");
        assert_eq!(
            url.as_str(),
            "https://h.io/v2/e/job-done/w1/j-1?gpu=A%20B&w=w1&j=j-1"
        );
    }

    #[test]
    fn an_id_cannot_leave_its_place() {
        let template = template("http://h/done/$ID?gpu=x");
        assert_eq!(
            template.with_id("a/../b?c#d&e=f%20 ä").as_str(),
            "http://h/done/a%2F..%2Fb%3Fc%23d%26e%3Df%2520%20%C3%A4?gpu=x"
        );
        assert_eq!(template.with_id("A-Z.a_z~09").path(), "/done/A-Z.a_z~09");
        assert_eq!(template.with_id("$ID").path(), "/done/%24ID");
    }

    #[test]
    fn a_worker_id_with_reserved_characters_is_encoded_before_parsing() {
        let template = UrlTemplate::parse("X", "http://h/$RUNPOD_POD_ID/$ID", "a b/@").unwrap();
        assert_eq!(template.with_id("j").as_str(), "http://h/a%20b%2F%40/j");
    }

    #[test]
    fn a_query_is_extended_or_begun() {
        let url = |text| Url::parse(text).unwrap();
        for (before, after) in [
            ("http://h/p?gpu=x", "http://h/p?gpu=x&isStream=false"),
            ("http://h/p", "http://h/p?isStream=false"),
            ("http://h/p?", "http://h/p?isStream=false"),
        ] {
            assert_eq!(with_query(url(before), "isStream=false").as_str(), after);
        }
    }

    #[test]
    fn a_fragment_is_dropped() {
        assert_eq!(
            template("http://h/p?a=1#part").as_it_is().as_str(),
            "http://h/p?a=1"
        );
    }

    #[test]
    fn what_is_no_url_is_said_with_what_was_expected() {
        assert_eq!(
            fault("example.com/take?key=SECRET"),
            "RUNPOD_X: not a URL (relative URL without a base), found \"example.com/take?…\"; \
             expected a URL such as https://host/path, without a user name or password"
        );
        assert!(
            fault("https://").starts_with("RUNPOD_X: not a URL (empty host), found \"https://\"")
        );
        assert!(fault("http://h:port/").starts_with("RUNPOD_X: not a URL (invalid port number)"));
    }

    #[test]
    fn another_scheme_is_refused() {
        assert!(
            fault("ftp://host/x").starts_with(
                "RUNPOD_X: the scheme is neither http nor https, found \"ftp://host/x\""
            )
        );
        assert!(fault("host:80/x").starts_with("RUNPOD_X: the scheme is neither http nor https"));
    }

    #[test]
    fn user_and_password_are_refused_and_not_shown() {
        for text in [
            "https://user:PASS@word@host/x?k=SECRET",
            "ftp://user:PASS@word@host/x?k=SECRET",
            "https://user:PASS@word@:bad/x#SECRET",
        ] {
            let fault = fault(text);
            assert!(
                !fault.contains("PASS") && !fault.contains("SECRET"),
                "{fault}"
            );
        }
        assert!(fault("https://user:PASS@host/x").starts_with(
            "RUNPOD_X: a user name or a password in the URL, found \"https://…@host/x\""
        ));
    }

    #[test]
    fn a_job_id_in_the_host_is_refused() {
        assert!(fault("https://$ID.host/x").starts_with("RUNPOD_X: $ID in the host name"));
    }

    proptest! {
        #[test]
        fn no_id_changes_anything_but_its_own_place(id in "[^.].*", worker in "[^.].*") {
            let text = "https://h.io:8443/v2/e/job-done/$RUNPOD_POD_ID/$ID/end?gpu=A%20B&j=$ID&x=1";
            let url = UrlTemplate::parse("X", text, &worker).unwrap().with_id(&id);
            let (id, worker) = (encode_component(&id), encode_component(&worker));
            prop_assert_eq!(
                url.as_str(),
                format!("https://h.io:8443/v2/e/job-done/{worker}/{id}/end?gpu=A%20B&j={id}&x=1")
            );
        }

        #[test]
        fn no_value_brings_the_worker_down_and_no_secret_of_it_is_shown(text: String, worker: String) {
            let text = format!("{text}://user:S3CRET-PASSWORD@{text}?key=S3CRET-KEY");
            if let Err(fault) = UrlTemplate::parse("X", &text, &worker) {
                prop_assert!(!fault.to_string().contains("S3CRET"), "{fault}");
            }
        }
    }

    #[test]
    fn an_id_of_dots_is_no_reason_to_panic() {
        assert_eq!(
            template("http://h/done/$ID").with_id("..").as_str(),
            "http://h/"
        );
    }
}
