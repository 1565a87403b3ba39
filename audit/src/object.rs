//! What a record can be about, and whether it is: an object is any name that a record may hold.

use crate::row_ids::{Place, RowIds};
use assay_event_log::Record;
use assay_trading_types::{ExecId, Kind, LoanId, MovementId, OrderId, Topic};
use memchr::memmem;

/// Bits of a place that hold the offset; the partition is above them.
const OFFSET_BITS: u32 = 48;

/// Something with a name: a user, firm, account, symbol, session, order, movement, loan, product, locate, file, proposal.
///
/// A record is about it that is keyed by it, has it among its ids, or names it anywhere in its JSON, as a text of its own. No
/// column is needed for that, so rows of any age are found. What is named by its place (an order, a movement, a loan) is not
/// named in the request that made it: that is found by where it stands. FIX messages are found by their ids alone.
#[derive(Debug, Clone)]
pub struct Object {
    name: String,
    texts: Vec<String>,
    made_at: Option<MadeAt>,
}

/// The record that made an object which is named by its place in `accounts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MadeAt {
    pub(crate) kind: Kind,
    pub(crate) partition: u16,
    pub(crate) offset: u64,
}

impl Object {
    /// What has this name.
    pub fn new(name: &str) -> Self {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut texts = vec![quoted(name)];
        // Names of proposals, statements and staged orders have the digits of the command that asked.
        let asked = ["prp_", "bst_", "stg_"].iter().find_map(|kind| name.strip_prefix(kind));
        texts.extend(asked.map(|digits| quoted(&format!("cmd_{digits}"))));
        if name.starts_with("usr_") {
            texts.push(quoted(&format!("user:{name}")));
        }
        if let Some((comp_id, _)) = name.split_once('/') {
            texts.push(format!("\"comp_id\":{}", quoted(comp_id)));
        }
        Self { name: name.to_owned(), texts, made_at: MadeAt::of(name) }
    }

    /// Whether a record is about it.
    pub fn is_in(&self, record: &Record) -> bool {
        record.key == self.name.as_bytes()
            || self.is_actor(record.actor.as_str())
            || self.is_named_in(record)
            || self.made_at.is_some_and(|made_at| made_at.is(record))
            || self.is_among(record)
    }

    fn is_actor(&self, actor: &str) -> bool {
        actor.split_once(':').map_or(actor, |(_, who)| who) == self.name
    }

    fn is_named_in(&self, record: &Record) -> bool {
        record.kind != Kind::FixMessage
            && self.texts.iter().any(|text| memmem::find(&record.value, text.as_bytes()).is_some())
    }

    /// Whether it is one of the record's ids that its value does not spell: those of a FIX message, and of its place.
    fn is_among(&self, record: &Record) -> bool {
        let place = Place { topic: record.topic, partition: record.partition, offset: record.offset };
        if record.kind == Kind::FixMessage {
            return self.is_one_of(&RowIds::of_fix(&record.key, &record.value));
        }
        if OrderId::parse(&self.name).is_none() && ExecId::parse(&self.name).is_none() {
            return false;
        }
        record.decode().is_ok_and(|event| self.is_one_of(&RowIds::of_event(&event, place)))
    }

    fn is_one_of(&self, ids: &RowIds<'_>) -> bool {
        let texts = [ids.firm, ids.session, ids.cl_ord_id, ids.orig_cl_ord_id, ids.symbol];
        texts.contains(&Some(self.name.as_str()))
            || ids.order_id.is_some_and(|id| OrderId::parse(&self.name) == Some(id))
            || ids.exec_id.is_some_and(|id| ExecId::parse(&self.name) == Some(id))
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Any of these in a record's JSON names it.
    pub(crate) fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Where it was made, if its name says so.
    pub(crate) fn made_at(&self) -> Option<MadeAt> {
        self.made_at
    }
}

impl MadeAt {
    fn of(name: &str) -> Option<Self> {
        let loan = LoanId::parse(name).map(|id| (Kind::LoanInstructed, id.as_u64()));
        let movement = || MovementId::parse(name).map(|id| (Kind::MoneyInstructed, id.place()));
        let (kind, place) = loan.or_else(movement)?;
        let offset = place & ((1 << OFFSET_BITS) - 1);
        Some(Self { kind, partition: (place >> OFFSET_BITS) as u16, offset })
    }

    fn is(self, record: &Record) -> bool {
        let Self { kind, partition, offset } = self;
        record.topic == Topic::Accounts
            && (record.kind, record.partition, record.offset) == (kind, partition, offset)
    }
}
