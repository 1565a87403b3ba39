//! The limits of account and firm on an order: each at its own level, so that the tightest wins; the account's first.

use crate::checks::{Approved, Asked, BASIS};
use crate::duplicates::Look;
use crate::exposure::{Exposure, value};
use crate::holding::Holding;
use crate::limit_book::LimitBook;
use crate::names::HoldingIx;
use crate::risk::Risk;
use crate::stage::Refused;
use crate::watch::Mark;
use arrayvec::ArrayVec;
use assay_trading_types::*;

/// Orders of the day from which on the order-to-trade ratio counts: before, a few orders without a trade mean nothing.
const RATIO_FROM_ORDERS: u64 = 100;

/// Window of the repeated-execution breaker when the limits name none.
const BREAKER_WINDOW_MS: u32 = 1_000;

/// Measures of both levels.
const MEASURES_MAX: usize = 14;

/// What a decision measured.
pub(crate) type Measurements = ArrayVec<Measured, MEASURES_MAX>;

/// One level's limits and what they are about.
#[derive(Clone, Copy)]
struct Level<'a> {
    level: LimitLevel,
    limits: &'a Limits,
    exposure: &'a Exposure,
}

/// What an order adds to what is there.
struct Added<'a> {
    terms: &'a OrderTerms,
    holding: &'a Holding,
    notional: i128,
    qty: i64,
    /// 1 for a new order.
    orders: u32,
    /// The worse of its own and the reference price.
    worst: Price,
    reduces: bool,
}

impl Risk {
    /// All limits, for an order that adds `notional` billionths and, if it is new, itself to the open orders. What was
    /// measured against limits of exposure goes to `measured`.
    pub(crate) fn check_limits(
        &self,
        asked: &Asked<'_>,
        approved: &Approved,
        (notional, orders): (i128, u32),
        measured: &mut Measurements,
    ) -> Result<(), Refused> {
        let (terms, holding) = (asked.terms, &self.holdings[approved.holding]);
        let added = Added {
            terms,
            holding,
            notional,
            qty: asked.added_qty,
            orders,
            worst: approved.price.max(approved.reference),
            reduces: holding.reduces(terms.side.is_buy(), asked.added_qty),
        };
        let (client, firm) = (&self.clients[holding.client], &self.firms[holding.firm]);
        let own = client.book.as_deref().map(|book| Level {
            level: LimitLevel::Account,
            limits: &book.limits,
            exposure: &client.exposure,
        });
        let firms = Level { level: LimitLevel::Firm, limits: &firm.book.limits, exposure: &firm.exposure };
        let levels = || own.into_iter().chain([firms]);
        levels().try_for_each(|level| self.check_order(level, asked, approved))?;
        levels().try_for_each(|level| self.check_repetition(level, asked, approved, orders))?;
        levels().try_for_each(|level| check_exposure(level, &added, measured))?;
        self.check_allocation(&firm.book, terms)
    }

    /// The order by itself: quantity, notional, share of volume, distance from the reference.
    fn check_order(&self, level: Level<'_>, asked: &Asked<'_>, approved: &Approved) -> Result<(), Refused> {
        let (limits, terms) = (level.limits, asked.terms);
        let over = |refusal, value: String, max: String| {
            Err((refusal, format!("{value} > {max} {}", level.name(terms))))
        };
        let (qty, notional) = (terms.qty, approved.price.notional(terms.qty));
        if let Some(max) = limits.order_qty_max.filter(|max| qty > *max) {
            return over(Refusal::LimitQty, qty.to_string(), max.to_string());
        }
        if let Some(max) = limits.order_notional_max.filter(|max| notional > *max) {
            return over(Refusal::LimitNotional, notional.to_string(), max.to_string());
        }
        if let Some(bp) = limits.order_adv_bp_max {
            let instrument = &self.instruments[self.holdings[approved.holding].symbol];
            let volume = instrument.average_volume.map_or(0, |v| i128::from(v.units()));
            if i128::from(qty.units()) * BASIS > volume * i128::from(bp) {
                let max = format!("{bp} bp of {} a day", Qty::from_units(volume as i64));
                return over(Refusal::LimitAdv, qty.to_string(), max);
            }
        }
        check_collar(limits, terms, approved, self.tick(approved))
    }

    fn tick(&self, approved: &Approved) -> i64 {
        let instrument = &self.instruments[self.holdings[approved.holding].symbol];
        instrument.listed.as_ref().map_or(1, |l| l.tick_size.units().max(1))
    }

    /// The same order again, a breaker that is open, too many orders for the trades they make.
    fn check_repetition(
        &self,
        level: Level<'_>,
        asked: &Asked<'_>,
        approved: &Approved,
        orders: u32,
    ) -> Result<(), Refused> {
        let (limits, terms, holding) = (level.limits, asked.terms, &self.holdings[approved.holding]);
        if holding.tripped {
            let detail = format!("open for {} in {} until reset", terms.account, terms.symbol);
            return Err((Refusal::RepeatBreaker, detail));
        }
        if let Some(window_ms) = limits.duplicate_window_ms.filter(|_| orders > 0) {
            let look = look_of(holding, terms);
            let window_ns = i64::from(window_ms) * 1_000_000;
            if let Some(since) = self.duplicates.since_ns(&look, asked.at, window_ns) {
                let detail = format!("same order {} ms ago, window {window_ms} ms", since / 1_000_000);
                return Err((Refusal::DupOrder, detail));
            }
        }
        if let Some(ratio) = limits.order_trade_ratio_max {
            let day = &level.exposure.day;
            let most = u64::from(ratio).saturating_mul(day.trades.max(1));
            if day.orders > most.max(RATIO_FROM_ORDERS) {
                let detail = format!(
                    "{} orders for {} trades > {ratio} {}",
                    day.orders,
                    day.trades,
                    level.name(terms)
                );
                return Err((Refusal::LimitOrderTrade, detail));
            }
        }
        Ok(())
    }

    /// A firm trades on the house's credit only as far as the house has given it some.
    fn check_allocation(&self, book: &LimitBook, terms: &OrderTerms) -> Result<(), Refused> {
        if self.house.limits.credit_max.is_some() && book.limits.credit_max.is_none() {
            let detail = format!("firm {} has no share of the house's credit", terms.firm);
            return Err((Refusal::LimitCredit, detail));
        }
        Ok(())
    }

    /// Remembers the look of an accepted order, for those who refuse it a second time.
    pub(crate) fn remember_look(&mut self, approved: &Approved, terms: &OrderTerms, at: Timestamp) {
        let holding = &self.holdings[approved.holding];
        let firm = self.firms[holding.firm].book.limits.duplicate_window_ms;
        let own = self.clients[holding.client].book.as_ref().and_then(|b| b.limits.duplicate_window_ms);
        if firm.or(own).is_some() {
            let look = look_of(holding, terms);
            self.duplicates.remember(look, at);
        }
    }

    /// Counts a fill for the repeated-execution breaker. Returns whether it opens.
    pub(crate) fn trips_breaker(&mut self, holding: crate::names::HoldingIx, at: Timestamp) -> bool {
        let Holding { client, firm, .. } = self.holdings[holding];
        let own = self.clients[client].book.as_ref().map(|b| &b.limits);
        let books = own.into_iter().chain([&self.firms[firm].book.limits]);
        let breaker = |l: &Limits| Some((l.repeated_executions_max?, l.repeated_execution_window_ms));
        let Some((max, window_ms)) = books.filter_map(breaker).min() else { return false };
        let window_ns = i64::from(window_ms.unwrap_or(BREAKER_WINDOW_MS)) * 1_000_000;
        let holding = &mut self.holdings[holding];
        if holding.tripped || holding.fills.room(at, max, window_ns).is_ok() {
            holding.fills.count(at);
            return false;
        }
        holding.tripped = true;
        holding.fills.clear();
        true
    }

    /// Alarms for measures that reached their warning level; one each until they are below it again.
    pub(crate) fn warn(&mut self, approved: &Approved, measured: &[Measured], out: &mut Outbox) {
        for one in measured {
            let Some(percent) = self.warning_percent(approved.holding, one.level) else { continue };
            let reached = is_reached(one, percent);
            // An order is measured on its own side, the price on both: that it is little here says nothing of the other.
            let of_one_side = matches!(one.measure, Measure::Net | Measure::Position);
            if (reached || !of_one_side) && self.marks(approved.holding, one).0.begins(reached) {
                self.alarm_of(approved.holding, one, out);
            }
        }
    }

    /// Where the warnings of a level begin, in percent of its limits.
    pub(crate) fn warning_percent(&self, ix: HoldingIx, level: LimitLevel) -> Option<u32> {
        let holding = &self.holdings[ix];
        match level {
            LimitLevel::Account => self.clients[holding.client].book.as_ref()?.limits.warning_percent,
            LimitLevel::Firm => self.firms[holding.firm].book.limits.warning_percent,
        }
    }

    /// Whether people know that a measure reached its warning level, and that it is over its limit.
    pub(crate) fn marks(&mut self, ix: HoldingIx, one: &Measured) -> (Mark<'_>, Mark<'_>) {
        let holding = &mut self.holdings[ix];
        let bit = 1 << one.measure as u8;
        let (warned, over, bit) = match (one.measure, one.level) {
            // Positions are of an instrument each: that one is small says nothing of another.
            (Measure::Position, level) => (&mut holding.warned, &mut holding.over, 1 << level as u8),
            (_, LimitLevel::Account) => {
                let client = &mut self.clients[holding.client];
                (&mut client.warned, &mut client.over, bit)
            }
            (_, LimitLevel::Firm) => {
                let firm = &mut self.firms[holding.firm];
                (&mut firm.warned, &mut firm.over, bit)
            }
        };
        (Mark { bits: warned, bit }, Mark { bits: over, bit })
    }

    /// Raises the alarm about a measure.
    pub(crate) fn alarm_of(&self, ix: HoldingIx, one: &Measured, out: &mut Outbox) {
        let Holding { client, firm, symbol, .. } = self.holdings[ix];
        let alarmed = RiskAlarmed {
            alarm: Alarm::LimitWarning(*one),
            firm: Some(*self.firms.name(firm)),
            account: Some(*self.clients.name(client)),
            symbol: Some(*self.instruments.name(symbol)),
            detail: format!("{:?} {} of {}", one.measure, one.value, one.limit),
        };
        crate::news::alarm(alarmed, out);
    }
}

/// Whether a measure has come to `percent` of its limit.
pub(crate) fn is_reached(one: &Measured, percent: u32) -> bool {
    one.value.units().saturating_mul(100) >= one.limit.units().saturating_mul(i128::from(percent))
}

impl Level<'_> {
    fn name(&self, terms: &OrderTerms) -> String {
        match self.level {
            LimitLevel::Account => format!("account {}", terms.account),
            LimitLevel::Firm => format!("firm {}", terms.firm),
        }
    }
}

fn look_of(holding: &Holding, terms: &OrderTerms) -> Look {
    Look {
        client: holding.client,
        symbol: holding.symbol,
        is_buy: terms.side.is_buy(),
        price: terms.price.map(|p| p.units()),
        qty: terms.qty.units(),
    }
}

fn check_collar(limits: &Limits, terms: &OrderTerms, approved: &Approved, tick: i64) -> Result<(), Refused> {
    let Some(price) = terms.price else { return Ok(()) };
    let reference = approved.reference;
    let away = (i128::from(price.units()) - i128::from(reference.units())).abs();
    if let Some(bp) = limits.price_collar_bp
        && away * BASIS > i128::from(reference.units()) * i128::from(bp)
    {
        return Err((Refusal::PriceCollar, format!("{price} is more than {bp} bp from {reference}")));
    }
    if let Some(ticks) = limits.price_collar_ticks
        && away > i128::from(ticks) * i128::from(tick)
    {
        return Err((Refusal::PriceCollar, format!("{price} is more than {ticks} ticks from {reference}")));
    }
    Ok(())
}

/// What is there with the order, against each limit that there is. An order that can only make a position smaller passes
/// the limits of position and loss, and a sale of what is held those of gross and credit.
fn check_exposure(level: Level<'_>, added: &Added<'_>, measured: &mut Measurements) -> Result<(), Refused> {
    let Level { limits, exposure, .. } = level;
    let is_buy = added.terms.side.is_buy();
    let grows = added.notional > 0 || added.qty > 0 || added.orders > 0;
    let mut measure = |measure, max: Option<Amount>, value: i128, refusal, may_refuse: bool| {
        let Some(limit) = max else { return Ok(()) };
        let value = Amount::from_units(value);
        measured.push(Measured { level: level.level, measure, value, limit });
        match may_refuse && value > limit {
            true => Err((refusal, format!("{value} > {limit} {}", level.name(added.terms)))),
            false => Ok(()),
        }
    };
    let working = exposure.working() + added.notional;
    measure(Measure::Working, limits.working_notional_max, working, Refusal::LimitWorking, grows)?;
    let orders = i128::from(exposure.open_orders + added.orders) * i128::from(SCALE);
    let orders_max = limits.open_orders_max.map(|n| Amount::from_units(i128::from(n) * i128::from(SCALE)));
    measure(Measure::OpenOrders, orders_max, orders, Refusal::LimitOpenOrders, added.orders > 0)?;
    let gross = exposure.gross_with_orders().saturating_add(added.notional);
    measure(
        Measure::Gross,
        limits.gross_notional_max,
        gross,
        Refusal::LimitGross,
        grows && !sells_held(added),
    )?;
    let net = exposure.net_on(is_buy) + added.notional;
    measure(Measure::Net, limits.net_notional_max, net, Refusal::LimitNet, grows && !added.reduces)?;
    check_position(limits, added, &mut measure)?;
    measure(Measure::Loss, limits.daily_loss_max, exposure.loss(), Refusal::LimitLoss, !added.reduces)?;
    let credit = exposure.credit(is_buy, added.notional);
    measure(Measure::Credit, limits.credit_max, credit, Refusal::LimitCredit, grows && !sells_held(added))
}

fn check_position(
    limits: &Limits,
    added: &Added<'_>,
    measure: &mut impl FnMut(Measure, Option<Amount>, i128, Refusal, bool) -> Result<(), Refused>,
) -> Result<(), Refused> {
    let position = added.holding.position_with(added.terms.side.is_buy(), added.qty);
    let refuses = !added.reduces;
    if let Some(max) = limits.position_qty_max.filter(|max| refuses && position > i128::from(max.units())) {
        let detail = format!("{} > {max} account {}", Amount::from_units(position), added.terms.account);
        return Err((Refusal::LimitPosition, detail));
    }
    let worth = value(position, Some(added.worst));
    measure(Measure::Position, limits.position_notional_max, worth, Refusal::LimitPosition, refuses)
}

/// A sale of what the account holds lowers what is at risk.
fn sells_held(added: &Added<'_>) -> bool {
    matches!(added.terms.side, Side::Sell)
}
