//! Compares the speed with the Python SDK's. `cargo test --release … --test volume_cache -- --ignored --nocapture speed`
//! prints the figures. `docs/explanation/performance.md` contains them.

use std::time::Instant;

use crate::place::Place;
use crate::sdk::sdk;

const ROUNDS: usize = 3;

/// Returns the median of the rounds, in seconds.
fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// Measures one operation of the SDK, without the start of Python.
fn by_sdk(place: &Place, operation: &str) -> f64 {
    let statement = format!(
        "start = time.perf_counter(); cache.{operation}; print(time.perf_counter() - start)"
    );
    let printed = sdk(place, &statement);
    let last = printed.lines().last().expect("a line was printed");
    last.parse().expect("it is a number")
}

fn measure(name: &str, files: usize, size: usize) {
    let place = Place::new();
    let content: Vec<u8> = (0..=250).cycle().take(size).collect();
    for index in 0..files {
        place.write(&format!("{}/{index}", index % 100), &content, 1000);
    }
    let mut times: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        let _ = std::fs::remove_dir_all(place.mirror(""));
        times[0].push(by_sdk(&place, "sync(background=False)"));
        place.new_container();
        times[1].push(by_sdk(&place, "hydrate()"));
        std::fs::remove_dir_all(place.mirror("")).expect("there is a mirror");
        let start = Instant::now();
        let report = place.cache().strict().blocking_sync().expect("it syncs");
        times[2].push(start.elapsed().as_secs_f64());
        assert_eq!(report.copied, files as u64);
        place.new_container();
        let start = Instant::now();
        let report = place
            .cache()
            .strict()
            .blocking_hydrate()
            .expect("it hydrates");
        times[3].push(start.elapsed().as_secs_f64());
        assert_eq!(report.copied, files as u64);
    }
    let [sdk_sync, sdk_hydrate, sync, hydrate] = times.map(median);
    println!(
        "{name}: sync {sync:.3} s, SDK {sdk_sync:.3} s, × {:.2}",
        sdk_sync / sync
    );
    println!(
        "{name}: hydrate {hydrate:.3} s, SDK {sdk_hydrate:.3} s, × {:.2}",
        sdk_hydrate / hydrate
    );
}

#[test]
#[ignore = "it measures, and takes a minute"]
fn speed_compared_with_the_sdk() {
    measure("10,000 files of 16 KB", 10_000, 16_000);
    measure("20 files of 64 MB", 20, 64_000_000);
}
