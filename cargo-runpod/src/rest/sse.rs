//! Reads server-sent events, as the HTML standard defines them, from chunks of bytes.
//!
//! The crates for this bring a parser library for a format of four rules.

/// A line beyond this length is cut. A log line of the platform is far shorter.
const MOST_BYTES: usize = 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    /// Whether the last byte was a carriage return, which ends a line together with a newline after it.
    was_return: bool,
    id: Option<String>,
    data: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) id: Option<String>,
    pub(super) data: String,
}

impl Parser {
    /// Adds a chunk, and returns the events that it completes.
    pub(super) fn feed(&mut self, chunk: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for byte in chunk {
            let is_end = match byte {
                b'\n' if self.was_return => {
                    self.was_return = false;
                    continue;
                }
                b'\n' | b'\r' => true,
                other => {
                    if self.line.len() < MOST_BYTES {
                        self.line.push(*other);
                    }
                    false
                }
            };
            self.was_return = *byte == b'\r';
            if is_end {
                events.extend(self.end_line());
            }
        }
        events
    }

    fn end_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            let id = self.id.take();
            return self.data.take().map(|data| Event { id, data });
        }
        let text = String::from_utf8_lossy(&line);
        let (field, value) = text.split_once(':').unwrap_or((&text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.id = Some(value.to_owned()),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            // A comment, or a field that says nothing here.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(chunks: &[&str]) -> Vec<(Option<String>, String)> {
        let mut parser = Parser::default();
        let events = chunks
            .iter()
            .flat_map(|chunk| parser.feed(chunk.as_bytes()));
        events.map(|event| (event.id, event.data)).collect()
    }

    #[test]
    fn events_are_the_same_however_the_bytes_are_cut() {
        let text = ": hello\r\nid: 1\r\ndata: a\r\ndata:b\r\n\r\nretry: 5\ndata: c\n\nid: 3\n\ndata: not complete\n";
        let expected = vec![
            (Some("1".to_owned()), "a\nb".to_owned()),
            (None, "c".to_owned()),
        ];
        assert_eq!(all(&[text]), expected);
        let bytes: Vec<String> = text.chars().map(String::from).collect();
        let bytes: Vec<&str> = bytes.iter().map(String::as_str).collect();
        assert_eq!(all(&bytes), expected);
    }

    #[test]
    fn a_line_without_an_end_does_not_fill_the_memory() {
        let mut parser = Parser::default();
        for _ in 0..3 {
            assert!(parser.feed(&vec![b'a'; MOST_BYTES]).is_empty());
        }
        assert_eq!(parser.line.len(), MOST_BYTES);
    }
}
