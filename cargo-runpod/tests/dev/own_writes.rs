//! Build scripts that write into the source tree.

use serde_json::json;

use crate::command::Dev;
use crate::crate_under_edit::{Crate, MAIN};

/// A build script that runs in every build and writes another text each time. A file outside counts its runs.
fn script(count: &std::path::Path) -> String {
    let count = count.display().to_string();
    format!(
        r#"
fn main() {{
    let count = std::fs::read_to_string({count:?}).unwrap_or_default().len() + 1;
    std::fs::write({count:?}, "x".repeat(count)).unwrap();
    std::fs::write("src/made.rs", format!("pub(crate) const MADE: usize = {{count}};\n")).unwrap();
    std::fs::write("src/made.txt", count.to_string()).unwrap();
}}
"#
    )
}

#[tokio::test]
async fn files_that_the_build_script_writes_are_no_edits() {
    let edited = Crate::new("own-writes");
    let outside = tempfile::tempdir().expect("a folder");
    let count = outside.path().join("count");
    let runs = || std::fs::read_to_string(&count).map_or(0, |text| text.len());
    let main = |edition: &str| {
        MAIN.replace("\"first\"", &format!("{edition:?}"))
            .replace("{ \"edition\"", "{ \"made\": made::MADE, \"edition\"")
            .replace("\nconst EDITION", "\nmod made;\nconst EDITION")
    };
    edited.write("build.rs", &script(&count));
    edited.write("src/main.rs", &main("first"));
    let dev = Dev::start(&edited, &[]);
    let client = dev.client().await;
    // The first time, another build makes sure that nobody has edited the file.
    dev.says("worker-1-2 has taken over").await;
    edited.replace("src/main.rs", &main("second"));
    dev.says("worker-1-3 has taken over").await;
    let job = client.run(json!({ "do": "tell" })).await;
    let output = client.output(&job).await;
    assert_eq!(output["edition"], "second");
    assert_eq!(output["made"], runs());

    // A build that fails is not repeated for them either.
    edited.replace(
        "src/main.rs",
        &main("third").replace("work.what", "work.when"),
    );
    dev.says("the worker does not build").await;
    edited.replace("src/main.rs", &main("fourth"));
    dev.says("worker-1-4 has taken over").await;
    let printed = dev.printed();
    assert!(!printed.contains("made.rs changed"), "{printed}");
    assert!(!printed.contains("made.txt changed"), "{printed}");
    assert_eq!(printed.matches("does not build").count(), 1, "{printed}");
    // Two builds at the start, three after edits.
    assert_eq!(runs(), 5, "{printed}");

    // A person's edit of such a file is an edit.
    edited.write("src/made.rs", "pub(crate) const MADE: usize = 0;\n");
    dev.says("src/made.rs changed").await;
    dev.end().await;
}
