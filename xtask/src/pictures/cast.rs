//! Edits a recording of asciinema, format 2: a header line, then one line `[SECONDS, "o", "OUTPUT"]` for each output.

use std::fmt::Write;

use crate::step::Failure;

/// The longest pause, in seconds. A longer pause, such as a build, is shortened.
const LONGEST_PAUSE: f64 = 1.2;
/// How long the last screen is shown before the recording starts again, in seconds.
const LAST_SCREEN: f64 = 5.0;
/// The sequence with which tmux leaves the screen.
const END: &str = "\\u001b[?1049l";

/// Shortens the pauses, cuts off the output with which tmux exits, and replaces paths of this machine.
pub(super) fn tidied(cast: &str, places: &[(&str, &str)]) -> Result<String, Failure> {
    let mut lines = cast.lines();
    let header = lines.next().unwrap_or_default();
    let mut text = format!("{header}\n");
    let (mut before, mut now) = (0.0, 0.0);
    for line in lines.take_while(|line| !line.contains(END)) {
        let (time, rest) = line
            .strip_prefix('[')
            .and_then(|line| line.split_once(','))
            .and_then(|(time, rest)| Some((time.parse::<f64>().ok()?, rest)))
            .ok_or_else(|| Failure::new(format!("not a line of a recording: {line}")))?;
        now += (time - before).min(LONGEST_PAUSE);
        before = time;
        let rest = places
            .iter()
            .fold(rest.to_owned(), |rest, (from, to)| rest.replace(from, to));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "[{now:.6},{rest}");
    }
    let _ = writeln!(text, "[{:.6}, \"o\", \"\"]", now + LAST_SCREEN);
    Ok(text)
}

#[test]
fn pauses_are_shortened_and_paths_are_replaced() {
    let cast = concat!(
        "{\"version\": 2}\n",
        "[0.5, \"o\", \"in /tmp/x/hello\"]\n",
        "[60.5, \"o\", \"b, c\"]\n",
        "[61.0, \"o\", \"\\u001b[?1049lexited\"]\n",
    );
    assert_eq!(
        tidied(cast, &[("/tmp/x", "/home/you")]).unwrap(),
        concat!(
            "{\"version\": 2}\n",
            "[0.500000, \"o\", \"in /home/you/hello\"]\n",
            "[1.700000, \"o\", \"b, c\"]\n",
            "[6.700000, \"o\", \"\"]\n",
        )
    );
    assert!(tidied("{}\nx\n", &[]).is_err());
}
