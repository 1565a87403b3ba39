//! What the log already holds of the outputs that a replay will emit again.

use crate::Error;
use assay_event_log::{EventLog, Record};
use assay_trading_types::{Origin, Position, Role, Topic};
use std::sync::Arc;

/// Topics that risk and execution write to.
const OUTPUTS: [Topic; 4] = [Topic::Accounts, Topic::Markets, Topic::Ledger, Topic::MarketData];

/// Records looked at in one go while scanning.
const SCAN_RECORDS: usize = 4_096;

/// Last (offset, index) written by each of the two roles; outputs of one role are written in the order of its inputs.
#[derive(Debug, Default)]
pub(crate) struct WrittenOrigins {
    risk: Option<(u64, u16)>,
    execution: Option<(u64, u16)>,
}

impl WrittenOrigins {
    /// Scans the log from `from`, where the replay begins, to its end.
    pub(crate) fn read(log: &dyn EventLog, from: Position) -> Result<Self, Error> {
        let mut written = Self::default();
        let mut reader = log.reader(&OUTPUTS, from, false)?;
        let mut batch: Vec<Arc<Record>> = Vec::with_capacity(SCAN_RECORDS);
        while reader.poll(&mut batch, SCAN_RECORDS)? > 0 {
            batch.drain(..).filter_map(|record| record.origin).for_each(|origin| written.note(&origin));
        }
        Ok(written)
    }

    /// Whether an output of this origin is not in the log yet.
    pub(crate) fn lacks(&self, origin: &Origin) -> bool {
        match origin {
            Origin::Input { role: Role::Risk, offset, index, .. } => self.risk < Some((*offset, *index)),
            Origin::Input { role: Role::Execution, offset, index, .. } => self.execution < Some((*offset, *index)),
            _ => true,
        }
    }

    fn note(&mut self, origin: &Origin) {
        if let Origin::Input { role, offset, index, .. } = origin {
            let last = match role {
                Role::Risk => &mut self.risk,
                Role::Execution => &mut self.execution,
                Role::Gateway | Role::Audit | Role::Admin => return,
            };
            *last = (*last).max(Some((*offset, *index)));
        }
    }
}
