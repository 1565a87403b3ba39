//! Which orders, fills and positions a transaction of the read model touched, by firm.

use assay_event_log::Record;
use assay_trading_types::{
    Asset, Event, ExecId, ExecType, ExecutionReported, FirmId, LedgerCode, OrderId, Posted, Symbol,
};
use std::collections::{BTreeMap, BTreeSet};

/// Orders, fills and positions of one firm that are told one by one, of one transaction. Above, the client is told to read the lists:
/// nobody reads hundreds of messages a moment, and they would be old before they are read.
pub(super) const CHANGES_MAX: usize = 100;

/// What a transaction touched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    firms: BTreeMap<FirmId, FirmChanges>,
    /// Instruments with another reference price.
    pub(crate) priced: BTreeSet<Symbol>,
}

/// Of one firm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FirmChanges {
    pub(crate) orders: BTreeSet<OrderId>,
    pub(crate) fills: BTreeSet<ExecId>,
    /// What clients' accounts have: each an account of the books and an asset.
    pub(crate) positions: BTreeSet<(LedgerCode, Asset)>,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.firms.is_empty() && self.priced.is_empty()
    }

    /// What was touched of a firm.
    pub(crate) fn of(&self, firm: &FirmId) -> Option<&FirmChanges> {
        self.firms.get(firm)
    }

    /// Positions of all firms.
    pub(crate) fn positions(&self) -> impl Iterator<Item = &(LedgerCode, Asset)> {
        self.firms.values().flat_map(|changes| &changes.positions)
    }

    /// Notes what a record touches, up to one more than is told.
    pub(crate) fn note(&mut self, record: &Record, event: &Event) {
        match event {
            Event::ExecutionReported(e) => self.note_report(record, e),
            Event::Posted(e) => self.note_posting(e),
            Event::ReferencePriceSet(e) => drop(self.priced.insert(e.symbol)),
            _ => {}
        }
    }

    fn note_posting(&mut self, e: &Posted) {
        let changes = self.firms.entry(e.firm).or_default();
        let sides = e.transfers.iter().flat_map(|t| [(t.debit, t.asset), (t.credit, t.asset)]);
        for side in sides.filter(|(code, _)| code.as_str().starts_with("client:")) {
            if changes.positions.len() <= CHANGES_MAX {
                changes.positions.insert(side);
            }
        }
    }

    fn note_report(&mut self, record: &Record, e: &ExecutionReported) {
        let changes = self.firms.entry(e.terms.firm).or_default();
        if changes.orders.len() <= CHANGES_MAX {
            changes.orders.insert(e.order_id);
        }
        if matches!(e.exec, ExecType::Trade(_)) && changes.fills.len() <= CHANGES_MAX {
            changes.fills.insert(ExecId::new(record.partition, record.offset));
        }
    }
}

impl FirmChanges {
    /// Whether there are more than are told one by one.
    pub(crate) fn is_too_much(&self) -> bool {
        [self.orders.len(), self.fills.len(), self.positions.len()]
            .into_iter()
            .any(|count| count > CHANGES_MAX)
    }
}
