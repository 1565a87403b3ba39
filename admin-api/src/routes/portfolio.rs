//! A firm's money and positions taken together, and how it traded.

use super::firms::failed;
use super::trading::narrowed;
use crate::api::Api;
use crate::asked::Asked;
use crate::paging::Params;
use crate::problem::{Problem, ProblemKind};
use crate::read_model::{PositionRow, RowFilter, each_position};
use assay_trading_types::{Amount, FirmId, LoanState, LoanStatus};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(read_portfolio)).routes(routes!(read_performance))
}

/// Whose.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhoseQuery {
    /// Of this firm; staff names one.
    #[param(value_type = Option<String>, example = "FIRM1")]
    firm: Option<FirmId>,
    /// Of this account alone.
    #[param(example = "FIRM1")]
    account: Option<String>,
}

/// What a firm has, owes and gained.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PortfolioView {
    /// The firm.
    #[schema(example = "FIRM1")]
    firm: String,
    /// The account, if it is of one alone.
    #[schema(example = "FIRM1")]
    account: Option<String>,
    /// By currency: nothing is converted.
    currencies: Vec<CurrencyView>,
    /// By instrument, over all accounts.
    exposure: Vec<ExposureView>,
}

/// What there is in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CurrencyView {
    /// The currency.
    #[schema(example = "USD")]
    currency: String,
    /// Money, what is held included. A decimal.
    #[schema(example = "8990")]
    cash: String,
    /// Of it, what open orders, withdrawals and other movements hold. A decimal.
    #[schema(example = "1010")]
    held: String,
    /// Owed on loans: principal, interest, fees. A decimal.
    #[schema(example = "0")]
    owed: String,
    /// Value of long positions, a decimal.
    #[schema(example = "1050")]
    long: String,
    /// Value of short positions, a decimal below zero.
    #[schema(example = "0")]
    short: String,
    /// Positions whatever their side: long less short. A decimal.
    #[schema(example = "1050")]
    gross: String,
    /// Long and short together, a decimal.
    #[schema(example = "1050")]
    net: String,
    /// What closing all positions at their prices would gain, a decimal.
    #[schema(example = "40")]
    unrealised: String,
    /// Gained by closing since ever, at average cost and before commission. A decimal.
    #[schema(example = "12.50")]
    realised: String,
    /// Money and positions less what is owed, a decimal.
    #[schema(example = "10040")]
    equity: String,
    /// Gross by equity, two decimals; absent without equity.
    #[schema(example = "0.10")]
    leverage: Option<String>,
    /// Open positions that have no price, and so no value here.
    #[schema(example = 0)]
    unpriced: u64,
}

/// What there is in one instrument.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExposureView {
    /// The instrument.
    #[schema(example = "AAPL")]
    symbol: String,
    /// What it trades in.
    #[schema(example = "USD")]
    currency: String,
    /// Units; negative if short. A decimal.
    #[schema(example = "100")]
    qty: String,
    /// Price times units, a decimal; absent where one has no price.
    #[schema(example = "1050")]
    value: Option<String>,
    /// Percent of the currency's gross, two decimals.
    #[schema(example = "100.00")]
    share: Option<String>,
}

/// Money and positions of a firm together, in each currency: what it is worth, what it gained, where it is exposed.
#[utoipa::path(get, path = "/api/v1/portfolio", operation_id = "read_portfolio", tag = "trading",
    params(WhoseQuery), responses((status = 200, body = PortfolioView)))]
async fn read_portfolio(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Params(query): Params<WhoseQuery>,
) -> Result<Json<PortfolioView>, Problem> {
    summed(&api, &asked, &headers, query, portfolio).await
}

/// How a firm trades.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PerformanceView {
    /// The firm.
    #[schema(example = "FIRM1")]
    firm: String,
    /// The account, if it is of one alone.
    #[schema(example = "FIRM1")]
    account: Option<String>,
    /// Orders that the market took.
    #[schema(example = 120)]
    orders: u64,
    /// Those of them that were filled to the end.
    #[schema(example = 90)]
    filled_orders: u64,
    /// Percent of orders that were filled, two decimals; absent without orders.
    #[schema(example = "75.00")]
    fill_rate: Option<String>,
    /// By currency.
    currencies: Vec<ResultView>,
}

/// What came of trading in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultView {
    /// The currency.
    #[schema(example = "USD")]
    currency: String,
    /// Fills as they stand.
    #[schema(example = 130)]
    fills: u64,
    /// Sum of price times quantity over them, a decimal.
    #[schema(example = "131300")]
    traded_value: String,
    /// Gained by closing, at average cost and before commission. A decimal.
    #[schema(example = "12.50")]
    realised: String,
    /// What closing the rest at its prices would gain, a decimal.
    #[schema(example = "40")]
    unrealised: String,
    /// Both together, a decimal.
    #[schema(example = "52.50")]
    profit: String,
    /// Fills that closed something.
    #[schema(example = 40)]
    closings: u64,
    /// Those of them at a gain.
    #[schema(example = 25)]
    gains: u64,
    /// Those of them at a loss.
    #[schema(example = 14)]
    losses: u64,
    /// Percent of closings at a gain, two decimals; absent without closings.
    #[schema(example = "62.50")]
    success_rate: Option<String>,
}

/// How a firm traded since ever: orders, value, profit and loss, and how often closing brought a gain. From fills as they stand.
#[utoipa::path(get, path = "/api/v1/orders/performance_metrics", operation_id = "read_performance", tag = "trading",
    params(WhoseQuery), responses((status = 200, body = PerformanceView)))]
async fn read_performance(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Params(query): Params<WhoseQuery>,
) -> Result<Json<PerformanceView>, Problem> {
    summed(&api, &asked, &headers, query, performance).await
}

/// What is summed up.
struct Whose {
    firm: String,
    account: Option<String>,
}

impl Whose {
    fn filter(&self) -> RowFilter {
        RowFilter::default().equal("firm", Some(&self.firm)).equal("account", self.account.as_deref())
    }
}

/// Sums over all of a firm's rows, which may be many: beside the requests that wait for one.
async fn summed<T: Send + 'static>(
    api: &Arc<Api>,
    asked: &Asked,
    headers: &HeaderMap,
    query: WhoseQuery,
    sum: fn(&Connection, Whose) -> rusqlite::Result<T>,
) -> Result<Json<T>, Problem> {
    let firm = narrowed(asked.caller()?, query.firm)?.ok_or_else(|| Problem::field("firm", "name one"))?;
    let db = api.read_model(headers).await?.snapshot().map_err(failed)?;
    let whose = Whose { firm, account: query.account };
    let summing = tokio::task::spawn_blocking(move || sum(&db, whose));
    let summed = summing.await.map_err(|_| Problem::later(ProblemKind::Unavailable, 1))?;
    summed.map(Json).map_err(failed)
}

/// Sums in billionths.
#[derive(Debug, Default)]
struct Totals {
    cash: i128,
    held: i128,
    owed: i128,
    long: i128,
    short: i128,
    unrealised: i128,
    realised: i128,
    unpriced: u64,
}

impl Totals {
    fn add(&mut self, row: &PositionRow) {
        self.realised += row.figures.realised;
        match row.value() {
            _ if row.figures.held.qty == 0 => {}
            None => self.unpriced += 1,
            Some(value) => {
                let side = if value > 0 { &mut self.long } else { &mut self.short };
                *side += value;
                self.unrealised += row.unrealised().unwrap_or_default();
            }
        }
    }

    fn view(&self, currency: String) -> CurrencyView {
        let (gross, net) = (self.long - self.short, self.long + self.short);
        let equity = self.cash + net - self.owed;
        CurrencyView {
            currency,
            cash: decimal(self.cash),
            held: decimal(self.held),
            owed: decimal(self.owed),
            long: decimal(self.long),
            short: decimal(self.short),
            gross: decimal(gross),
            net: decimal(net),
            unrealised: decimal(self.unrealised),
            realised: decimal(self.realised),
            equity: decimal(equity),
            leverage: hundredths(gross, equity),
            unpriced: self.unpriced,
        }
    }
}

fn portfolio(db: &Connection, whose: Whose) -> rusqlite::Result<PortfolioView> {
    let mut totals = BTreeMap::<String, Totals>::new();
    let mut exposure = BTreeMap::<(String, String), (i128, Option<i128>)>::new();
    crate::read_model::each_balance(db, whose.filter(), |row| {
        let of = totals.entry(row.asset).or_default();
        of.cash += row.sums.balance().units();
        of.held += row.sums.held.units();
    })?;
    each_position(db, whose.filter(), |row| {
        let Some(currency) = row.currency.clone() else { return };
        totals.entry(currency.clone()).or_default().add(&row);
        if row.figures.held.qty != 0 {
            let of = exposure.entry((currency, row.symbol.clone())).or_insert((0, Some(0)));
            of.0 += row.figures.held.qty;
            of.1 = of.1.zip(row.value()).map(|(sum, value)| sum + value);
        }
    })?;
    crate::read_model::each_loan(db, whose.filter(), |loan: LoanState| {
        if matches!(loan.status, LoanStatus::Active | LoanStatus::Defaulted) {
            totals.entry(loan.currency.to_string()).or_default().owed += loan.owed.total().units();
        }
    })?;
    let gross = |currency: &str| totals.get(currency).map_or(0, |of| of.long - of.short);
    let exposure = exposure.into_iter().map(|((currency, symbol), (qty, value))| ExposureView {
        share: value.and_then(|value| hundredths(value.abs().saturating_mul(100), gross(&currency))),
        symbol,
        currency,
        qty: decimal(qty),
        value: value.map(decimal),
    });
    Ok(PortfolioView {
        exposure: exposure.collect(),
        currencies: totals.iter().map(|(currency, of)| of.view(currency.clone())).collect(),
        firm: whose.firm,
        account: whose.account,
    })
}

/// Sums in billionths.
#[derive(Debug, Default)]
struct Results {
    fills: u64,
    traded: i128,
    realised: i128,
    unrealised: i128,
    closings: u64,
    gains: u64,
    losses: u64,
}

impl Results {
    fn add(&mut self, row: &PositionRow) {
        let f = &row.figures;
        self.fills += f.fills;
        self.traded += f.traded;
        self.realised += f.realised;
        self.unrealised += row.unrealised().unwrap_or_default();
        self.closings += f.closings;
        self.gains += f.gains;
        self.losses += f.losses;
    }

    fn view(&self, currency: String) -> ResultView {
        ResultView {
            currency,
            fills: self.fills,
            traded_value: decimal(self.traded),
            realised: decimal(self.realised),
            unrealised: decimal(self.unrealised),
            profit: decimal(self.realised + self.unrealised),
            closings: self.closings,
            gains: self.gains,
            losses: self.losses,
            success_rate: percent(self.gains, self.closings),
        }
    }
}

fn performance(db: &Connection, whose: Whose) -> rusqlite::Result<PerformanceView> {
    let (mut orders, mut filled) = (0, 0);
    let mut results = BTreeMap::<String, Results>::new();
    each_position(db, whose.filter(), |row| {
        orders += row.figures.orders;
        filled += row.figures.filled;
        if row.figures.fills > 0
            && let Some(currency) = row.currency.clone()
        {
            results.entry(currency).or_default().add(&row);
        }
    })?;
    Ok(PerformanceView {
        orders,
        filled_orders: filled,
        fill_rate: percent(filled, orders),
        currencies: results.iter().map(|(currency, of)| of.view(currency.clone())).collect(),
        firm: whose.firm,
        account: whose.account,
    })
}

fn decimal(units: i128) -> String {
    Amount::from_units(units).to_string()
}

fn percent(of: u64, all: u64) -> Option<String> {
    hundredths(i128::from(of) * 100, all.into())
}

/// A quotient with two decimals, towards zero; nothing unless it is by something above zero.
fn hundredths(of: i128, by: i128) -> Option<String> {
    if by <= 0 {
        return None;
    }
    let (whole, rest) = (of / by, of % by);
    Some(format!("{whole}.{:02}", rest.saturating_mul(100) / by))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_has_two_decimals_and_none_without_a_whole() {
        let shares = [(1, 3), (200, 2), (0, 5), (7, 0), (7, -1)].map(|(of, by)| hundredths(of, by));
        let shares = shares.each_ref().map(Option::as_deref);
        assert_eq!(shares, [Some("0.33"), Some("100.00"), Some("0.00"), None, None]);
    }
}
