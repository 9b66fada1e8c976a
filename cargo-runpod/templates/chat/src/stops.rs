//! Ends a text before a stop string, which can be spread over several tokens.

/// Withholds text for as long as it can be the beginning of a stop string.
#[derive(Debug)]
pub struct Stops {
    strings: Vec<String>,
    held: String,
}

impl Stops {
    pub fn new(strings: Vec<String>) -> Self {
        let strings = strings.into_iter().filter(|it| !it.is_empty()).collect();
        Self {
            strings,
            held: String::new(),
        }
    }

    /// Adds text. Returns the text that can be sent, and whether a stop string was found after it.
    pub fn add(&mut self, text: &str) -> (String, bool) {
        self.held.push_str(text);
        let found = self
            .strings
            .iter()
            .filter_map(|stop| self.held.find(stop))
            .min();
        if let Some(end) = found {
            self.held.truncate(end);
            return (self.rest(), true);
        }
        let withheld = self.held.char_indices().map(|(at, _)| at).find(|at| {
            self.strings
                .iter()
                .any(|stop| stop.starts_with(&self.held[*at..]))
        });
        let rest = self.held.split_off(withheld.unwrap_or(self.held.len()));
        (std::mem::replace(&mut self.held, rest), false)
    }

    /// Returns the text that is withheld, because the reply has ended.
    pub fn rest(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops(strings: &[&str]) -> Stops {
        Stops::new(strings.iter().map(|it| (*it).to_owned()).collect())
    }

    fn sent(text: &str) -> (String, bool) {
        (text.to_owned(), false)
    }

    #[test]
    fn without_stop_strings_all_text_is_sent_at_once() {
        let mut stops = stops(&["", ""]);
        assert_eq!(stops.add(" größer"), sent(" größer"));
        assert_eq!(stops.rest(), "");
    }

    #[test]
    fn a_stop_string_over_several_tokens_ends_the_text_before_it() {
        let mut stops = stops(&["END", "é!"]);
        assert_eq!(stops.add("one E"), sent("one "));
        assert_eq!(stops.add("N"), sent(""));
        assert_eq!(stops.add("D two"), (String::new(), true));
    }

    #[test]
    fn text_that_only_looked_like_a_stop_string_is_sent_later() {
        let mut stops = stops(&["\n\nUser:"]);
        assert_eq!(stops.add("one\n"), sent("one"));
        assert_eq!(stops.add("\n\nUs"), sent("\n"));
        assert_eq!(stops.add("ually"), sent("\n\nUsually"));
        assert_eq!(stops.add("\n\nU"), sent(""));
        assert_eq!(stops.rest(), "\n\nU");
    }

    #[test]
    fn the_first_of_several_stop_strings_counts() {
        assert_eq!(stops(&["c", "b"]).add("abc"), ("a".to_owned(), true));
    }
}
