//! A venue that is not there: whatever has a price is filled whole at that price, at once. To try routing with, and to trade on
//! paper: an instrument whose route leads here behaves like any other, and no broker hears of it.
//!
//! It keeps nothing. Its ExecIDs follow from the ClOrdID, so an order that is sent again after a crash is filled once.

use crate::{Error, Heard, Venue};
use assay_trading_types::{
    OrdType, Price, Qty, Timestamp, VenueAsk, VenueMessage, VenueReport, VenueRequested, VenueTerms,
};
use std::time::Duration;

/// OrdRejReason(103) and CxlRejReason(102).
const OTHER: u32 = 99;
const TOO_LATE: u32 = 0;

/// A broker on paper; always up until it is left.
#[derive(Debug, Default)]
pub struct PaperVenue {
    heard: Vec<Heard>,
    has_left: bool,
}

impl PaperVenue {
    fn say(&mut self, request: &VenueRequested, message: VenueMessage) {
        let wire = "paper".to_owned();
        self.heard.push(Heard { symbol: Some(request.symbol), message, wire });
    }

    fn take(&mut self, request: &VenueRequested, terms: &VenueTerms) {
        let Some(price) = terms.price.filter(|_| terms.ord_type == OrdType::Limit) else {
            let refused = VenueReport {
                ord_status: '8',
                reason: Some(OTHER),
                text: Some("nothing without a limit is filled on paper".to_owned()),
                ..report(request, '8')
            };
            return self.say(request, VenueMessage::Report(Box::new(refused)));
        };
        self.say(request, VenueMessage::Report(Box::new(report(request, '0'))));
        self.say(request, VenueMessage::Report(Box::new(fill(request, terms.qty, price))));
    }
}

impl Venue for PaperVenue {
    /// Nothing else paces a venue without a socket.
    fn turn(&mut self, wait: Duration) -> Result<(), Error> {
        if self.heard.is_empty() {
            std::thread::sleep(wait);
        }
        Ok(())
    }

    fn is_up(&self) -> bool {
        !self.has_left
    }

    fn ask(&mut self, request: &VenueRequested, _: Timestamp) {
        match &request.ask {
            VenueAsk::New { terms, .. } => self.take(request, terms),
            VenueAsk::Cancel { .. } | VenueAsk::Replace { .. } => {
                let cl_ord_id = request.cl_ord_id.to_string();
                let text = Some("filled at once".to_owned());
                let message = VenueMessage::CancelRejected { cl_ord_id, reason: Some(TOO_LATE), text };
                self.say(request, message);
            }
            // What it had is filled, and told before: whoever still asks is to send it.
            VenueAsk::Status { number } => {
                let unknown = VenueReport {
                    ord_status: '8',
                    venue_order_id: "NONE".to_owned(),
                    status_number: Some(*number),
                    ..report(request, 'I')
                };
                self.say(request, VenueMessage::Report(Box::new(unknown)));
            }
        }
    }

    fn take_heard(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.heard)
    }

    fn heard_is_durable(&mut self) {}

    fn leave(&mut self) {
        self.has_left = true;
    }

    fn has_left(&self) -> bool {
        self.has_left
    }
}

fn fill(request: &VenueRequested, qty: Qty, price: Price) -> VenueReport {
    VenueReport {
        ord_status: '2',
        qty: Some(qty),
        price: Some(price),
        last_qty: Some(qty),
        last_px: Some(price),
        cum_qty: Some(qty),
        ..report(request, 'F')
    }
}

fn report(request: &VenueRequested, exec_type: char) -> VenueReport {
    let cl_ord_id = request.cl_ord_id.to_string();
    VenueReport {
        venue_order_id: cl_ord_id.clone(),
        exec_id: format!("{cl_ord_id}-{exec_type}"),
        cl_ord_id,
        orig_cl_ord_id: None,
        status_number: None,
        exec_ref_id: None,
        exec_type,
        ord_status: '0',
        qty: None,
        price: None,
        last_qty: None,
        last_px: None,
        cum_qty: None,
        reason: None,
        text: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_trading_types::{ClOrdId, OrderId, Side, Symbol, TimeInForce, VenueId};

    fn ask(price: Option<&str>) -> VenueRequested {
        let terms = VenueTerms {
            ord_type: if price.is_some() { OrdType::Limit } else { OrdType::Market },
            qty: Qty::parse("100").unwrap(),
            price: price.map(|text| Price::parse(text).unwrap()),
            stop_px: None,
            tif: TimeInForce::Day,
        };
        VenueRequested {
            venue: VenueId::new("PAPER").unwrap(),
            symbol: Symbol::new("AAPL").unwrap(),
            order_id: OrderId::new(0, 7),
            cl_ord_id: ClOrdId::new("O0000000000000007-1").unwrap(),
            side: Side::Buy,
            ask: VenueAsk::New { terms, again: false },
        }
    }

    fn said(price: Option<&str>) -> Vec<(char, String, Option<Qty>)> {
        let mut paper = PaperVenue::default();
        paper.ask(&ask(price), Timestamp::default());
        let reports = paper.take_heard().into_iter().filter_map(|heard| match heard.message {
            VenueMessage::Report(report) => Some((report.exec_type, report.exec_id, report.last_qty)),
            _ => None,
        });
        reports.collect()
    }

    #[test]
    fn what_has_a_price_is_filled_whole_and_told_alike_when_it_is_sent_again() {
        let filled = said(Some("10"));
        assert_eq!(filled.iter().map(|(exec_type, ..)| *exec_type).collect::<String>(), "0F");
        assert_eq!(filled[1].2, Some(Qty::parse("100").unwrap()));
        assert_eq!(said(Some("10")), filled);
    }

    #[test]
    fn what_has_none_is_refused() {
        assert_eq!(said(None)[0].0, '8');
    }
}
