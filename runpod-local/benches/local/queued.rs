//! Measures the memory of queued jobs.

use crate::Outcome;
use crate::connection::{Connection, post};
use crate::served::Served;

pub(crate) const JOBS: u32 = 100_000;

/// Returns the memory of a queued job without its input.
pub(crate) async fn bytes_a_job(served: &Served) -> Outcome<f64> {
    let input = r#"{"prompt": "a lighthouse in the fog, oil on canvas, late afternoon", "steps": 20, "guidance": 7.5}"#;
    let run = post("/run", &format!("{{\"input\":{input}}}"));
    let mut connection = Connection::open(served.address).await?;
    // The first job also allocates memory that is needed only once.
    connection.ask(&run).await?;
    let before = served.memory()?;
    for _ in 0..JOBS {
        let answer = connection.ask(&run).await?;
        if answer.status != 200 {
            return Err(String::from_utf8_lossy(answer.body).into());
        }
    }
    let grown = served.memory()?.saturating_sub(before);
    #[expect(clippy::cast_precision_loss, reason = "memory is below 2^52 bytes")]
    let all = grown as f64 / f64::from(JOBS);
    #[expect(clippy::cast_precision_loss, reason = "a hundred bytes")]
    let input = input.len() as f64;
    Ok(all - input)
}
