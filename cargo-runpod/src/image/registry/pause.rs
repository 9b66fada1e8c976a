//! Pauses between repetitions of a request that failed.

use std::time::Duration;

use super::trouble::Trouble;

/// How often a request is repeated without any progress.
const REPETITIONS: u32 = 5;
/// The first pause. Each further one is twice as long.
const FIRST: Duration = Duration::from_millis(250);
/// The longest pause that a registry may ask for.
const LONGEST: Duration = Duration::from_mins(1);

#[derive(Debug, Default)]
pub(super) struct Pauses {
    taken: u32,
}

impl Pauses {
    /// Waits before the next repetition. Returns the trouble if a repetition does not help any more.
    pub(super) async fn after(&mut self, trouble: Trouble) -> Result<(), Trouble> {
        if self.taken == REPETITIONS || !trouble.is_passing() {
            return Err(trouble);
        }
        let own = FIRST * 2_u32.pow(self.taken);
        self.taken += 1;
        let wanted = match &trouble {
            Trouble::Refused { retry_after, .. } => retry_after.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        // The jitter keeps the uploads of several layers apart.
        let jitter = own.mul_f64(fastrand::f64() / 2.0);
        tokio::time::sleep((own + jitter).max(wanted.min(LONGEST))).await;
        Ok(())
    }

    /// Starts to count again, because something was achieved.
    pub(super) fn progress(&mut self) {
        self.taken = 0;
    }
}
