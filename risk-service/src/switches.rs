//! Stopping everything, or one firm, account, session or instrument, and letting it go on.

use crate::answering::{NoEffect, refuse};
use crate::order::OpenOrder;
use crate::orders::Slot;
use crate::risk::Risk;
use crate::stage::Refused;
use crate::work::Room;
use assay_trading_types::*;
use serde::{Deserialize, Serialize};

/// A switch that is not open, and who set it why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Switch {
    pub(crate) state: SwitchState,
    by: Actor,
    reason: String,
}

impl Switch {
    /// Who, why and over what, as Text(58) says it.
    fn words(&self, scope: &SwitchScope) -> String {
        format!("{} ({}), {scope}", self.by, self.reason)
    }
}

/// Where a scope keeps its switch; nothing there is open.
pub(crate) type SwitchPlace = Option<Box<Switch>>;

impl Risk {
    /// The first versions had one switch for a firm.
    pub(crate) fn set_kill_switch(&mut self, e: &KillSwitchSet, input: &Input<'_>, out: &mut Outbox) {
        let state = if e.engaged { SwitchState::Killed } else { SwitchState::Open };
        let set = RiskSwitchSet {
            scope: SwitchScope::Firm(e.firm),
            state,
            reason: e.reason.clone(),
            command: None,
        };
        if let Err(refused) = self.set_switch(&set, input, out) {
            refuse(set.scope.key(), input.actor, refused, out);
        }
    }

    /// Anyone makes a switch harder; milder only somebody else than who set it.
    pub(crate) fn set_switch(
        &mut self,
        e: &RiskSwitchSet,
        input: &Input<'_>,
        out: &mut Outbox,
    ) -> Result<(), NoEffect> {
        let by = input.actor;
        let unknown = || (CommandRefusal::UnknownScope, format!("no {}", e.scope));
        let place = self.switch_place(&e.scope).ok_or_else(unknown)?;
        let before = place.as_ref().map_or(SwitchState::Open, |s| s.state);
        let same_person = place.as_ref().is_some_and(|s| s.by == by);
        if e.state == before {
            return Err((CommandRefusal::NoEffect, format!("it is {before:?} already")));
        }
        if e.state < before && same_person {
            let detail = format!("{by} set it, somebody else must let {} go on", e.scope);
            return Err((CommandRefusal::SamePerson, detail));
        }
        // Decided: nothing below refuses.
        *place = (e.state != SwitchState::Open)
            .then(|| Box::new(Switch { state: e.state, by, reason: e.reason.clone() }));
        let orders = if e.state == SwitchState::Killed { self.begin_killing(&e.scope) } else { 0 };
        let (scope, state, reason) = (e.scope, e.state, e.reason.clone());
        let changed = RiskSwitchChanged { scope, before, state, by, reason, orders };
        let firm = match scope {
            SwitchScope::Firm(firm) => Some(firm),
            SwitchScope::Account(account) => self.firm_of(&account),
            SwitchScope::All | SwitchScope::Session(_) | SwitchScope::Instrument(_) => None,
        };
        crate::news::switch(&changed, firm, out);
        out.emit(Topic::Accounts, changed.into());
        Ok(())
    }

    fn switch_place(&mut self, scope: &SwitchScope) -> Option<&mut SwitchPlace> {
        Some(match scope {
            SwitchScope::All => &mut self.switch,
            SwitchScope::Firm(firm) => {
                let ix = self.firms.find(firm)?;
                &mut self.firms[ix].switch
            }
            SwitchScope::Account(account) => {
                let ix = self.clients.find(account)?;
                &mut self.clients[ix].switch
            }
            SwitchScope::Session(session) => {
                // A session may be stopped before it has ever sent anything.
                let ix = self.sessions.open(*session, Default::default);
                &mut self.sessions[ix].switch
            }
            SwitchScope::Instrument(symbol) => {
                let ix = self.instruments.find(symbol)?;
                &mut self.instruments[ix].switch
            }
        })
    }

    /// Notes the working orders of a scope, which [`Risk::kill_some`] cancels, and counts them.
    fn begin_killing(&mut self, scope: &SwitchScope) -> u64 {
        let mine = |order: &OpenOrder| match scope {
            SwitchScope::All => true,
            SwitchScope::Firm(firm) => order.terms.firm == *firm,
            SwitchScope::Account(account) => order.terms.account == *account,
            SwitchScope::Session(session) => order.terms.session == *session,
            SwitchScope::Instrument(symbol) => order.terms.symbol == *symbol,
        };
        let mut ids: Vec<OrderId> =
            self.orders.iter().filter(|order| mine(order)).map(|order| order.order_id).collect();
        ids.sort_unstable();
        let count = ids.len() as u64;
        self.killing.extend(ids);
        count
    }

    /// Sends cancels for orders that a kill switch stands over and that are still open.
    pub(crate) fn kill_some(&mut self, room: &mut Room, out: &mut Outbox) {
        while room.is_left()
            && let Some(order_id) = self.killing.pop_front()
        {
            room.take();
            let Some(slot) = self.orders.slot(&order_id) else { continue };
            let over = self.hardest_switch(slot).filter(|(_, s)| s.state == SwitchState::Killed);
            if let Some((scope, switch)) = over {
                let (firm, symbol) = (self.orders[slot].terms.firm, self.orders[slot].terms.symbol);
                let (reason, detail) = (Some(Refusal::KillSwitch), Some(switch.words(&scope).into()));
                let cancel = CancelAccepted { order_id, symbol, firm, request: None, reason, detail };
                out.emit(Topic::Markets, cancel.into());
            }
        }
    }

    /// The hardest of the switches over an open order.
    fn hardest_switch(&self, slot: Slot) -> Option<(SwitchScope, &Switch)> {
        let holding = &self.holdings[self.orders[slot].holding];
        let place = Place {
            session: self.orders[slot].session,
            firm: holding.firm,
            client: holding.client,
            symbol: holding.symbol,
        };
        self.switch_over(&place)
    }

    /// The hardest of the switches over a place, the widest of equals.
    pub(crate) fn switch_over(&self, place: &Place) -> Option<(SwitchScope, &Switch)> {
        let all = self.switch.as_deref().map(|s| (SwitchScope::All, s));
        let firm = self.firms[place.firm].switch.as_deref();
        let firm = firm.map(|s| (SwitchScope::Firm(*self.firms.name(place.firm)), s));
        let client = self.clients[place.client].switch.as_deref();
        let client = client.map(|s| (SwitchScope::Account(*self.clients.name(place.client)), s));
        let session = self.sessions[place.session].switch.as_deref();
        let session = session.map(|s| (SwitchScope::Session(*self.sessions.name(place.session)), s));
        let symbol = self.instruments[place.symbol].switch.as_deref();
        let symbol = symbol.map(|s| (SwitchScope::Instrument(*self.instruments.name(place.symbol)), s));
        let over = [symbol, session, client, firm, all];
        over.into_iter().flatten().max_by_key(|(_, switch)| switch.state)
    }

    /// Refuses what no switch over a place lets through; `reduces` says that it can only make a position smaller.
    pub(crate) fn check_switches(&self, place: &Place, reduces: bool) -> Result<(), Refused> {
        let Some((scope, switch)) = self.switch_over(place) else { return Ok(()) };
        let refusal = match switch.state {
            SwitchState::Open => return Ok(()),
            SwitchState::ReduceOnly if reduces => return Ok(()),
            SwitchState::ReduceOnly => Refusal::ReduceOnly,
            SwitchState::CancelOnly => Refusal::CancelOnly,
            SwitchState::Killed => Refusal::KillSwitch,
        };
        Err((refusal, switch.words(&scope)))
    }
}

/// Whose order in what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) session: crate::names::SessionIx,
    pub(crate) firm: crate::names::FirmIx,
    pub(crate) client: crate::names::ClientIx,
    pub(crate) symbol: crate::names::SymbolIx,
}
