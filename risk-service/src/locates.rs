//! How located shares come to count: one person proposes, another decides; each locate ends by itself, or is given back.

use crate::answering::NoEffect;
use crate::names::{ClientIx, HoldingIx, Number, SymbolIx};
use crate::orders::Orders;
use crate::risk::Risk;
use crate::short::{Grant, Short};
use crate::work::Room;
use assay_trading_types::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// Locates that wait for a decision. More are refused: nobody could review them.
const PENDING_MAX: usize = 10_000;

/// Locates in force: ten a day for each of 10,000 accounts.
const IN_FORCE_MAX: usize = 100_000;

/// Locates in force of one account in one instrument: a fill looks through them.
const OF_HOLDING_MAX: usize = 100;

/// Characters of a lender's name.
const LENDER_MAX: usize = 64;

/// Locates that one tick ends; the rest follow with the next ticks, and count no more meanwhile.
const ENDED_PER_TICK_MAX: usize = 1_024;

/// Locates of one partition; what they have left stands with the account's holding.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Locates {
    waiting: BTreeMap<LocateId, Waiting>,
    in_force: BTreeMap<LocateId, HoldingIx>,
    expiring: BTreeSet<(Timestamp, LocateId)>,
    /// Short sales that are located no more and still have to be cancelled; may name orders that closed meanwhile.
    cancelling: VecDeque<(OrderId, LocateId)>,
}

/// A locate that waits for its checker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Waiting {
    proposed: LocateProposed,
    maker: Actor,
}

/// How a locate ends.
struct Ending<'a> {
    locate: LocateId,
    cause: LocateEnd,
    by: Option<Actor>,
    reason: &'a str,
}

/// Working short sales that no end of a locate in the same input has noted yet, by holding and the newest last. Made when
/// the first end needs them: one look through all orders, however many locates end.
#[derive(Default)]
struct Covered(Option<HashMap<HoldingIx, Uncovering>>);

/// Those of one holding.
#[derive(Default)]
struct Uncovering {
    working: Vec<(OrderId, i64)>,
    /// Units of those that were noted.
    noted: i64,
}

impl Covered {
    fn of_holding(&mut self, ix: HoldingIx, orders: &Orders) -> &mut Uncovering {
        let by_holding = self.0.get_or_insert_with(|| {
            let mut by_holding: HashMap<HoldingIx, Uncovering> = HashMap::new();
            for o in orders.iter().filter(|o| o.terms.side.is_short()) {
                by_holding.entry(o.holding).or_default().working.push((o.order_id, o.counted.qty));
            }
            for of_holding in by_holding.values_mut() {
                of_holding.working.sort_unstable();
            }
            by_holding
        });
        by_holding.entry(ix).or_default()
    }
}

impl Locates {
    /// One whose number names no holding of so many.
    pub(crate) fn of_nobody(&self, holdings: usize) -> Option<LocateId> {
        self.in_force.iter().find(|(_, ix)| ix.index() >= holdings).map(|(locate, _)| *locate)
    }
}

impl Risk {
    pub(crate) fn propose_locate(&mut self, e: &LocateProposed, input: &Input<'_>) -> Result<(), NoEffect> {
        self.check_locate(e, input.at)?;
        self.locates.waiting.insert(e.locate, Waiting { proposed: e.clone(), maker: input.actor });
        Ok(())
    }

    /// Whose and what it is, if it may be proposed.
    fn check_locate(&self, e: &LocateProposed, at: Timestamp) -> Result<(ClientIx, SymbolIx), NoEffect> {
        let refuse = |refusal, what: String| Err((refusal, what));
        if e.reason.trim().is_empty() {
            return refuse(CommandRefusal::NoReason, "a locate needs a reason".to_owned());
        }
        if e.lender.trim().is_empty() || e.lender.chars().count() > LENDER_MAX {
            return refuse(CommandRefusal::BadLender, format!("who lends it, in {LENDER_MAX} characters"));
        }
        if self.firm_of(&e.account) != Some(e.firm) {
            return refuse(CommandRefusal::UnknownScope, format!("{} has no account {}", e.firm, e.account));
        }
        let names = self.clients.find(&e.account).zip(self.instruments.find(&e.symbol));
        let listed = names.and_then(|(_, symbol)| self.instruments[symbol].listed.as_ref());
        let (Some(names), Some(listed)) = (names, listed) else {
            return refuse(CommandRefusal::UnknownScope, format!("{} is not listed", e.symbol));
        };
        let lot = listed.lot_size.units().max(1);
        if e.qty <= Qty::ZERO || e.qty.units() % lot != 0 {
            return refuse(CommandRefusal::BadQuantity, format!("{} in lots of {}", e.qty, listed.lot_size));
        }
        if self.locates.waiting.contains_key(&e.locate) || self.locates.in_force.contains_key(&e.locate) {
            return refuse(CommandRefusal::DuplicateChange, e.locate.to_string());
        }
        if self.locates.waiting.len() >= PENDING_MAX {
            return refuse(CommandRefusal::TooManyChanges, "decide on others first".to_owned());
        }
        not_over(e, at)?;
        Ok(names)
    }

    pub(crate) fn decide_locate(
        &mut self,
        e: &LocateDecided,
        input: &Input<'_>,
        out: &mut Outbox,
    ) -> Result<(), NoEffect> {
        let checker = input.actor;
        self.check_locate_decision(e, checker, input.at)?;
        let Waiting { proposed, maker } = self.locates.waiting.remove(&e.locate).expect("checked");
        if e.approved {
            self.grant_locate(&proposed, (maker, checker), &e.reason, out);
            return Ok(());
        }
        let LocateProposed { locate, firm, account, symbol, qty, reason, .. } = proposed;
        let ended = LocateEnded {
            locate,
            firm,
            account,
            symbol,
            cause: LocateEnd::Declined,
            unused: qty,
            orders: 0,
            by: Some(checker),
            reason: format!("{reason} / {}", e.reason),
        };
        out.emit(Topic::Accounts, ended.into());
        Ok(())
    }

    /// A decision may also be a no, which needs no more than another person.
    fn check_locate_decision(
        &self,
        e: &LocateDecided,
        checker: Actor,
        at: Timestamp,
    ) -> Result<(), NoEffect> {
        let unknown = || (CommandRefusal::UnknownChange, format!("no locate {} waits", e.locate));
        let Waiting { proposed, maker } = self.locates.waiting.get(&e.locate).ok_or_else(unknown)?;
        if *maker == checker {
            return Err((CommandRefusal::SamePerson, format!("{checker} proposed it")));
        }
        if e.reason.trim().is_empty() {
            return Err((CommandRefusal::NoReason, "a decision needs a reason".to_owned()));
        }
        if !e.approved {
            return Ok(());
        }
        not_over(proposed, at)?;
        let client = self.clients.find(&proposed.account);
        let symbol = self.instruments.find(&proposed.symbol);
        let holding = client.zip(symbol).and_then(|(client, symbol)| self.holdings.find(client, symbol));
        let own = holding.and_then(|ix| self.holdings[ix].short.as_deref()).map_or(0, Short::grants);
        if own >= OF_HOLDING_MAX || self.locates.in_force.len() >= IN_FORCE_MAX {
            return Err((CommandRefusal::TooManyChanges, format!("{own} of the account are in force")));
        }
        Ok(())
    }

    /// Decided: the shares count from here on.
    fn grant_locate(
        &mut self,
        e: &LocateProposed,
        (maker, checker): (Actor, Actor),
        reason: &str,
        out: &mut Outbox,
    ) {
        let client = self.clients.find(&e.account).expect("clients are never removed");
        let symbol = self.instruments.find(&e.symbol).expect("instruments are never removed");
        let ix = self.holding(client, symbol).expect("a firm's account in a listed instrument");
        let accounts = self.short_accounts(ix);
        let short = self.holdings[ix].short.get_or_insert_with(|| Box::new(Short::new(accounts)));
        let qty = e.qty.units();
        short.grant(Grant { until: e.valid_until, locate: e.locate, qty, left: qty });
        self.locates.in_force.insert(e.locate, ix);
        self.locates.expiring.insert((e.valid_until, e.locate));
        let granted = LocateGranted {
            locate: e.locate,
            firm: e.firm,
            account: e.account,
            symbol: e.symbol,
            qty: e.qty,
            lender: e.lender.clone(),
            valid_until: e.valid_until,
            maker,
            checker,
            reason: format!("{} / {reason}", e.reason),
        };
        out.emit(Topic::Accounts, granted.into());
    }

    pub(crate) fn release_locate(
        &mut self,
        e: &LocateReleaseRequested,
        by: Actor,
        out: &mut Outbox,
    ) -> Result<(), NoEffect> {
        if !self.locates.in_force.contains_key(&e.locate) {
            return Err((CommandRefusal::UnknownChange, format!("no locate {} is in force", e.locate)));
        }
        if e.reason.trim().is_empty() {
            return Err((CommandRefusal::NoReason, "giving it back needs a reason".to_owned()));
        }
        let (locate, cause) = (e.locate, LocateEnd::Released);
        let ending = Ending { locate, cause, by: Some(by), reason: &e.reason };
        self.end_locate(&ending, &mut Covered::default(), out);
        Ok(())
    }

    /// Locates whose time has come count no more.
    pub(crate) fn expire_locates(&mut self, now: Timestamp, out: &mut Outbox) {
        let mut covered = Covered::default();
        for _ in 0..ENDED_PER_TICK_MAX {
            let due = self.locates.expiring.first().copied().filter(|(until, _)| *until <= now);
            let Some((_, locate)) = due else { return };
            let (cause, reason) = (LocateEnd::Expired, "its time ran out");
            self.end_locate(&Ending { locate, cause, by: None, reason }, &mut covered, out);
        }
    }

    /// Takes a locate off, and notes the newest working short sales that what is left does not cover.
    fn end_locate(&mut self, ending: &Ending<'_>, covered: &mut Covered, out: &mut Outbox) {
        let ix = self.locates.in_force.remove(&ending.locate).expect("it is in force");
        let short = self.holdings[ix].short.as_deref_mut().expect("locates stand with short sales");
        let grant = short.withdraw(&ending.locate).expect("it is in force");
        let excess = short.open - short.left();
        self.locates.expiring.remove(&(grant.until, grant.locate));
        let orders = if excess > 0 { self.unlocate(ix, excess, ending.locate, covered) } else { 0 };
        let holding = &self.holdings[ix];
        let ended = LocateEnded {
            locate: ending.locate,
            firm: *self.firms.name(holding.firm),
            account: *self.clients.name(holding.client),
            symbol: *self.instruments.name(holding.symbol),
            cause: ending.cause,
            unused: Qty::from_units(grant.left),
            orders,
            by: ending.by,
            reason: ending.reason.to_owned(),
        };
        out.emit(Topic::Accounts, ended.into());
    }

    fn unlocate(&mut self, ix: HoldingIx, excess: i64, locate: LocateId, covered: &mut Covered) -> u64 {
        let of_holding = covered.of_holding(ix, &self.orders);
        let mut orders = 0;
        while of_holding.noted < excess {
            let Some((order_id, qty)) = of_holding.working.pop() else { break };
            of_holding.noted += qty;
            orders += 1;
            self.locates.cancelling.push_back((order_id, locate));
        }
        orders
    }

    /// Sends cancels for short sales whose locate has ended.
    pub(crate) fn cancel_unlocated(&mut self, room: &mut Room, out: &mut Outbox) {
        while room.is_left()
            && let Some((order_id, locate)) = self.locates.cancelling.pop_front()
        {
            room.take();
            let Some(slot) = self.orders.slot(&order_id) else { continue };
            let (firm, symbol) = (self.orders[slot].terms.firm, self.orders[slot].terms.symbol);
            let (reason, detail) =
                (Some(Refusal::ShortLocate), Some(format!("locate {locate} has ended").into()));
            let cancel = CancelAccepted { order_id, symbol, firm, request: None, reason, detail };
            out.emit(Topic::Markets, cancel.into());
        }
    }
}

fn not_over(e: &LocateProposed, at: Timestamp) -> Result<(), NoEffect> {
    match e.valid_until > at {
        true => Ok(()),
        false => Err((CommandRefusal::BadExpiry, "it would have ended already".to_owned())),
    }
}
