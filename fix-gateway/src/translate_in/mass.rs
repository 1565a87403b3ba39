//! q and AF: requests about many orders (sections 4.3 and 4.4).

use super::reading::{Reading, Stop};
use crate::{Entitlement, SessionKind, SessionSpec};
use assay_trading_types::{
    AccountId, Event, ExecId, FillsRequested, MassCancelRequested, MassStatusRequested, OrderFilter, Refusal,
    RequestId, Scope,
};
use fix_session::Inbound;

/// MassCancelRequestType(530) and MassStatusReqType(585): one symbol.
const ONE_SYMBOL: &[u8] = b"1";
/// All orders.
const ALL: &[u8] = b"7";

/// RecoverFromExecID(9705): from the start of the trading day.
const DAY_START: &[u8] = b"0";

/// PartyRole(452) of a customer account.
const CUSTOMER_ACCOUNT: &[u8] = b"24";

pub(super) fn mass_cancel(
    session: &SessionSpec,
    inbound: &Inbound<'_>,
    request: RequestId,
) -> Result<MassCancelRequested, Stop> {
    let mut reading = Reading::new(&inbound.message);
    let cl_ord_id = reading.id(11)?;
    reading.times_fit()?;
    let kind = reading.need(530)?;
    if kind == ONE_SYMBOL {
        reading.need(55)?;
    }
    reading.security_id_is_whole()?;
    if kind != ONE_SYMBOL && kind != ALL {
        reading.refuse(Refusal::MassNotSupported, 530);
    }
    let symbol = (kind == ONE_SYMBOL).then(|| reading.symbol());
    if let Some(symbol) = symbol {
        reading.instrument(symbol);
    }
    let side = match reading.value(54) {
        None => None,
        Some(b"1" | b"2") => Some(reading.side()),
        Some(_) => {
            reading.refuse(Refusal::MassNotSupported, 54);
            None
        }
    };
    reading.transact_time(session);
    let accounts = accounts(&mut reading, session)?;
    let filter = OrderFilter { scope: scope(session), symbol, side, accounts };
    let (defect, _) = reading.finish();
    let poss_resend = inbound.poss_resend;
    let request_type = char::from(kind.first().copied().unwrap_or(b'7'));
    Ok(MassCancelRequested {
        request,
        firm: session.firm,
        cl_ord_id,
        request_type,
        filter,
        poss_resend,
        defect,
    })
}

pub(super) fn mass_status(
    session: &SessionSpec,
    inbound: &Inbound<'_>,
    request: RequestId,
) -> Result<Event, Stop> {
    let mut reading = Reading::new(&inbound.message);
    let mass_status_req_id = reading.id(584)?;
    let kind = reading.need(585)?;
    if kind == ONE_SYMBOL {
        reading.need(55)?;
    }
    let recover = reading.value(9705);
    // Recovery gives all of a scope; a drop copy session recovers and asks about single orders, no more.
    let served = match recover {
        Some(_) => kind == ALL,
        None => (kind == ONE_SYMBOL || kind == ALL) && session.kind == SessionKind::OrderEntry,
    };
    if !served {
        reading.refuse(Refusal::UnsupportedScope, 585);
    }
    let symbol = (kind == ONE_SYMBOL).then(|| reading.symbol());
    let accounts = accounts(&mut reading, session)?;
    let filter = OrderFilter { scope: scope(session), symbol, side: None, accounts };
    let (defect, _) = reading.finish();
    let firm = session.firm;
    match recover {
        Some(after) if defect.is_none() => {
            let after = if after == DAY_START { None } else { Some(exec_id(after)?) };
            Ok(FillsRequested { request, firm, mass_status_req_id, filter, after }.into())
        }
        _ => Ok(MassStatusRequested { request, firm, mass_status_req_id, filter, defect }.into()),
    }
}

fn exec_id(text: &[u8]) -> Result<ExecId, Stop> {
    let known = std::str::from_utf8(text).ok().and_then(ExecId::parse);
    known.ok_or_else(|| Stop::unknown_exec_id(text))
}

/// Whose orders this session reaches.
pub(super) fn scope(session: &SessionSpec) -> Scope {
    match session.kind {
        SessionKind::DropCopy(_) => Scope::Firm,
        SessionKind::OrderEntry if session.entitlements.has(Entitlement::FirmScope) => Scope::Firm,
        SessionKind::OrderEntry | SessionKind::MarketData(_) => Scope::Session,
    }
}

/// What the request is narrowed to by Account(1) or a party that is a customer account; otherwise what the session sees.
fn accounts(reading: &mut Reading<'_>, session: &SessionSpec) -> Result<Vec<AccountId>, Stop> {
    if reading.has(1) {
        return reading.account(session).map(|account| vec![account]);
    }
    if let Some(account) = reading.party(CUSTOMER_ACCOUNT) {
        return Ok(vec![reading.account_of(session, account)]);
    }
    Ok(reach(session).accounts)
}

/// Every order that the session may ask about.
pub(super) fn reach(session: &SessionSpec) -> OrderFilter {
    let accounts = match &session.kind {
        SessionKind::DropCopy(copy) => copy.accounts.clone(),
        SessionKind::OrderEntry if scope(session) == Scope::Firm => session.accounts.clone(),
        SessionKind::OrderEntry | SessionKind::MarketData(_) => Vec::new(),
    };
    OrderFilter { scope: scope(session), accounts, ..OrderFilter::default() }
}
