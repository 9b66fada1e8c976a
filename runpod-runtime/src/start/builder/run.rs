//! Runs the worker: its checks, its states, its jobs, and its shutdown functions.

use std::process::ExitCode;
use std::sync::Arc;

use super::WorkerBuilder;
use crate::error::{Error, ErrorKind};
use crate::handler::UserValues;
use crate::start::hooks::Hooks;
use crate::start::prepared::Prepared;
use crate::start::states::create;
use crate::start::unloaded::Unloaded;
use crate::start::until_stopped::until_stopped;
use crate::worker::Handlers;

impl WorkerBuilder {
    pub(super) async fn run_to_the_end(self) -> Result<(), Error> {
        // All other owners of the user's values are declared after this one, so that they are dropped first on every
        // return path.
        let values = self.values;
        let signal = self.stop;
        let makes = self.makes;
        let (config, handlers, hooks) = (self.config, self.handlers, self.hooks);
        if makes.iter().any(|it| it.is::<ExitCode>()) {
            return Err(Error::new(
                ErrorKind::Setup,
                "`Worker::builder().state(..)` was given an `ExitCode`, which cannot be a state: return the code from `main` instead",
            ));
        }
        let prepared = match self.embedded {
            Some(settings) => {
                Prepared::embedded(config, handlers, hooks, &makes, &settings).map(Some)
            }
            None => Prepared::prepare(config, handlers, hooks, makes),
        };
        let prepared = match prepared {
            Ok(Some(prepared)) => prepared,
            nothing_to_do => {
                Arc::new(values).dropped().await;
                return nothing_to_do.map(drop);
            }
        };
        let prepared = prepared.with_server()?;
        // The program's own set-up came before this.
        let observed = if prepared.embedded {
            Ok(())
        } else {
            prepared.settle_observers()
        };
        let handlers = prepared.handlers_runtime()?;
        let hooks = prepared.hooks(&handlers);
        let stop = prepared.stop.clone();
        let living = Box::pin(live(prepared, observed, &hooks, handlers, values));
        let (ended, values) = until_stopped(living, signal, &stop).await;
        hooks.shut_down_elsewhere(values.state()).await;
        hooks.close_server_elsewhere().await;
        drop(hooks);
        values.dropped().await;
        ended
    }
}

/// Checks the worker, creates its states, and runs its jobs.
async fn live(
    prepared: Prepared,
    observed: Result<(), Error>,
    hooks: &Hooks,
    handlers: Handlers,
    mut values: UserValues,
) -> (Result<(), Error>, Arc<UserValues>) {
    let fit = match observed {
        Ok(()) => hooks.fitness_before_state_elsewhere().await,
        Err(error) => Err(Unloaded::Refused(error)),
    };
    let loaded = match fit {
        Ok(()) => {
            let making = create(&mut values, handlers.handle());
            prepared.load_with(making, &handlers).await
        }
        Err(unloaded) => Err(unloaded),
    };
    let (handlers, values) = handlers.keeping(values);
    let fit = match loaded {
        Ok(()) => hooks.fitness_with_state_elsewhere(values.state()).await,
        Err(unloaded) => Err(unloaded),
    };
    if let Err(unloaded) = &fit {
        prepared.refuse_after(unloaded);
    }
    let ended = match fit {
        Ok(()) => prepared.serve(values.state(), handlers).await,
        Err(Unloaded::Stopped) => Ok(()),
        Err(Unloaded::Refused(error)) => Err(error),
        Err(Unloaded::Failed(failure)) => {
            let error = prepared.setup_error(&failure);
            prepared.report_failed_state(&failure, handlers).await;
            Err(error)
        }
    };
    (ended, values)
}
