//! Which orders and fills a transaction of the read model touched, by firm.

use assay_event_log::Record;
use assay_trading_types::{Event, ExecId, ExecType, FirmId, OrderId};
use std::collections::{BTreeMap, BTreeSet};

/// Orders and fills of one firm that are told one by one, of one transaction. Above, the client is told to read the lists:
/// nobody reads hundreds of messages a moment, and they would be old before they are read.
const CHANGES_MAX: usize = 100;

/// What a transaction touched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes(BTreeMap<FirmId, FirmChanges>);

/// Of one firm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FirmChanges {
    pub(crate) orders: BTreeSet<OrderId>,
    pub(crate) fills: BTreeSet<ExecId>,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was touched of a firm.
    pub(crate) fn of(&self, firm: &FirmId) -> Option<&FirmChanges> {
        self.0.get(firm)
    }

    /// Notes what a record touches, up to one more than is told.
    pub(crate) fn note(&mut self, record: &Record, event: &Event) {
        let Event::ExecutionReported(e) = event else { return };
        let changes = self.0.entry(e.terms.firm).or_default();
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
        self.orders.len() > CHANGES_MAX || self.fills.len() > CHANGES_MAX
    }
}
