//! What a source says of an instrument, and its line in a file.

use crate::fault::QuoteFault;
use assay_trading_types::{Price, Symbol, Timestamp};

/// Longest line that is read, in bytes.
const LINE_MAX: usize = 1_024;

/// What a source says of an instrument at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// Symbol(55).
    pub symbol: Symbol,
    /// When the source saw it, UTC.
    pub at: Timestamp,
    /// Best bid.
    pub bid: Option<Price>,
    /// Best offer.
    pub offer: Option<Price>,
    /// Last trade.
    pub last: Option<Price>,
    /// Its number among what the source says, which counts without a gap.
    pub sequence: Option<u64>,
}

impl Quote {
    /// The price it makes: the last trade, held between bid and offer; without a trade the middle of the two.
    ///
    /// # Errors
    /// Bid above offer, or nothing to make a price of.
    pub fn price(&self) -> Result<Price, QuoteFault> {
        let sides = (self.bid.filter(is_positive), self.offer.filter(is_positive));
        if let (Some(bid), Some(offer)) = sides
            && bid > offer
        {
            return Err(QuoteFault::Crossed(bid, offer));
        }
        match (self.last.filter(is_positive), sides) {
            (Some(last), (bid, offer)) => {
                let above = bid.map_or(last, |bid| last.max(bid));
                Ok(offer.map_or(above, |offer| above.min(offer)))
            }
            (None, (Some(bid), Some(offer))) => Ok(middle(bid, offer)),
            (None, _) => Err(QuoteFault::NoPrice),
        }
    }

    /// A line below a heading.
    ///
    /// # Errors
    /// It is not what the heading says.
    pub fn parse(line: &str, columns: &Columns) -> Result<Self, LineError> {
        if line.len() > LINE_MAX {
            return Err(LineError::TooLong);
        }
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        if fields.len() != columns.count {
            return Err(LineError::Fields { found: fields.len(), asked: columns.count });
        }
        let price = |column: Option<usize>, name| {
            let text = column.map_or("", |column| fields[column]);
            let parse = || Price::parse(text).map_err(|_| LineError::Field(name));
            (!text.is_empty()).then(parse).transpose()
        };
        let sequence = columns.sequence.map(|c| fields[c]).filter(|text| !text.is_empty());
        Ok(Self {
            symbol: Symbol::new(fields[columns.symbol]).map_err(|_| LineError::Field("symbol"))?,
            at: time(fields[columns.time]).ok_or(LineError::Field("time"))?,
            bid: price(columns.bid, "bid")?,
            offer: price(columns.offer, "offer")?,
            last: price(columns.last, "last")?,
            sequence: sequence
                .map(|text| text.parse().map_err(|_| LineError::Field("sequence")))
                .transpose()?,
        })
    }
}

fn is_positive(price: &Price) -> bool {
    price.units() > 0
}

/// Half of both, down to a billionth.
fn middle(bid: Price, offer: Price) -> Price {
    Price::from_units(bid.units() + (offer.units() - bid.units()) / 2)
}

/// RFC 3339 with a zone, or nanoseconds since 1970 (UTC).
fn time(text: &str) -> Option<Timestamp> {
    if let Ok(ns) = text.parse::<i64>() {
        return Some(Timestamp::from_ns(ns));
    }
    let instant: jiff::Timestamp = text.parse().ok()?;
    i64::try_from(instant.as_nanosecond()).ok().map(Timestamp::from_ns)
}

/// Which column says what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    count: usize,
    time: usize,
    symbol: usize,
    bid: Option<usize>,
    offer: Option<usize>,
    last: Option<usize>,
    sequence: Option<usize>,
}

impl Columns {
    /// A heading: `time` and `symbol`, `last` or both `bid` and `offer`, and `sequence` if lines are numbered, in any order
    /// and among others.
    ///
    /// # Errors
    /// One of them is missing, or stands twice.
    pub fn parse(heading: &str) -> Result<Self, LineError> {
        if heading.len() > LINE_MAX {
            return Err(LineError::TooLong);
        }
        let names: Vec<&str> = heading.trim_start_matches('\u{feff}').split(',').map(str::trim).collect();
        let column = |name: &'static str| {
            let mut places = names.iter().enumerate().filter(|(_, n)| **n == name).map(|(place, _)| place);
            match (places.next(), places.next()) {
                (_, Some(_)) => Err(LineError::Column(name)),
                (place, None) => Ok(place),
            }
        };
        let needed = |name: &'static str| column(name)?.ok_or(LineError::Column(name));
        let columns = Self {
            count: names.len(),
            time: needed("time")?,
            symbol: needed("symbol")?,
            bid: column("bid")?,
            offer: column("offer")?,
            last: column("last")?,
            sequence: column("sequence")?,
        };
        match columns.last.is_some() || (columns.bid.is_some() && columns.offer.is_some()) {
            true => Ok(columns),
            false => Err(LineError::Column("last")),
        }
    }
}

/// Why a line is no quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Longer than a quote can be.
    #[error("longer than {LINE_MAX} bytes")]
    TooLong,
    /// Not as many fields as the heading names.
    #[error("{found} fields where the heading has {asked}")]
    Fields {
        /// In the line.
        found: usize,
        /// In the heading.
        asked: usize,
    },
    /// A field is not what its column says.
    #[error("{0} cannot be read")]
    Field(&'static str),
    /// The heading lacks a column, or has it twice.
    #[error("the heading must name {0} once")]
    Column(&'static str),
}
