//! D, F, G and H as requests (rules of engagement, sections 2 to 4).
//!
//! What FIX or this file can say at once is answered at once: a missing conditional field by BusinessMessageReject(j)
//! 380=5, an id that is no id by Reject(3). Everything else becomes a request; what is wrong with its values stands in it
//! as a [`Defect`](assay_trading_types::Defect), which risk records and answers in its order of precedence, so that the refusal is in the books too.

mod reading;

use crate::SessionSpec;
use assay_trading_types::{
    AccountId, CancelRequested, Event, OrderRequested, OrderTerms, ReplaceRequested, RequestId,
    StatusRequested, TimeInForce,
};
use fix_session::{Inbound, Verdict};
use reading::{Reading, Stop};

/// The request that `inbound` is.
///
/// # Errors
/// The answer that it gets instead.
pub fn request_of(
    session: &SessionSpec,
    inbound: &Inbound<'_>,
    request: RequestId,
) -> Result<Event, Verdict> {
    let event = match inbound.message.msg_type() {
        b"D" => new_order(session, inbound, request).map(Event::from),
        b"F" => cancel(session, inbound, request).map(Event::from),
        b"G" => replace(session, inbound, request).map(Event::from),
        b"H" => status(session, inbound, request).map(Event::from),
        _ => return Err(Verdict::Unsupported),
    };
    event.map_err(Stop::verdict)
}

fn new_order(
    session: &SessionSpec,
    inbound: &Inbound<'_>,
    request: RequestId,
) -> Result<OrderRequested, Stop> {
    let mut reading = Reading::new(&inbound.message);
    let cl_ord_id = reading.id(11)?;
    reading.need(1)?;
    reading.need(55)?;
    reading.need_quantity()?;
    reading.need_prices()?;
    reading.carry_all();
    let symbol = reading.symbol();
    reading.instrument(symbol);
    let side = reading.side();
    let tif = reading.time_in_force().unwrap_or(TimeInForce::Day);
    let ord_type = reading.ord_type(tif);
    reading.unserved_terms(tif);
    let transact_time = reading.transact_time();
    let (price, stop_px) = (reading.price(44), reading.price(99));
    reading.prices_allowed();
    let qty = reading.quantity();
    let account = reading.account(session)?;
    let (defect, carried) = reading.finish();
    let terms = OrderTerms {
        cl_ord_id,
        session: request.session,
        firm: session.firm,
        account,
        symbol,
        side,
        ord_type,
        price,
        stop_px,
        qty,
        tif,
        conditions: None,
        carried,
    };
    Ok(OrderRequested { request, terms, transact_time, poss_resend: inbound.poss_resend, defect })
}

fn replace(
    session: &SessionSpec,
    inbound: &Inbound<'_>,
    request: RequestId,
) -> Result<ReplaceRequested, Stop> {
    let mut reading = Reading::new(&inbound.message);
    let cl_ord_id = reading.id(11)?;
    let orig_cl_ord_id = reading.id(41)?;
    reading.need(55)?;
    reading.need_quantity()?;
    reading.need_prices()?;
    reading.carry_all();
    let order_id = reading.order_id();
    let symbol = reading.symbol();
    reading.instrument(symbol);
    let side = reading.side();
    let tif = reading.time_in_force();
    let ord_type = reading.ord_type(tif.unwrap_or(TimeInForce::Day));
    reading.unserved_terms(tif.unwrap_or(TimeInForce::Day));
    reading.transact_time();
    let (price, stop_px) = (reading.price(44), reading.price(99));
    reading.prices_allowed();
    let qty = reading.quantity();
    let account_given = reading.has(1);
    let account = if account_given { reading.account(session)? } else { placeholder(session)? };
    let (defect, carried) = reading.finish();
    let terms = OrderTerms {
        cl_ord_id,
        session: request.session,
        firm: session.firm,
        account,
        symbol,
        side,
        ord_type,
        price,
        stop_px,
        qty,
        tif: tif.unwrap_or(TimeInForce::Day),
        conditions: None,
        carried,
    };
    Ok(ReplaceRequested {
        request,
        orig_cl_ord_id,
        order_id,
        account_given,
        tif_given: tif.is_some(),
        terms,
        poss_resend: inbound.poss_resend,
        defect,
    })
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
    reading.need(55)?;
    let order_id = reading.order_id();
    let symbol = reading.symbol();
    let side = reading.side();
    reading.transact_time();
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
    })
}

fn status(session: &SessionSpec, inbound: &Inbound<'_>, request: RequestId) -> Result<StatusRequested, Stop> {
    let mut reading = Reading::new(&inbound.message);
    let cl_ord_id = reading.id(11)?;
    reading.need(55)?;
    let ord_status_req_id = match reading.has(790) {
        true => Some(reading.id(790)?.as_str().to_owned()),
        false => None,
    };
    let order_id = reading.order_id();
    let (symbol, side) = (reading.symbol(), reading.side());
    Ok(StatusRequested { request, firm: session.firm, cl_ord_id, order_id, ord_status_req_id, symbol, side })
}
