//! Watches `main` while it has the main thread, and cuts it off.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::error::{Error, ErrorKind};
use crate::logging;
use crate::process::exit;
use crate::process::signals::Signals;
use crate::process::threads::{Refused, single};
use crate::start::prepared::Prepared;
use crate::start::unloaded::Cut;
use crate::worker::Handlers;

/// How long an async `main` may take to stop, unless the grace time is shorter.
const LAST_POLL: Duration = Duration::from_secs(5);

/// Watches `main`. The main thread and the watching thread each have a copy.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    is_async: bool,
    /// Asks an async `main` to stop.
    pub(super) cutting: CancellationToken,
    /// Cancelled when `main` has returned or was dropped.
    returned: CancellationToken,
    /// Set once: either `main` has returned (`None`), or it is cut off.
    outcome: Arc<OnceLock<Option<Cut>>>,
    /// Set by the thread that ends the process after `main` was cut off.
    has_ender: Arc<OnceLock<()>>,
}

impl Watch {
    pub(super) fn new(is_async: bool) -> Self {
        Self {
            is_async,
            cutting: CancellationToken::new(),
            returned: CancellationToken::new(),
            outcome: Arc::default(),
            has_ender: Arc::default(),
        }
    }

    pub(super) fn start(
        self,
        prepared: &Prepared,
        mut signals: Signals,
        handlers: Handlers,
    ) -> Result<Self, Error> {
        let (watch, prepared) = (self.clone(), prepared.clone());
        let runtime = single("the runtime that watches `main`")?;
        std::thread::Builder::new()
            .name("runpod-loading".to_owned())
            .spawn(move || {
                logging::enter_thread();
                if let Some(cut) = runtime.block_on(watch.cuts(&prepared, &mut signals)) {
                    Self::end_process(&prepared, cut, handlers);
                }
            })
            .map_err(|error| {
                let text = "the thread that watches `main` could not be started";
                Error::new(ErrorKind::System, text).with_source(Refused::from(error))
            })?;
        Ok(self)
    }

    /// Cuts `main` off if it is time. Returns why if this thread must end the process.
    async fn cuts(&self, prepared: &Prepared, signals: &mut Signals) -> Option<Cut> {
        let most = prepared.init_timeout();
        let cut = tokio::select! {
            biased;
            () = self.returned.cancelled() => return None,
            signal = signals.next() => Cut::Signal(signal),
            () = sleep(most) => Cut::OutOfTime(most),
        };
        if self.outcome.set(Some(cut)).is_err() {
            return None;
        }
        prepared.stop_loading(cut);
        self.cutting.cancel();
        if self.is_async {
            let last = LAST_POLL.min(prepared.settings.shutdown_grace);
            tokio::select! {
                _ = timeout(last, self.returned.cancelled()) => {}
                signal = signals.next() => exit::now(signal.exit_code()),
            }
        }
        self.has_ender.set(()).is_ok().then_some(cut)
    }

    /// Ends the process in place of the main thread, which `main` has not returned to.
    fn end_process(prepared: &Prepared, cut: Cut, handlers: Handlers) -> ! {
        let hooks = prepared.hooks(&handlers);
        let code = prepared.end_unloaded(cut.into(), handlers);
        let code = code.unwrap_or_else(|error| {
            logging::error(&format!("{error:?}"));
            1
        });
        exit::limit(hooks.longest_end());
        hooks.shut_down(None);
        hooks.close_server();
        exit::now(code)
    }

    /// Called by the main thread when `main` has returned or was dropped. Returns why `main` was cut off. If the other
    /// thread already ends the process, this function does not return.
    pub(super) fn main_has_returned(&self) -> Option<Cut> {
        let cut = *self.outcome.get_or_init(|| None);
        self.returned.cancel();
        if cut.is_some() && self.has_ender.set(()).is_err() {
            loop {
                std::thread::park();
            }
        }
        cut
    }
}
