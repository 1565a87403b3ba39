//! How a trade stands, for whoever undoes it or prices it anew: read from the log, since the market forgets closed orders.

use super::{Api, MODEL_WAIT};
use crate::asked::Asked;
use crate::problem::{Problem, ProblemKind};
use crate::read_model::TradePlaces;
use crate::reports::{ReportError, each_record};
use assay_audit::TradeLookup;
use assay_event_log::EventLog;
use assay_trading_types::{Decision, ExecId, Position, Topic, TradeSide, TradeWanted};
use std::sync::Arc;

/// Where reports and settlements are.
const TOPICS: [Topic; 2] = [Topic::Accounts, Topic::Ledger];

impl Api {
    /// What was wished of a trade under the same Idempotency-Key and content before.
    pub(crate) fn wanted_before(&self, asked: &Asked) -> Option<TradeWanted> {
        let decision = self.first(asked, |_, past| {
            (past.digest() == Some(asked.digest.as_str())).then(|| past.decision.clone())
        });
        let Some(Some(Decision::Proposed { proposal })) = decision else { return None };
        self.state().proposals.get(&proposal)?.wanted.trade().cloned()
    }

    /// Both sides of the trade that an ExecID(17) reported first, the buyer first, with all that was durable when it was asked.
    ///
    /// # Errors
    /// No fill was reported so that still stands (404), it is one of an outside venue or is not settled yet (409), or the log
    /// cannot be read.
    pub(crate) async fn trade_sides(&self, exec: ExecId) -> Result<Box<[TradeSide; 2]>, Problem> {
        let model = self.caught_up_model().await?;
        let below = model.position();
        let places = model.trade_places(exec).map_err(failed)?.ok_or(Problem::new(ProblemKind::NotFound))?;
        let places = places.ok_or_else(|| {
            Problem::because(
                ProblemKind::Conflict,
                "it has one side here: an outside venue undoes its trades, and says so over its session",
            )
        })?;
        let log = Arc::clone(&self.log);
        // Who goes away leaves it at work.
        let permit = Arc::clone(&self.looking).acquire_owned();
        let permit = tokio::time::timeout(MODEL_WAIT, permit).await.map_err(failed)?.map_err(failed)?;
        let looked = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            look(&*log, exec, &places, below)
        });
        let looked = looked.await;
        let sides = looked.map_err(failed)?.map_err(failed)?;
        sides.ok_or_else(|| Problem::because(ProblemKind::Conflict, "the trade is not settled yet"))
    }
}

fn look(
    log: &dyn EventLog,
    exec: ExecId,
    places: &TradePlaces,
    below: Position,
) -> Result<Option<Box<[TradeSide; 2]>>, ReportError> {
    let mut lookup = TradeLookup::new(exec);
    let mut read = places.first;
    each_record(log, &TOPICS, places.first, below, |record| {
        lookup.note(record, &*record.decode()?);
        read = record.position;
        Ok(!lookup.is_settled())
    })?;
    for place in places.later.iter().filter(|place| **place > read) {
        each_record(log, &TOPICS, *place, Position(place.0 + 1), |record| {
            lookup.note(record, &*record.decode()?);
            Ok(false)
        })?;
    }
    Ok(lookup.sides())
}

fn failed(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "a trade cannot be read");
    Problem::later(ProblemKind::Unavailable, 1)
}
