//! Lists the first few of many items, for a log line that must stay short no matter what a platform sends.

use std::fmt::Display;

use crate::text::start_of;

/// How many items are listed.
const NAMED: usize = 3;
/// How many characters of each item are shown.
const LONGEST: usize = 120;

/// Returns a text like `a, b, c and 99997 more`.
pub(super) fn some_of<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let mut items = items.into_iter();
    let mut text = String::new();
    for (index, item) in items.by_ref().take(NAMED).enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        let item = item.to_string();
        text.push_str(&start_of(&item, LONGEST));
    }
    match items.count() {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::some_of;

    #[test]
    fn the_line_is_short_however_many_and_however_long_they_are() {
        assert_eq!(some_of(["a", "b", "c"]), "a, b, c");
        assert_eq!(some_of(0..100_000), "0, 1, 2 and 99997 more");
        let long = some_of(["ä".repeat(1_000_000)]);
        assert_eq!(long, format!("{}…", "ä".repeat(120)));
    }
}
