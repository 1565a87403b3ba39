//! D, F, G, H, q, AF and AN as requests (rules of engagement, sections 2 to 4 and 7.2).
//!
//! What FIX or this file can say at once is answered at once: a missing conditional field by BusinessMessageReject(j)
//! 380=5, an id that is no id by Reject(3). Everything else becomes a request; what is wrong with its values stands in it
//! as a [`Defect`](assay_trading_types::Defect), which risk records and answers in its order of precedence, so that the refusal is in the books too.

mod mass;
mod parties;
mod positions;
mod reading;
mod terms;

use crate::SessionSpec;
use crate::reference_data::ReferenceData;
use assay_trading_types::{
    AccountId, CancelRequested, Carried, ClOrdId, Conditions, Event, FirmId, OrdType, OrderRequested,
    OrderTerms, Price, Qty, ReplaceRequested, RequestId, Scope, Side, StatusRequested, Symbol, TimeInForce,
    Timestamp,
};
use fix_session::{Inbound, Verdict};
use reading::{Reading, Stop};

/// The request that `inbound` is.
///
/// # Errors
/// The answer that it gets instead.
pub(crate) fn request_of(
    session: &SessionSpec,
    listed: &ReferenceData,
    inbound: &Inbound<'_>,
    request: RequestId,
) -> Result<Event, Verdict> {
    let event = match inbound.message.msg_type() {
        b"D" => new_order(session, listed, inbound, request).map(Event::from),
        b"F" => cancel(session, inbound, request).map(Event::from),
        b"G" => replace(session, listed, inbound, request).map(Event::from),
        b"H" => status(session, inbound, request).map(Event::from),
        b"q" => mass::mass_cancel(session, inbound, request).map(Event::from),
        b"AF" => mass::mass_status(session, inbound, request),
        b"AN" => positions::positions(session, inbound, request).map(Event::from),
        _ => return Err(Verdict::Unsupported),
    };
    event.map_err(Stop::verdict)
}

fn new_order(
    session: &SessionSpec,
    listed: &ReferenceData,
    inbound: &Inbound<'_>,
    request: RequestId,
) -> Result<OrderRequested, Stop> {
    let mut reading = Reading::new(&inbound.message);
    let cl_ord_id = reading.id(11)?;
    reading.need(1)?;
    reading.need_fields(session)?;
    let stated = stated_terms(&mut reading, session, listed);
    let account = reading.account(session)?;
    reading.parties(session.regime(&account));
    let (defect, carried) = reading.finish();
    let transact_time = stated.transact_time;
    let terms = stated.into_terms((cl_ord_id, request), session.firm, account, carried);
    Ok(OrderRequested {
        request,
        terms,
        transact_time,
        poss_resend: inbound.poss_resend,
        defect,
        tell_pending: session.pending.new_orders,
    })
}

fn replace(
    session: &SessionSpec,
    listed: &ReferenceData,
    inbound: &Inbound<'_>,
    request: RequestId,
) -> Result<ReplaceRequested, Stop> {
    let mut reading = Reading::new(&inbound.message);
    let cl_ord_id = reading.id(11)?;
    let orig_cl_ord_id = reading.id(41)?;
    reading.need_fields(session)?;
    let order_id = reading.order_id();
    let stated = stated_terms(&mut reading, session, listed);
    let orig_ord_mod_time = reading.time(586);
    let account_given = reading.has(1);
    let account = if account_given { reading.account(session)? } else { placeholder(session)? };
    reading.parties(None);
    let (defect, carried) = reading.finish();
    let tif_given = inbound.message.get(59).is_some();
    let terms = stated.into_terms((cl_ord_id, request), session.firm, account, carried);
    let poss_resend = inbound.poss_resend;
    Ok(ReplaceRequested {
        request,
        orig_cl_ord_id,
        order_id,
        account_given,
        tif_given,
        orig_ord_mod_time,
        terms,
        poss_resend,
        defect,
        tell_pending: session.pending.amendments,
        may_chain: session.pending.chain,
        keeps_carried: true,
    })
}

/// What D and G state of an order's terms.
struct Stated {
    symbol: Symbol,
    side: Side,
    ord_type: OrdType,
    tif: TimeInForce,
    price: Option<Price>,
    stop_px: Option<Price>,
    qty: Qty,
    conditions: Conditions,
    transact_time: Timestamp,
}

/// Reads them in the order of checks: instrument, type and terms, price and quantity.
fn stated_terms(reading: &mut Reading<'_>, session: &SessionSpec, listed: &ReferenceData) -> Stated {
    reading.carry_all();
    let symbol = reading.symbol();
    reading.instrument(symbol);
    reading.instrument_agrees(listed.listed(&symbol));
    let side = reading.side();
    let tif = reading.time_in_force().unwrap_or(TimeInForce::Day);
    let ord_type = reading.ord_type(tif);
    let mut conditions = Conditions::default();
    reading.instructions(tif, &mut conditions);
    conditions.expiry = reading.expiry(tif);
    reading.capacities();
    reading.attributes();
    let transact_time = reading.transact_time(session);
    let (price, stop_px) = (reading.price(44), reading.price(99));
    reading.prices_allowed();
    let qty = reading.quantity();
    reading.quantities((ord_type, tif, qty), &mut conditions);
    reading.trading_session();
    Stated { symbol, side, ord_type, tif, price, stop_px, qty, conditions, transact_time }
}

impl Stated {
    fn into_terms(
        self,
        (cl_ord_id, request): (ClOrdId, RequestId),
        firm: FirmId,
        account: AccountId,
        carried: Carried,
    ) -> OrderTerms {
        let Self { symbol, side, ord_type, tif, price, stop_px, qty, conditions, .. } = self;
        let session = request.session;
        let conditions = (conditions != Conditions::default()).then(|| Box::new(conditions));
        OrderTerms {
            cl_ord_id,
            session,
            firm,
            account,
            symbol,
            side,
            ord_type,
            price,
            stop_px,
            qty,
            tif,
            conditions,
            carried,
        }
    }
}

/// What stands for an account that was not given; `account_given` says that it means nothing.
fn placeholder(session: &SessionSpec) -> Result<AccountId, Stop> {
    let own = session.accounts.first().copied();
    own.or_else(|| AccountId::new(session.firm.as_str()).ok()).ok_or(Stop::Missing(1))
}

fn cancel(session: &SessionSpec, inbound: &Inbound<'_>, request: RequestId) -> Result<CancelRequested, Stop> {
    let mut reading = Reading::new(&inbound.message);
    let cl_ord_id = reading.id(11)?;
    let orig_cl_ord_id = reading.id(41)?;
    reading.times_fit()?;
    reading.need(55)?;
    let order_id = reading.order_id();
    let symbol = reading.symbol();
    let side = reading.side();
    reading.transact_time(session);
    let account = if reading.has(1) { Some(reading.account(session)?) } else { None };
    let (defect, _) = reading.finish();
    Ok(CancelRequested {
        request,
        firm: session.firm,
        cl_ord_id,
        orig_cl_ord_id,
        order_id,
        account,
        symbol,
        side,
        poss_resend: inbound.poss_resend,
        defect,
        tell_pending: session.pending.amendments,
        waits: true,
    })
}

fn status(session: &SessionSpec, inbound: &Inbound<'_>, request: RequestId) -> Result<StatusRequested, Stop> {
    let mut reading = Reading::new(&inbound.message);
    let cl_ord_id = reading.id(11)?;
    let ord_status_req_id = match reading.has(790) {
        true => Some(reading.id(790)?.as_str().to_owned()),
        false => None,
    };
    // Nothing else of the request is needed to find the order, so nothing else is held against it.
    let order_id = reading.order_id();
    let mut echoed = Reading::new(&inbound.message);
    let symbol = echoed.has(55).then(|| echoed.symbol());
    let side = echoed.side();
    let (defect, _) = reading.finish();
    let firm = session.firm;
    let reach = match mass::scope(session) {
        Scope::Session => None,
        Scope::Firm => Some(Box::new(mass::reach(session))),
    };
    Ok(StatusRequested {
        request,
        firm,
        cl_ord_id,
        order_id,
        ord_status_req_id,
        symbol,
        side,
        reach,
        defect,
        own_ids: true,
    })
}
