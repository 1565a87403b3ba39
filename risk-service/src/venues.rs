//! The other side of what clients trade at outside venues: the venue's own accounts in the books, so that clearing nets to
//! zero as it does between two clients.
//!
//! ```text
//! the client's    venue --units--> clearing       clearing --notional--> venue        (our side buys; else the other way)
//! the house's     venue --units--> venue-error    venue-error --notional--> venue
//! ```

use crate::group::Group;
use crate::risk::Risk;
use crate::settlement::settled;
use assay_trading_types::*;

/// Ids of these transfers have this bit set, and below it the record's place and a number.
const VENUE: u128 = 1 << 124;

/// Transfers of one record.
const TRANSFER_BITS: u32 = 8;

/// What the house holds until people have sorted out a difference.
const ERROR_ACCOUNT: &str = "venue-error";

impl Risk {
    /// A fill at a venue, or one undone, in the venue's accounts. The client's side comes with its execution report.
    pub(crate) fn venue_traded(&mut self, e: &VenueTraded, input: &Input<'_>, out: &mut Outbox) {
        let found = self.instruments.find(&e.symbol).and_then(|ix| self.instruments[ix].listed.clone());
        let Some(listed) = found else {
            let detail = format!("{} {}: {} is not listed", e.venue, e.exec_id, e.symbol);
            return alarm(Some(e.symbol), detail, out);
        };
        let asset = Asset::new(listed.symbol.as_str()).expect("a symbol is an asset");
        let legs = [(asset, e.qty.as_amount()), (listed.currency, e.price.notional(e.qty))];
        let reasons = match e.undone {
            true => [TransferReason::TradeReversal; 2],
            false => [TransferReason::TradeAsset, TransferReason::TradeCash],
        };
        // Units come from the venue when our side buys, cash goes to it; undone, both go back.
        let units_come = e.side.is_buy() != e.undone;
        let mut group = Group::default();
        for (n, ((asset, amount), reason)) in legs.into_iter().zip(reasons).enumerate() {
            let venue = self.house_account(venue_code(&e.venue).as_str(), asset);
            let taker = self.house_account(taker_code(e.taker), asset);
            let comes = units_come == (n == 0);
            let accounts = if comes { (venue, taker) } else { (taker, venue) };
            group.add(transfer_id(input, n), accounts, amount, TransferKind::Plain, reason);
        }
        let firm = FirmId::new(e.venue.as_str()).expect("a venue's name is no longer than a firm's");
        let transfers = settled(&group, e.order_id, &mut self.ledger);
        let order_id = Some(e.order_id);
        let posted = Posted { order_id, ..Posted::of(firm, transfers) };
        out.emit(Topic::Ledger, posted.into());
    }

    /// People are told that a venue and we do not agree.
    pub(crate) fn venue_differed(e: &VenueDiffered, out: &mut Outbox) {
        let order = e.order_id.map_or(String::new(), |id| format!(" {id}"));
        let detail = format!("{} {:?}{order}: {}", e.venue, e.difference, e.detail);
        alarm(e.symbol, detail, out);
    }
}

/// Routing is told how the client was told of a fill at a venue, or of its correction: a bust has to refer to it.
pub(crate) fn tell_settled(
    e: &ExecutionReported,
    fill: &Fill,
    commission: Amount,
    input: &Input<'_>,
    out: &mut Outbox,
) {
    if !fill.away {
        return;
    }
    let exec_id = ExecId::new(input.partition, input.offset);
    let (symbol, order_id, trade) = (e.terms.symbol, e.order_id, fill.trade);
    let settled = VenueFillSettled { symbol, order_id, trade, exec_id, commission };
    out.emit(Topic::Markets, settled.into());
}

fn alarm(symbol: Option<Symbol>, detail: String, out: &mut Outbox) {
    let alarm = Alarm::VenueDiffers;
    crate::news::alarm(RiskAlarmed { alarm, firm: None, account: None, symbol, detail }, out);
}

fn venue_code(venue: &VenueId) -> LedgerCode {
    let mut code = LedgerCode::new();
    code.push_str("venue:");
    code.push_str(venue.as_str());
    code
}

fn taker_code(taker: VenueTaker) -> &'static str {
    match taker {
        VenueTaker::Client => "clearing",
        VenueTaker::House => ERROR_ACCOUNT,
    }
}

fn transfer_id(input: &Input<'_>, n: usize) -> TransferId {
    let place = u128::from(input.partition) << 64 | u128::from(input.offset);
    TransferId(VENUE | place << TRANSFER_BITS | n as u128)
}
