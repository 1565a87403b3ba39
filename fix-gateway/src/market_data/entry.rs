//! Entries of a snapshot (W) and of an incremental refresh (X), and how they are written.

use super::books::{BookSide, Market, News, Print, Shown};
use assay_trading_types::{OrderId, Price, Qty, Symbol, Timestamp};
use fix_session::Encoder;

/// MDEntryType(269).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum EntryType {
    Bid = b'0',
    Offer = b'1',
    Trade = b'2',
    Open = b'4',
    Close = b'5',
    /// Nothing in this market settles at a price of its own, so there is never one.
    Settlement = b'6',
    High = b'7',
    Low = b'8',
    Volume = b'B',
}

impl EntryType {
    pub(super) const ALL: [Self; 9] = [
        Self::Bid,
        Self::Offer,
        Self::Trade,
        Self::Open,
        Self::Close,
        Self::Settlement,
        Self::High,
        Self::Low,
        Self::Volume,
    ];

    pub(super) fn from_fix(text: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| text == [*kind as u8])
    }
}

/// A set of [`EntryType`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct EntryTypes(u16);

impl EntryTypes {
    pub(super) fn add(&mut self, kind: EntryType) {
        self.0 |= Self::bit(kind);
    }

    pub(super) fn has(self, kind: EntryType) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    fn bit(kind: EntryType) -> u16 {
        let place = EntryType::ALL.iter().position(|one| *one == kind);
        1 << place.expect("all of them are listed")
    }
}

/// MDUpdateAction(279).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Action {
    New = b'0',
    Change = b'1',
    Delete = b'2',
}

/// One entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) kind: EntryType,
    pub(super) price: Option<Price>,
    pub(super) size: Option<Qty>,
    pub(super) at: Timestamp,
    pub(super) orders: Option<u32>,
    /// MDEntryPositionNo(290) from 1, of levels.
    pub(super) position: Option<u32>,
    /// The trade's number.
    pub(super) trade: Option<u64>,
    /// OrderID(37) of a single order.
    pub(super) order: Option<OrderId>,
}

impl Entry {
    pub(super) fn level(side: BookSide, level: &Shown, index: usize) -> Self {
        Self {
            kind: if side == BookSide::Bid { EntryType::Bid } else { EntryType::Offer },
            price: Some(level.price),
            size: Some(level.qty),
            at: level.at,
            orders: level.orders,
            position: u32::try_from(index + 1).ok(),
            trade: None,
            order: level.order,
        }
    }

    pub(super) fn trade(print: &Print) -> Self {
        Self {
            kind: EntryType::Trade,
            price: Some(print.price),
            size: Some(print.qty),
            at: print.at,
            orders: None,
            position: None,
            trade: Some(print.trade),
            order: None,
        }
    }

    /// A figure of the day, if there is one.
    pub(super) fn figure(kind: EntryType, market: &Market) -> Option<Self> {
        let figures = &market.figures;
        let of_price = |price: Price| (Some(price), None);
        let ((price, size), at) = match kind {
            EntryType::Open => figures.open.map(|(price, at)| (of_price(price), at)),
            EntryType::Close => figures.close.map(|(price, at)| (of_price(price), at)),
            EntryType::High => figures.high().map(|(price, at)| (of_price(price), at)),
            EntryType::Low => figures.low().map(|(price, at)| (of_price(price), at)),
            EntryType::Volume => figures.volume().map(|(qty, at)| ((None, Some(qty)), at)),
            EntryType::Bid | EntryType::Offer | EntryType::Trade | EntryType::Settlement => None,
        }?;
        Some(Self { kind, price, size, at, orders: None, position: None, trade: None, order: None })
    }

    /// What it says, whenever it came to be.
    pub(super) fn says(&self) -> (Option<Price>, Option<Qty>) {
        (self.price, self.size)
    }

    /// Into W.
    pub(super) fn write_full(&self, out: &mut Encoder) {
        out.field_char(269, self.kind as u8);
        self.write_figures(out, true);
    }

    /// Into X.
    pub(super) fn write_change(&self, action: Action, symbol: &Symbol, out: &mut Encoder) {
        out.field_char(279, action as u8).field_char(269, self.kind as u8);
        out.field_with(278, |id| self.write_id(id)).field(55, symbol.as_str().as_bytes());
        self.write_figures(out, action != Action::Delete);
    }

    /// MDEntryID(278): the same for one level, order, trade or figure of a symbol as long as it is there.
    fn write_id(&self, id: &mut Vec<u8>) {
        id.push(self.kind as u8);
        if let Some(trade) = self.trade {
            id.push(b'-');
            id.extend_from_slice(trade.to_string().as_bytes());
        } else if let Some(order) = self.order {
            id.push(b'-');
            id.extend_from_slice(order.to_string().as_bytes());
        } else if let (Some(price), Some(_)) = (self.price, self.position) {
            id.push(b'-');
            price.write_to(id);
        }
    }

    fn write_figures(&self, out: &mut Encoder, whole: bool) {
        if let Some(price) = self.price {
            out.field_price(270, price);
        }
        if let Some(size) = self.size.filter(|_| whole) {
            out.field_qty(271, size);
        }
        let mut text = Vec::with_capacity(24);
        self.at.write_fix(6, &mut text);
        if let Some((date, time)) = text.split_at_checked(8) {
            out.field(272, date).field(273, &time[1..]);
        }
        if let Some(order) = self.order {
            out.field(37, order.to_string().as_bytes());
        }
        if !whole {
            return;
        }
        if let Some(orders) = self.orders {
            out.field_u64(346, orders.into());
        }
        if let Some(position) = self.position {
            out.field_u64(290, position.into());
        }
    }
}

impl From<News> for Action {
    fn from(news: News) -> Self {
        match news {
            News::Traded => Self::New,
            News::Corrected => Self::Change,
            News::Undone => Self::Delete,
        }
    }
}
