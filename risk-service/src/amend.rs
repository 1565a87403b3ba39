//! Cancel, replace and status: chains of ClOrdIDs.

use crate::decision::{Refused, notional_max};
use crate::order::{PendingReplace, UnitHold};
use crate::risk::Risk;
use assay_trading_types::*;

/// What F and G have in common.
struct Amendment<'a> {
    request: RequestId,
    firm: FirmId,
    to: ResponseTo,
    cl_ord_id: ClOrdId,
    orig_cl_ord_id: ClOrdId,
    order_id: Option<OrderId>,
    account: Option<AccountId>,
    symbol: Symbol,
    side: Side,
    defect: Option<&'a Defect>,
}

impl Risk {
    pub(crate) fn cancel(&mut self, e: &CancelRequested, out: &mut Outbox) {
        let amendment = Amendment {
            request: e.request,
            firm: e.firm,
            to: ResponseTo::Cancel,
            cl_ord_id: e.cl_ord_id,
            orig_cl_ord_id: e.orig_cl_ord_id,
            order_id: e.order_id,
            account: e.account,
            symbol: e.symbol,
            side: e.side,
            defect: e.defect.as_ref(),
        };
        if self.is_known_resend(&amendment, e.poss_resend) {
            return;
        }
        match self.find_order(&amendment) {
            Err(refused) => self.refuse_amendment(&amendment, refused, out),
            Ok(order_id) => {
                self.used.entry(e.request.session).or_default().insert(&e.cl_ord_id);
                let symbol = self.orders[&order_id].terms.symbol;
                let accepted = CancelAccepted {
                    order_id,
                    symbol,
                    firm: e.firm,
                    request: Some(amendment.chain_ids()),
                    reason: None,
                };
                out.emit(Topic::Markets, accepted.into());
            }
        }
    }

    pub(crate) fn replace(&mut self, e: &ReplaceRequested, input: &Input<'_>, out: &mut Outbox) {
        let amendment = Amendment {
            request: e.request,
            firm: e.terms.firm,
            to: ResponseTo::Replace,
            cl_ord_id: e.terms.cl_ord_id,
            orig_cl_ord_id: e.orig_cl_ord_id,
            order_id: e.order_id,
            account: e.account_given.then_some(e.terms.account),
            symbol: e.terms.symbol,
            side: e.terms.side,
            defect: e.defect.as_ref(),
        };
        if self.is_known_resend(&amendment, e.poss_resend) {
            return;
        }
        let decided = self.find_order(&amendment).and_then(|id| self.decide_replace(id, e, input, out));
        if let Err(refused) = decided {
            self.refuse_amendment(&amendment, refused, out);
        }
    }

    fn decide_replace(
        &mut self,
        order_id: OrderId,
        e: &ReplaceRequested,
        input: &Input<'_>,
        out: &mut Outbox,
    ) -> Result<(), Refused> {
        let order = &self.orders[&order_id];
        if order.replace.is_some() {
            return Err((Refusal::Pending, "another replace is pending".to_owned()));
        }
        let mut terms = e.terms.clone();
        terms.account = order.terms.account;
        terms.tif = if e.tif_given { terms.tif } else { order.terms.tif };
        if e.tif_given && matches!(terms.tif, TimeInForce::Ioc | TimeInForce::Fok) {
            return Err((Refusal::NotAmendable, "TimeInForce cannot become IOC or FOK".to_owned()));
        }
        let counted = Price::from_units(order.exposure_price).notional(order.filled.leaves_qty);
        let approved = self.check_terms(&terms, input.at)?;
        let leaves = Qty::from_units((terms.qty.units() - order.filled.cum_qty.units()).max(0));
        self.check_limits(&terms, terms.qty.min(leaves.max(terms.qty)), counted, &approved)?;
        let unit_hold =
            if terms.side.is_buy() { UnitHold::Cash(approved.price.units()) } else { UnitHold::Asset };
        let need = self.need_while_replaced(order, terms.qty, unit_hold);
        let held = self.held(order);
        let mut order = self.orders.remove(&order_id).expect("found above");
        let extra = Amount::from_units((need.units() - held.units()).max(0));
        let posted =
            if extra == Amount::ZERO { Some(Vec::new()) } else { self.hold(order_id, &mut order, extra) };
        let Some(posted) = posted else {
            let detail =
                format!("{need} > {held} held and what is available, account {}", order.terms.account);
            self.orders.insert(order_id, order);
            return Err((Refusal::LimitCredit, detail));
        };
        // Decided: nothing below refuses.
        let session = order.terms.session;
        order.replace = Some(PendingReplace {
            request: e.request,
            cl_ord_id: terms.cl_ord_id,
            unit_hold,
            qty: terms.qty.units(),
        });
        self.orders.insert(order_id, order);
        self.used.entry(session).or_default().insert(&terms.cl_ord_id);
        let limits_version = self.firms[&terms.firm].limits_version();
        let request =
            ChainIds { request: e.request, cl_ord_id: terms.cl_ord_id, orig_cl_ord_id: e.orig_cl_ord_id };
        if !posted.is_empty() {
            let posted =
                Posted { firm: terms.firm, order_id: Some(order_id), exec_id: None, transfers: posted };
            out.emit(Topic::Ledger, posted.into());
        }
        let notional_max = notional_max(&terms, &approved);
        let reference_price = approved.reference;
        let accepted =
            ReplaceAccepted { order_id, request, terms, notional_max, limits_version, reference_price };
        out.emit(Topic::Markets, accepted.into());
        Ok(())
    }

    pub(crate) fn status(&mut self, e: &StatusRequested, out: &mut Outbox) {
        let by_id = self.find(&e.request.session, &e.cl_ord_id);
        let mine = |state: &OrderState| state.terms.session == e.request.session;
        let order = e.order_id.or(by_id).and_then(|id| self.state(&id)).filter(mine);
        let reported = StatusReported {
            request: e.request,
            firm: e.firm,
            cl_ord_id: e.cl_ord_id,
            ord_status_req_id: e.ord_status_req_id.clone(),
            symbol: e.symbol,
            side: e.side,
            order,
        };
        out.emit(Topic::Accounts, reported.into());
    }

    fn state(&self, order_id: &OrderId) -> Option<OrderState> {
        let open = self.orders.get(order_id).map(|o| o.state(*order_id));
        open.or_else(|| self.closed(order_id).cloned())
    }

    fn is_known_resend(&self, amendment: &Amendment<'_>, poss_resend: bool) -> bool {
        poss_resend
            && self.used.get(&amendment.request.session).is_some_and(|u| u.contains(&amendment.cl_ord_id))
    }

    /// The open order that an F or G addresses.
    fn find_order(&self, a: &Amendment<'_>) -> Result<OrderId, Refused> {
        let session = &a.request.session;
        if self.used.get(session).is_some_and(|u| u.contains(&a.cl_ord_id)) {
            return Err((Refusal::DupClOrdId, format!("{} was used before", a.cl_ord_id)));
        }
        if let Some(defect) = a.defect {
            return Err((defect.refusal, defect.detail.clone()));
        }
        let order_id = self
            .find(session, &a.orig_cl_ord_id)
            .ok_or_else(|| (Refusal::UnknownOrder, format!("no order {}", a.orig_cl_ord_id)))?;
        if a.order_id.is_some_and(|given| given != order_id) {
            return Err((Refusal::IdMismatch, format!("{} is not {}", a.orig_cl_ord_id, order_id)));
        }
        let Some(order) = self.orders.get(&order_id) else {
            return Err((Refusal::TooLate, format!("{} is closed", a.orig_cl_ord_id)));
        };
        let pending = order.replace.as_ref().map(|r| r.cl_ord_id);
        let current = order.terms.cl_ord_id;
        if a.orig_cl_ord_id != current && Some(a.orig_cl_ord_id) != pending {
            return Err((Refusal::NotCurrent, format!("the order is {current} now")));
        }
        let same = a.symbol == order.terms.symbol
            && a.side == order.terms.side
            && a.account.is_none_or(|account| account == order.terms.account);
        if !same {
            return Err((Refusal::TermsMismatch, "Symbol, Side and Account must be the order's".to_owned()));
        }
        Ok(order_id)
    }

    fn refuse_amendment(&mut self, a: &Amendment<'_>, (refusal, detail): Refused, out: &mut Outbox) {
        if refusal != Refusal::RateLimit {
            self.used.entry(a.request.session).or_default().insert(&a.cl_ord_id);
        }
        let known = self.find(&a.request.session, &a.orig_cl_ord_id).and_then(|id| self.state(&id));
        let refused = CancelRefused {
            request: a.request,
            firm: a.firm,
            response_to: a.to,
            cl_ord_id: a.cl_ord_id,
            orig_cl_ord_id: a.orig_cl_ord_id,
            order_id: known.as_ref().map(|o| o.order_id),
            account: known.as_ref().map(|o| o.terms.account),
            status: known.map_or(OrdStatus::Rejected, |o| o.status),
            refusal,
            detail,
        };
        out.emit(Topic::Accounts, refused.into());
    }
}

impl Amendment<'_> {
    fn chain_ids(&self) -> ChainIds {
        ChainIds { request: self.request, cl_ord_id: self.cl_ord_id, orig_cl_ord_id: self.orig_cl_ord_id }
    }
}
