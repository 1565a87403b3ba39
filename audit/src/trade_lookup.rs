//! A trade as the log has it: what operations ask to undo it with.

use assay_event_log::{LastOrigins, Record};
use assay_trading_types::{
    Amount, Event, ExecId, ExecType, ExecutionReported, Fill, Posted, Timestamp, TradeSide, TransferReason,
};

/// Finds both sides of a trade by the report of one, and how they stand. It is to be shown the records of `accounts` and
/// `ledger` in order: all of them, or those from the first side on until it [is settled](TradeLookup::is_settled), and later
/// ones on its orders.
#[derive(Debug)]
pub struct TradeLookup {
    wanted: ExecId,
    /// What a process that was thought dead wrote once more is nobody's report.
    origins: LastOrigins,
    /// The fill reported last: both sides of a trade follow one another.
    previous: Option<Found>,
    found: Vec<Found>,
}

/// A side on its way to be whole.
#[derive(Debug)]
struct Found {
    side: TradeSide,
    /// Whether its settlement was met, which says what it was charged: a crash may part it from the report.
    settled: bool,
}

impl TradeLookup {
    /// The trade that this ExecID(17) reported.
    pub fn new(wanted: ExecId) -> Self {
        Self { wanted, origins: LastOrigins::default(), previous: None, found: Vec::new() }
    }

    /// The next record.
    pub fn note(&mut self, record: &Record, event: &Event) {
        if !self.origins.is_news(record.origin) {
            return;
        }
        self.origins.note(record.origin);
        match event {
            Event::ExecutionReported(e) => {
                self.report(ExecId::new(record.partition, record.offset), record.at, e);
            }
            Event::Posted(e) => self.posted(e),
            _ => {}
        }
    }

    /// Whether both sides were met, and their settlement.
    pub fn is_settled(&self) -> bool {
        self.found.iter().filter(|found| found.settled).count() == 2
    }

    /// Both sides as they stand, the buyer first; nothing when the ExecID reported no trade, or one that is not settled yet.
    pub fn sides(mut self) -> Option<Box<[TradeSide; 2]>> {
        self.found.sort_by_key(|found| !found.side.terms.side.is_buy());
        let settled = self.found.into_iter().filter(|found| found.settled).map(|found| found.side);
        <[TradeSide; 2]>::try_from(settled.collect::<Vec<_>>()).ok().map(Box::new)
    }

    fn report(&mut self, exec_id: ExecId, at: Timestamp, e: &ExecutionReported) {
        let known = self.found.iter_mut().map(|found| &mut found.side);
        known.filter(|side| side.order_id == e.order_id).for_each(|side| update(side, exec_id, e));
        let ExecType::Trade(fill) = &e.exec else { return };
        let side = side_of(exec_id, at, e, fill);
        let found = Found { side, settled: false };
        let same =
            |other: &Found| (other.side.terms.symbol, other.side.fill.trade) == (e.terms.symbol, fill.trade);
        if exec_id == self.wanted {
            self.found.extend(self.previous.take().filter(same));
            self.found.push(found);
        } else if self.found.len() == 1 && same(&self.found[0]) {
            self.found.push(found);
        } else if self.found.is_empty() {
            self.previous = Some(found);
        }
    }

    fn posted(&mut self, e: &Posted) {
        let mut all = self.found.iter_mut().chain(&mut self.previous);
        let Some(Found { side, settled }) = all.find(|found| e.exec_id == Some(found.side.exec_id)) else {
            return;
        };
        *settled = true;
        let charged = e.transfers.iter().filter(|t| t.reason == TransferReason::Commission);
        let sum = charged.map(|t| t.amount.units()).sum::<i128>();
        side.commission = Amount::from_units(side.commission.units() + sum);
    }
}

fn side_of(exec_id: ExecId, traded: Timestamp, e: &ExecutionReported, fill: &Fill) -> TradeSide {
    let ExecutionReported { order_id, ref terms, filled, status, .. } = *e;
    let commission = Amount::ZERO;
    TradeSide {
        exec_id,
        order_id,
        terms: terms.clone(),
        filled,
        status,
        fill: fill.clone(),
        traded,
        commission,
    }
}

/// A later report of the order, which may be of this very fill.
fn update(side: &mut TradeSide, exec_id: ExecId, e: &ExecutionReported) {
    if matches!(
        e.exec,
        ExecType::PendingNew | ExecType::PendingCancel { .. } | ExecType::PendingReplace { .. }
    ) {
        return;
    }
    (side.terms, side.filled, side.status) = (e.terms.clone(), e.filled, e.status);
    if let ExecType::TradeCorrected { exec_id: corrected, fill, .. } = &e.exec
        && *corrected == side.exec_id
    {
        (side.exec_id, side.fill) = (exec_id, fill.clone());
    }
}
