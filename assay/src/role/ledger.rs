//! `assay ledger`: the books kept a second time, from the log alone. Each posting in the log must be the one that follows from
//! what was asked, and debits must be credits, while the node runs.

mod postings;
#[cfg(test)]
mod tests;

use super::{Ended, Failure, Process, WATCH, lost_or};
use crate::health::{self, Vitals};
use crate::node::{NodeError, newest_snapshot};
use assay_event_log::{Background, EventLog, RemoteLog};
use assay_pipeline::{Pipeline, SnapshotStore, Stages};
use assay_trading_types::Topic;
use postings::Postings;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Time between two proofs.
const PROVE_EVERY: Duration = Duration::from_secs(1);

/// An asset whose debits are not its credits.
#[derive(Debug, thiserror::Error)]
#[error("the books do not balance at position {position}: {asset} has {debits} debit and {credits} credit")]
struct Unbalanced {
    position: assay_trading_types::Position,
    asset: assay_trading_types::Asset,
    debits: assay_trading_types::Amount,
    credits: assay_trading_types::Amount,
}

/// Applies what risk applies, decides the same, appends nothing, and compares.
pub(super) fn keep(process: &Process, log: &Arc<RemoteLog>) -> Result<Ended, Failure> {
    let shared: Arc<dyn EventLog> = Arc::clone(log) as _;
    follow(process, &shared).map_err(|error| match error.downcast::<NodeError>() {
        Ok(error) => lost_or(&*shared, *error),
        Err(error) => error,
    })
}

#[allow(clippy::disallowed_methods, reason = "a driver: it paces its proofs")]
fn follow(process: &Process, log: &Arc<dyn EventLog>) -> Result<Ended, Failure> {
    let failed = |error: assay_pipeline::Error| Failure::from(NodeError::from(error));
    let snapshots = SnapshotStore::open(&process.snapshots()).map_err(failed)?;
    let snapshot = newest_snapshot(&snapshots, &**log)?;
    let mut books = Pipeline::follow(log, Stages::Risk, snapshot.as_ref()).map_err(failed)?;
    drop(snapshot);
    let mut postings =
        Postings::new(log.reader(&[Topic::Ledger], books.position(), false).map_err(NodeError::from)?);
    let vitals = Arc::new(Vitals {
        has_pipeline: true,
        ..Vitals::new(process.data_dir.root().to_owned(), Arc::clone(log))
    });
    // Nobody else fills it.
    let _ = process.phase.pages().set(health::app(Arc::clone(&vitals)));
    let mut background = Background::begin("ledger", &**log);
    let (mut applied, mut kept, mut proved) = (0, 0, Instant::now());
    while !process.is_stopped() {
        let count = books.turn_wait(&**log, || None, WATCH).map_err(failed)? as u64;
        applied += count;
        postings.expect(books.take_unwritten());
        postings.compare()?;
        vitals.applied_records.store(applied, Ordering::Relaxed);
        if count == 0 || proved.elapsed() >= PROVE_EVERY {
            prove(&books)?;
            proved = Instant::now();
        }
        if count == 0 && !books.is_replaying() {
            vitals.ready.store(true, Ordering::Release);
            process.phase.say("keeping the books");
        }
        let snapshot = (applied >= kept + process.config.log.snapshot_records).then(|| books.snapshot());
        if let Some(snapshot) = snapshot.filter(|s| s.depends_on <= log.durable()) {
            snapshots.write(&snapshot, log.durable()).map_err(failed)?;
            kept = applied;
        }
        background.rest_while_busy(&**log, &|| process.is_stopped());
    }
    println!("stopped");
    Ok(Ended::Stopped)
}

fn prove(books: &Pipeline) -> Result<(), Unbalanced> {
    let position = books.position();
    match books.risk().trial_balance().into_iter().find(|(_, debits, credits)| debits != credits) {
        None => Ok(()),
        Some((asset, debits, credits)) => Err(Unbalanced { position, asset, debits, credits }),
    }
}
