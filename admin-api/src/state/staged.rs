//! Orders that wait to be released (EXE-15): prepared now, checked by risk and placed when somebody of the firm says so.

use super::Refused;
use assay_trading_types::{
    AdminRefusal, Command, FirmId, OrderTerms, OrderWanted, StagedOrderId, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Orders of a firm that wait at a time.
const OF_FIRM_MAX: usize = 1_000;

/// Of all firms.
const ALL_MAX: usize = 20_000;

/// What nobody releases lapses after a day: it was meant for the market of then.
const WAITING_MAX_NS: i64 = 86_400 * 1_000_000_000;

/// An order that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedOrder {
    /// Its name.
    pub id: StagedOrderId,
    /// What it will ask.
    pub terms: OrderTerms,
    /// Who staged it.
    pub by: Option<UserId>,
    /// When.
    pub at: Timestamp,
}

impl StagedOrder {
    /// When it is no more.
    pub fn lapses(&self) -> Timestamp {
        Timestamp::from_ns(self.at.as_ns() + WAITING_MAX_NS)
    }
}

/// Orders that wait, by id, which is by time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedOrders {
    by_id: BTreeMap<StagedOrderId, StagedOrder>,
    of_firm: BTreeMap<FirmId, usize>,
    /// The oldest first.
    waiting: BTreeSet<(Timestamp, StagedOrderId)>,
}

impl StagedOrders {
    /// One of them.
    pub fn get(&self, id: &StagedOrderId) -> Option<&StagedOrder> {
        self.by_id.get(id)
    }

    /// All, by id.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &StagedOrder> {
        self.by_id.values()
    }

    pub(crate) fn stage(
        &mut self,
        command: &Command,
        e: &OrderWanted,
        terms: &OrderTerms,
    ) -> Result<StagedOrderId, Refused> {
        let of_firm = self.of_firm.get(&e.firm).copied().unwrap_or_default();
        if of_firm >= OF_FIRM_MAX || self.by_id.len() >= ALL_MAX {
            return Err(Refused::new(AdminRefusal::TooMany, "too many orders wait to be released"));
        }
        self.of_firm.insert(e.firm, of_firm + 1);
        let id = staged_by(command);
        self.by_id.insert(id, StagedOrder { id, terms: terms.clone(), by: command.by, at: e.asked });
        self.waiting.insert((e.asked, id));
        Ok(id)
    }

    /// Takes one of a firm's out, to be placed or given up.
    pub(crate) fn take(
        &mut self,
        firm: FirmId,
        id: &StagedOrderId,
        now: Timestamp,
    ) -> Result<StagedOrder, Refused> {
        let is_its = self.get(id).is_some_and(|staged| staged.terms.firm == firm && now < staged.lapses());
        let staged = if is_its { self.remove(id) } else { None };
        staged.ok_or_else(|| Refused::not_found("staged order"))
    }

    /// Forgets what waited for too long. Nothing follows from it, so all may go at once.
    pub(crate) fn lapse(&mut self, now: Timestamp) {
        while let Some((_, id)) = self.waiting.first().copied() {
            if self.get(&id).is_some_and(|staged| now < staged.lapses()) {
                return;
            }
            self.remove(&id);
        }
    }

    fn remove(&mut self, id: &StagedOrderId) -> Option<StagedOrder> {
        let staged = self.by_id.remove(id)?;
        self.waiting.remove(&(staged.at, staged.id));
        let of_firm = self.of_firm.get_mut(&staged.terms.firm).expect("it was counted");
        *of_firm -= 1;
        if *of_firm == 0 {
            self.of_firm.remove(&staged.terms.firm);
        }
        Some(staged)
    }
}

/// It is named after the command that staged it.
fn staged_by(command: &Command) -> StagedOrderId {
    let digits = command.id.as_str();
    let digits = digits.strip_prefix("cmd_").unwrap_or(digits);
    StagedOrderId::new(&format!("stg_{digits}")).expect("as long as the command's id")
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_trading_types::{CommandId, OrdType, OrderAction, Qty, SessionId, Side, TimeInForce};

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ns(s * 1_000_000_000)
    }

    fn stage(orders: &mut StagedOrders, n: u32, firm: &str, s: i64) -> Result<StagedOrderId, Refused> {
        let firm: FirmId = firm.parse().unwrap();
        let id = CommandId::new(&format!("cmd_{n:032x}")).unwrap();
        let (login, api_key, address, idempotency, expected_version) = (None, None, None, None, None);
        let operation = "stage_order".to_owned();
        let (by, rules) = (None, Command::RULES);
        let command =
            Command { id, operation, by, login, api_key, address, idempotency, expected_version, rules };
        let terms = Box::new(OrderTerms {
            cl_ord_id: "a-1".parse().unwrap(),
            session: SessionId::of_api(&firm),
            firm,
            account: "A".parse().unwrap(),
            symbol: "AAPL".parse().unwrap(),
            side: Side::Buy,
            ord_type: OrdType::Market,
            price: None,
            stop_px: None,
            qty: Qty::from_units(1),
            tif: TimeInForce::Day,
            conditions: None,
            carried: None,
        });
        let wanted = OrderWanted { firm, asked: at(s), action: OrderAction::Stage { terms: terms.clone() } };
        orders.stage(&command, &wanted, &terms)
    }

    #[test]
    fn a_firm_has_a_thousand_at_a_time_and_each_for_a_day() {
        let mut orders = StagedOrders::default();
        let first = stage(&mut orders, 0, "FIRM1", 0).unwrap();
        assert!((1..1_000).all(|n| stage(&mut orders, n, "FIRM1", 1).is_ok()));
        assert_eq!(stage(&mut orders, 1_000, "FIRM1", 1).unwrap_err().refusal, AdminRefusal::TooMany);
        let other = stage(&mut orders, 1_001, "FIRM2", 1).unwrap();
        assert!(orders.take("FIRM2".parse().unwrap(), &first, at(1)).is_err(), "another firm's");
        orders.take("FIRM2".parse().unwrap(), &other, at(1)).unwrap();
        assert!(orders.take("FIRM2".parse().unwrap(), &other, at(1)).is_err(), "it is gone");
        assert!(orders.take("FIRM1".parse().unwrap(), &first, at(86_400)).is_err(), "its day is over");
        orders.lapse(at(86_399));
        assert_eq!(orders.iter().count(), 1_000);
        orders.lapse(at(86_400));
        assert_eq!((orders.iter().count(), orders.get(&first)), (999, None));
        stage(&mut orders, 1_002, "FIRM1", 2).unwrap();
        orders.lapse(at(86_402));
        assert_eq!(orders, StagedOrders::default(), "nothing is kept of what is gone");
    }
}
