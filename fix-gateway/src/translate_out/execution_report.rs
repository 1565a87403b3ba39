//! The body of an ExecutionReport(8), and what an event says in it.

use super::body::Body;
use super::fields::{order_id, text, time, trade_date, write_display};
use assay_trading_types::{
    ChainIds, ClOrdId, Conditions, ExecId, ExecType, Expiry, Fill, Filled, Liquidity, OrdStatus, OrderId,
    OrderTerms, Refusal, Timestamp,
};
use fix_session::Encoder;

/// A report that is one of several answers to a mass request, or a copy of one that went to somebody else.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Part {
    pub(super) mass: Option<MassPart>,
    /// CopyMsgIndicator(797).
    pub(super) copy: bool,
}

/// Place of a report among the answers to a mass status request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MassPart {
    /// MassStatusReqID(584).
    pub(crate) id: ClOrdId,
    /// TotNumReports(911).
    pub(crate) total: u64,
    /// LastRptRequested(912).
    pub(crate) last: bool,
}

/// What an ExecutionReport(8) says.
pub(super) struct ExecutionReport<'a> {
    /// None: 17=0, a status answer.
    pub(super) exec_id: Option<ExecId>,
    /// None: 37=NONE.
    pub(super) order_id: Option<OrderId>,
    pub(super) cl_ord_id: ClOrdId,
    pub(super) orig_cl_ord_id: Option<ClOrdId>,
    pub(super) exec_type: u8,
    pub(super) status: OrdStatus,
    pub(super) terms: &'a OrderTerms,
    pub(super) filled: Filled,
    pub(super) fill: Option<&'a Fill>,
    /// ExecRefID(19): the report of the fill that is undone or priced anew.
    pub(super) exec_ref_id: Option<ExecId>,
    pub(super) refusal: Option<Refusal>,
    pub(super) restatement: Option<u64>,
    pub(super) text: Option<(Refusal, &'a str)>,
    pub(super) ord_status_req_id: Option<&'a str>,
    /// WorkingIndicator(636), of stop orders.
    pub(super) working: Option<bool>,
    pub(super) part: Part,
    pub(super) at: Timestamp,
}

impl ExecutionReport<'_> {
    pub(super) fn write(&self, out: &mut Encoder) {
        let mut body = Body::new(out, self.terms.carried.as_deref());
        self.write_ids(&mut body);
        self.write_terms(&mut body);
        self.write_rest(&mut body);
        body.end();
    }

    fn write_ids(&self, body: &mut Body<'_>) {
        let terms = self.terms;
        body.echo(1, |o| _ = o.field(1, terms.account.as_str().as_bytes()));
        body.own(6, |o| _ = o.field_price(6, self.filled.avg_px()));
        body.own(11, |o| _ = o.field(11, self.cl_ord_id.as_str().as_bytes()));
        body.own(14, |o| _ = o.field_qty(14, self.filled.cum_qty));
        body.own(17, |o| match self.exec_id {
            Some(id) => _ = o.field_with(17, |out| write_display(out, id)),
            None => _ = o.field(17, b"0"),
        });
        if let Some(instruction) = self.conditions().and_then(exec_inst) {
            body.echo(18, |o| _ = o.field(18, instruction));
        }
        if let Some(id) = self.exec_ref_id {
            body.own(19, |o| _ = o.field_with(19, |out| write_display(out, id)));
        }
        if let Some(fill) = self.fill {
            body.own(31, |o| _ = o.field_price(31, fill.price).field_qty(32, fill.qty));
        }
        body.own(37, |o| order_id(o, self.order_id));
    }

    fn write_terms(&self, body: &mut Body<'_>) {
        let terms = self.terms;
        body.echo(38, |o| _ = o.field_qty(38, terms.qty));
        body.own(39, |o| _ = o.field_char(39, self.status.fix()));
        body.echo(40, |o| _ = o.field_char(40, terms.ord_type.fix()));
        if let Some(id) = self.orig_cl_ord_id {
            body.own(41, |o| _ = o.field(41, id.as_str().as_bytes()));
        }
        if let Some(price) = terms.price {
            body.echo(44, |o| _ = o.field_price(44, price));
        }
        body.echo(54, |o| _ = o.field_char(54, terms.side.fix()));
        body.echo(55, |o| _ = o.field(55, terms.symbol.as_str().as_bytes()));
        if let Some((code, detail)) = self.text {
            body.own(58, |o| text(o, code, detail));
        }
        body.echo(59, |o| _ = o.field_char(59, terms.tif.fix()));
        body.own(60, |o| time(o, self.at));
        if self.fill.is_some() && self.exec_ref_id.is_none() {
            body.own(75, |o| _ = o.field_with(75, |out| trade_date(self.at, out)));
        }
        if let Some(price) = terms.stop_px {
            body.echo(99, |o| _ = o.field_price(99, price));
        }
    }

    fn write_rest(&self, body: &mut Body<'_>) {
        if let Some(refusal) = self.refusal {
            body.own(103, |o| _ = o.field_u64(103, refusal.ord_rej_reason().into()));
        }
        let conditions = self.conditions();
        if let Some(qty) = conditions.and_then(|c| c.min_qty) {
            body.echo(110, |o| _ = o.field_qty(110, qty));
        }
        if let Some(qty) = conditions.and_then(|c| c.max_floor) {
            body.echo(111, |o| _ = o.field_qty(111, qty));
        }
        if let Some(Expiry::Time(at)) = conditions.and_then(|c| c.expiry) {
            body.echo(126, |o| _ = o.field_time(126, at));
        }
        body.own(150, |o| _ = o.field_char(150, self.exec_type).field_qty(151, self.filled.leaves_qty));
        if let Some(reason) = self.restatement {
            body.own(378, |o| _ = o.field_u64(378, reason));
        }
        if let Some(Expiry::Date(date)) = conditions.and_then(|c| c.expiry) {
            body.echo(432, |o| _ = o.field(432, format!("{date:08}").as_bytes()));
        }
        if let Some(mass) = self.part.mass {
            body.own(584, |o| _ = o.field(584, mass.id.as_str().as_bytes()));
        }
        if let Some(working) = self.working {
            body.own(636, |o| _ = o.field_bool(636, working));
        }
        if let Some(id) = self.ord_status_req_id {
            body.own(790, |o| _ = o.field(790, id.as_bytes()));
        }
        if self.part.copy {
            body.own(797, |o| _ = o.field_bool(797, true));
        }
        if let Some(fill) = self.fill.filter(|_| self.exec_ref_id.is_none()) {
            body.own(851, |o| _ = o.field_char(851, liquidity(fill)));
        }
        if let Some(mass) = self.part.mass {
            body.own(911, |o| _ = o.field_u64(911, mass.total).field_bool(912, mass.last));
        }
    }

    fn conditions(&self) -> Option<&Conditions> {
        self.terms.conditions.as_deref()
    }
}

/// ExecInst(18).
fn exec_inst(conditions: &Conditions) -> Option<&'static [u8]> {
    match (conditions.post_only, conditions.all_or_none) {
        (true, true) => Some(b"6 G"),
        (true, false) => Some(b"6"),
        (false, true) => Some(b"G"),
        (false, false) => None,
    }
}

fn liquidity(fill: &Fill) -> u8 {
    match fill.liquidity {
        Liquidity::Added => b'1',
        Liquidity::Removed => b'2',
    }
}

/// The fill that an event reports, and the report that it amends.
pub(super) fn fill_of(exec: &ExecType) -> (Option<&Fill>, Option<ExecId>) {
    match exec {
        ExecType::Trade(fill) => (Some(fill), None),
        ExecType::TradeCanceled { exec_id, fill, .. } | ExecType::TradeCorrected { exec_id, fill, .. } => {
            (Some(fill), Some(*exec_id))
        }
        _ => (None, None),
    }
}

/// Ids of the F or G that an event answers, or says to be pending.
pub(super) fn asked_by(exec: &ExecType) -> Option<&ChainIds> {
    match exec {
        ExecType::PendingCancel { request }
        | ExecType::PendingReplace { request }
        | ExecType::Replaced { request, .. } => Some(request),
        ExecType::Canceled { request, .. } => request.as_ref(),
        _ => None,
    }
}

pub(super) fn exec_type_char(exec: &ExecType) -> u8 {
    match exec {
        ExecType::PendingNew => b'A',
        ExecType::New => b'0',
        ExecType::PendingCancel { .. } => b'6',
        ExecType::PendingReplace { .. } => b'E',
        ExecType::Trade(_) => b'F',
        ExecType::Canceled { .. } => b'4',
        ExecType::Replaced { .. } => b'5',
        ExecType::Rejected { .. } => b'8',
        ExecType::TradeCanceled { .. } => b'H',
        ExecType::TradeCorrected { .. } => b'G',
        ExecType::Expired => b'C',
        ExecType::DoneForDay => b'3',
        ExecType::Restated { .. } => b'D',
    }
}

pub(super) fn reason_of(exec: &ExecType) -> Option<Refusal> {
    match exec {
        ExecType::Canceled { reason, .. } | ExecType::Replaced { reason, .. } => *reason,
        ExecType::Restated { reason } | ExecType::Rejected { reason } => Some(*reason),
        ExecType::New
        | ExecType::PendingNew
        | ExecType::PendingCancel { .. }
        | ExecType::PendingReplace { .. }
        | ExecType::Trade(_)
        | ExecType::TradeCanceled { .. }
        | ExecType::TradeCorrected { .. }
        | ExecType::Expired
        | ExecType::DoneForDay => None,
    }
}

pub(super) fn detail_of(exec: &ExecType) -> Option<&str> {
    match exec {
        ExecType::Canceled { detail, .. } => detail.as_deref(),
        _ => None,
    }
}

/// ExecRestatementReason(378): on restatements, and on cancels that nobody who may send F asked for (M-25).
pub(super) fn restatement_of(exec: &ExecType) -> Option<u64> {
    const RENEWAL: u64 = 1;
    const HALT: u64 = 6;
    const OTHER: u64 = 99;
    match exec {
        ExecType::Restated { reason: Refusal::GtRenewal } => Some(RENEWAL),
        ExecType::Restated { .. } => Some(OTHER),
        ExecType::Canceled { request: None, reason: Some(reason), .. } => match reason {
            Refusal::Halt | Refusal::Halted => Some(HALT),
            // By the order's own terms, or asked for by q.
            Refusal::IocRemainder
            | Refusal::FokUnfilled
            | Refusal::NoLiquidity
            | Refusal::PostOnly
            | Refusal::AuctionRemainder
            | Refusal::MassCancel => None,
            _ => Some(OTHER),
        },
        _ => None,
    }
}
