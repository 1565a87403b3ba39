//! Instruments, the sources of each in their order, and what of it is told.

use crate::fault::QuoteFault;
use crate::feed::{Bounds, Feed, is_away};
use crate::quote::Quote;
use assay_trading_types::{
    Alarm, Price, PriceSource, PriceTrouble, ReferencePriceSet, RiskAlarmed, Symbol, Timestamp,
};
use std::collections::BTreeMap;

/// Shortest time between two prices of an instrument, in nanoseconds: ten a second are enough to value by.
const EVERY_NS: i64 = 100_000_000;

/// A source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceTerms {
    /// What it is called in records.
    pub name: PriceSource,
    /// How long it may be silent about an instrument, and how old its quotes may be, in nanoseconds.
    pub stale_after_ns: i64,
}

/// An instrument that takes its price from sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstrumentTerms {
    /// Symbol(55).
    pub symbol: Symbol,
    /// Places of its sources in the list of sources; of those that live the first counts.
    pub sources: Vec<usize>,
    /// A quote further than this from the price in force is an outlier, in basis points.
    pub outlier_bp: Option<u32>,
    /// How long risk may use a price, in nanoseconds.
    pub max_age_ns: Option<i64>,
    /// The price in force to begin with.
    pub in_force: Option<Price>,
}

/// What is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A price.
    Price(ReferencePriceSet),
    /// Something that people must look at.
    Alarm(RiskAlarmed),
}

/// Chooses prices. It keeps no time of its own and its memory does not grow.
#[derive(Debug)]
pub struct Prices {
    sources: Vec<Source>,
    instruments: BTreeMap<Symbol, Instrument>,
    told: Vec<Told>,
}

#[derive(Debug)]
struct Source {
    terms: SourceTerms,
    /// Number of its latest quote.
    sequence: Option<u64>,
}

#[derive(Debug)]
struct Instrument {
    terms: InstrumentTerms,
    /// One for each of its sources, in their order.
    feeds: Vec<Feed>,
    /// Place in that order of the one that counts.
    active: Option<usize>,
    in_force: Option<Price>,
    /// When a price was told last.
    told_at: Option<Timestamp>,
    waiting: Waiting,
}

/// Whether an instrument was ever heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    /// Nobody has looked yet.
    New,
    /// Not since then.
    Since(Timestamp),
    /// It was, or its silence is said.
    Over,
}

impl Prices {
    /// None heard yet. Places that name no source are left out.
    pub fn new(sources: Vec<SourceTerms>, instruments: Vec<InstrumentTerms>) -> Self {
        let count = sources.len();
        let sources = sources.into_iter().map(|terms| Source { terms, sequence: None }).collect();
        let instrument = |mut terms: InstrumentTerms| {
            terms.sources.retain(|place| *place < count);
            let feeds = vec![Feed::default(); terms.sources.len()];
            let in_force = terms.in_force;
            (
                terms.symbol,
                Instrument { terms, feeds, active: None, in_force, told_at: None, waiting: Waiting::New },
            )
        };
        let instruments = instruments.into_iter().map(instrument).collect();
        Self { sources, instruments, told: Vec::new() }
    }

    /// Hears a quote of the source at `place` at `now`.
    ///
    /// # Errors
    /// It does not count.
    pub fn hear(&mut self, place: usize, quote: &Quote, now: Timestamp) -> Result<(), QuoteFault> {
        let source = self.sources.get_mut(place).ok_or(QuoteFault::NotAsked)?;
        let gap = source.count(quote)?;
        let name = source.terms.name;
        let instrument = self.instruments.get_mut(&quote.symbol).ok_or(QuoteFault::NotAsked)?;
        if let Some(missed) = gap {
            let detail = format!("{name} left out {missed} quotes");
            self.told.push(alarm(PriceTrouble::Gap, quote.symbol, detail));
        }
        let heard = instrument.hear(place, quote, now, &self.sources);
        if let Err((fault, true)) = heard {
            let detail = format!("{name}: {fault}");
            self.told.push(alarm(PriceTrouble::Outlier, quote.symbol, detail));
        }
        heard.map_err(|(fault, _)| fault)?;
        instrument.choose(now, &self.sources, &mut self.told);
        Ok(())
    }

    /// Time has passed: sources may have died, and prices may be due again.
    pub fn watch(&mut self, now: Timestamp) {
        for instrument in self.instruments.values_mut() {
            instrument.choose(now, &self.sources, &mut self.told);
        }
    }

    /// Takes what is to be recorded, in order.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Told> {
        self.told.drain(..)
    }

    /// Instruments that a source counts for at present.
    pub fn leads(&self, place: usize) -> usize {
        let leads = |i: &&Instrument| i.active.is_some_and(|active| i.terms.sources[active] == place);
        self.instruments.values().filter(leads).count()
    }

    /// Instruments that no source lives for.
    pub fn without(&self) -> usize {
        self.instruments.values().filter(|i| i.active.is_none()).count()
    }
}

impl Source {
    /// Counts a quote; how many are missing before it, if any. A source that begins again at 0 or 1 is a new one.
    fn count(&mut self, quote: &Quote) -> Result<Option<u64>, QuoteFault> {
        let Some(number) = quote.sequence else { return Ok(None) };
        match self.sequence {
            Some(before) if number <= before && number > 1 => Err(QuoteFault::Repeated(number)),
            before => {
                self.sequence = Some(number);
                let missed = before.map_or(0, |before| number.saturating_sub(before + 1));
                Ok((missed > 0).then_some(missed))
            }
        }
    }
}

impl Instrument {
    /// Gives a quote to its feed. An error says whether it is news.
    fn hear(
        &mut self,
        place: usize,
        quote: &Quote,
        now: Timestamp,
        sources: &[Source],
    ) -> Result<(), (QuoteFault, bool)> {
        let old = |fault| (fault, false);
        let rank = self.terms.sources.iter().position(|p| *p == place).ok_or(old(QuoteFault::NotAsked))?;
        let price = quote.price().map_err(old)?;
        let bounds = Bounds {
            in_force: self.in_force,
            outlier_bp: self.terms.outlier_bp,
            stale_after_ns: sources[place].terms.stale_after_ns,
        };
        let (before, rest) = self.feeds.split_at_mut(rank);
        let (feed, after) = rest.split_first_mut().expect("a feed for each source");
        let others = before.iter().chain(after.iter());
        let places = self.terms.sources.iter().enumerate().filter(|(r, _)| *r != rank).map(|(_, p)| *p);
        let mut living = others.zip(places).filter(|(f, p)| f.lives(now, sources[*p].terms.stale_after_ns));
        let confirmed = |price, bp| {
            living.any(|(feed, _)| feed.price().is_some_and(|theirs| !is_away(price, theirs, bp)))
        };
        feed.hear((price, quote.at), now, bounds, confirmed)
            .map_err(|fault| (fault, matches!(fault, QuoteFault::Outlier(..)) && feed.is_first_doubt()))
    }

    /// Chooses among the sources that live, and tells the price if it is due.
    fn choose(&mut self, now: Timestamp, sources: &[Source], told: &mut Vec<Told>) {
        let stale_after = |rank: usize| sources[self.terms.sources[rank]].terms.stale_after_ns;
        let lives = |rank: usize| self.feeds[rank].lives(now, stale_after(rank));
        let kept = self.active.filter(|active| lives(*active));
        let chosen = (0..self.feeds.len()).find(|rank| {
            // One that was lost takes its place back once it has been steady, so that a shaky line does not toggle prices.
            let is_back = || kept == Some(*rank) || self.feeds[*rank].is_steady(now, stale_after(*rank));
            lives(*rank) && (kept.is_none() || is_back())
        });
        let chosen = chosen.or(kept);
        if chosen != self.active {
            let name = |rank: usize| sources[self.terms.sources[rank]].terms.name;
            let symbol = self.terms.symbol;
            match (self.active, chosen) {
                (Some(lost), None) => {
                    let detail = format!("{} is silent and nothing takes its place", name(lost));
                    told.push(alarm(PriceTrouble::Stale, symbol, detail));
                }
                (Some(old), Some(new)) if new > old => {
                    let detail = format!("{} is silent, {} takes its place", name(old), name(new));
                    told.push(alarm(PriceTrouble::FailedOver, symbol, detail));
                }
                (_, Some(new)) if self.told_at.is_some() => {
                    let detail = format!("{} is back", name(new));
                    told.push(alarm(PriceTrouble::Returned, symbol, detail));
                }
                _ => {}
            }
            self.active = chosen;
        }
        self.wait_for_first(now, sources, told);
        if let Some(rank) = chosen {
            let source = sources[self.terms.sources[rank]].terms.name;
            self.tell(rank, source, now, told);
        }
    }

    /// A source that says nothing from the start on is silent as well.
    fn wait_for_first(&mut self, now: Timestamp, sources: &[Source], told: &mut Vec<Told>) {
        let longest = self.terms.sources.iter().map(|place| sources[*place].terms.stale_after_ns).max();
        self.waiting = match self.waiting {
            Waiting::Over => return,
            _ if self.active.is_some() => Waiting::Over,
            Waiting::New => Waiting::Since(now),
            Waiting::Since(began) if now.since_ns(began) > longest.unwrap_or(0) => {
                let detail = "no source has said anything yet".to_owned();
                told.push(alarm(PriceTrouble::Stale, self.terms.symbol, detail));
                Waiting::Over
            }
            waiting @ Waiting::Since(_) => waiting,
        };
    }

    /// Tells the price of the source at `rank` if it is another one, or if the one in force would grow too old.
    fn tell(&mut self, rank: usize, source: PriceSource, now: Timestamp, told: &mut Vec<Told>) {
        let Some(price) = self.feeds[rank].price() else { return };
        let since = self.told_at.map(|at| now.since_ns(at));
        let again = self.terms.max_age_ns.is_some_and(|max| since.is_none_or(|since| since >= max / 3));
        let is_news = self.in_force != Some(price) || since.is_none();
        if !(is_news || again) || since.is_some_and(|since| since < EVERY_NS) {
            return;
        }
        self.in_force = Some(price);
        self.told_at = Some(now);
        let (symbol, max_age_ns) = (self.terms.symbol, self.terms.max_age_ns);
        told.push(Told::Price(ReferencePriceSet { symbol, price, max_age_ns, source: Some(source) }));
    }
}

fn alarm(trouble: PriceTrouble, symbol: Symbol, detail: String) -> Told {
    let alarm = Alarm::ReferencePrice(trouble);
    Told::Alarm(RiskAlarmed { alarm, firm: None, account: None, symbol: Some(symbol), detail })
}
