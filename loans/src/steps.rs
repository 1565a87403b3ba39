//! What each command does to one loan: refusals first, then the change and its events.

use crate::collateral::{Sold, suffices};
use crate::event::{Asked, LoanEvent};
use crate::loan::{Book, Loan, Stage};
use crate::loans::Funds;
use crate::payments::Offer;
use crate::prices::Prices;
use crate::product::plan;
use crate::running::Running;
use assay_trading_types::loan_terms::{Instalment, Product};
use assay_trading_types::{
    Amount, Asset, Date, LoanFact, LoanRefusal, LoanSigned, Timestamp, TransferReason,
};

pub(crate) fn check_amount(product: &Product, amount: Amount) -> Result<(), LoanRefusal> {
    check_payment(product, amount)?;
    let within = (product.amount_min..=product.amount_max).contains(&amount);
    if within { Ok(()) } else { Err(LoanRefusal::AmountOutOfBounds) }
}

fn check_payment(product: &Product, amount: Amount) -> Result<(), LoanRefusal> {
    if amount <= Amount::ZERO {
        return Err(LoanRefusal::AmountNotPositive);
    }
    let fits = amount.units() % crate::plan::unit_of(product.decimals) == 0;
    if fits { Ok(()) } else { Err(LoanRefusal::AmountTooFine) }
}

/// The schedule of a loan, if there is one in which the debt never grows.
pub(crate) fn schedule(
    product: &Product,
    amount: Amount,
    start: Date,
) -> Result<Vec<Instalment>, LoanRefusal> {
    let schedule = plan(product, amount, start).schedule().map_err(|_| LoanRefusal::NoSchedule)?;
    let grows = schedule.iter().any(|instalment| instalment.principal < Amount::ZERO);
    if grows { Err(LoanRefusal::NoSchedule) } else { Ok(schedule) }
}

/// Whoever decides on a loan is not its borrower.
fn check_officer(loan: &Loan, asked: Asked) -> Result<(), LoanRefusal> {
    let own = loan.applied.by == asked.by || asked.client == Some(loan.borrower);
    if own { Err(LoanRefusal::OwnLoan) } else { Ok(()) }
}

fn check_borrower(loan: &Loan, asked: Asked) -> Result<(), LoanRefusal> {
    if asked.client == Some(loan.borrower) { Ok(()) } else { Err(LoanRefusal::NotTheBorrower) }
}

fn check_pending(loan: &Loan) -> Result<(), LoanRefusal> {
    if loan.stage == Stage::Pending { Ok(()) } else { Err(LoanRefusal::WrongStage) }
}

/// Until it is paid out, nobody has to borrow.
fn check_unpaid(loan: &Loan) -> Result<(), LoanRefusal> {
    match loan.stage {
        Stage::Pending | Stage::Approved => Ok(()),
        _ => Err(LoanRefusal::WrongStage),
    }
}

fn signed(asked: Asked) -> LoanSigned {
    LoanSigned { by: asked.by, at: asked.now }
}

pub(crate) fn lock(
    loan: &mut Loan,
    (asset, amount): (Asset, Amount),
    at: Timestamp,
    out: &mut Vec<LoanEvent>,
) {
    loan.move_pledge(asset, Amount::from_units(-amount.units()));
    let (from, to) = (Book::Client, Book::Collateral);
    let transfers = loan.post_asset(from, to, (asset, amount), TransferReason::LoanCollateral);
    out.push(loan.event(at, LoanFact::CollateralPledged { asset, amount }, transfers));
}

pub(crate) fn cancel(loan: &mut Loan, asked: Asked, out: &mut Vec<LoanEvent>) -> Result<(), LoanRefusal> {
    check_borrower(loan, asked)?;
    check_unpaid(loan)?;
    (loan.stage, loan.ended) = (Stage::Cancelled, Some(asked.now));
    out.push(loan.event(asked.now, LoanFact::Cancelled, Vec::new()));
    loan.release_all(asked.now, out);
    Ok(())
}

pub(crate) fn approve(loan: &mut Loan, asked: Asked, out: &mut Vec<LoanEvent>) -> Result<(), LoanRefusal> {
    check_officer(loan, asked)?;
    check_pending(loan)?;
    (loan.stage, loan.decided) = (Stage::Approved, Some(signed(asked)));
    out.push(loan.event(asked.now, LoanFact::Approved { by: asked.by }, Vec::new()));
    Ok(())
}

pub(crate) fn reject(
    loan: &mut Loan,
    reason: &str,
    asked: Asked,
    out: &mut Vec<LoanEvent>,
) -> Result<(), LoanRefusal> {
    check_officer(loan, asked)?;
    check_pending(loan)?;
    (loan.stage, loan.ended) = (Stage::Rejected, Some(asked.now));
    (loan.decided, loan.reason) = (Some(signed(asked)), Some(reason.to_owned()));
    out.push(loan.event(asked.now, LoanFact::Rejected { by: asked.by }, Vec::new()));
    loan.release_all(asked.now, out);
    Ok(())
}

/// Pays out, if the collateral is still worth enough: prices have moved since it was locked.
pub(crate) fn disburse(
    loan: &mut Loan,
    asked: Asked,
    prices: &Prices,
    out: &mut Vec<LoanEvent>,
) -> Result<(), LoanRefusal> {
    check_officer(loan, asked)?;
    if loan.stage != Stage::Approved {
        return Err(LoanRefusal::WrongStage);
    }
    let approver = loan.decided.map(|decided| decided.by);
    if approver == Some(asked.by) && loan.amount > loan.terms.two_persons_above {
        return Err(LoanRefusal::SamePerson);
    }
    let value = prices.value(&loan.pledges, &loan.terms, asked.now)?;
    if !suffices(value, loan.amount, loan.terms.collateral_ratio) {
        return Err(LoanRefusal::CollateralTooSmall);
    }
    let start = Date::of(asked.now);
    let instalments = schedule(&loan.terms, loan.amount, start)?;
    let running = Running::new(&plan(&loan.terms, loan.amount, start), instalments);
    let maturity = running.maturity;
    (loan.stage, loan.disbursed) = (Stage::Active(Box::new(running)), Some(signed(asked)));
    let (amount, fee) = (loan.amount, loan.terms.payout_fee);
    let mut transfers = loan.post(Book::Principal, Book::Client, amount, TransferReason::LoanPayout);
    transfers.extend(loan.post(Book::Client, Book::FeeIncome, fee, TransferReason::LoanFee));
    out.push(loan.event(asked.now, LoanFact::Disbursed { by: asked.by, amount, fee, maturity }, transfers));
    loan.tell_what_is_due_soon(start, asked.now, out);
    Ok(())
}

pub(crate) fn repay(
    loan: &mut Loan,
    amount: Amount,
    asked: Asked,
    (funds, prices): (&impl Funds, &Prices),
    out: &mut Vec<LoanEvent>,
) -> Result<(), LoanRefusal> {
    check_borrower(loan, asked)?;
    if loan.not_recovered() > Amount::ZERO {
        return recover(loan, amount, asked, funds, out);
    }
    if loan.running().is_none() {
        return Err(LoanRefusal::WrongStage);
    }
    check_payment(&loan.terms, amount)?;
    let today = Date::of(asked.now);
    loan.advance(today, asked.now, out);
    let owed = loan.running().map_or(Amount::ZERO, |running| running.owed.total());
    if amount.min(owed) > funds.available(&loan.account, loan.terms.currency) {
        return Err(LoanRefusal::InsufficientFunds);
    }
    loan.pay(Offer { from: Book::Client, amount }, asked.now, out);
    loan.note_lateness(today, asked.now, out);
    loan.end_if_paid(asked.now, out);
    loan.value_collateral(prices, asked.now, out);
    Ok(())
}

pub(crate) fn pledge(
    loan: &mut Loan,
    (asset, amount): (Asset, Amount),
    asked: Asked,
    (funds, prices): (&impl Funds, &Prices),
    out: &mut Vec<LoanEvent>,
) -> Result<(), LoanRefusal> {
    check_borrower(loan, asked)?;
    if !loan.counts() {
        return Err(LoanRefusal::WrongStage);
    }
    if amount <= Amount::ZERO {
        return Err(LoanRefusal::AmountNotPositive);
    }
    loan.terms.rule(asset).ok_or(LoanRefusal::CollateralNotAccepted)?;
    if amount > funds.available(&loan.account, asset) {
        return Err(LoanRefusal::InsufficientFunds);
    }
    lock(loan, (asset, amount), asked.now, out);
    loan.value_collateral(prices, asked.now, out);
    Ok(())
}

pub(crate) fn release(
    loan: &mut Loan,
    (asset, amount): (Asset, Amount),
    asked: Asked,
    prices: &Prices,
    out: &mut Vec<LoanEvent>,
) -> Result<(), LoanRefusal> {
    check_borrower(loan, asked)?;
    let Stage::Active(_) = loan.stage else { return Err(LoanRefusal::WrongStage) };
    if amount <= Amount::ZERO {
        return Err(LoanRefusal::AmountNotPositive);
    }
    if loan.running().is_some_and(|running| running.sale.is_some()) {
        return Err(LoanRefusal::LiquidationOpen);
    }
    loan.advance(Date::of(asked.now), asked.now, out);
    loan.check_release((asset, amount), prices, asked.now)?;
    loan.move_pledge(asset, amount);
    let (from, to) = (Book::Collateral, Book::Client);
    let transfers = loan.post_asset(from, to, (asset, amount), TransferReason::LoanCollateral);
    out.push(loan.event(asked.now, LoanFact::CollateralReleased { asset, amount }, transfers));
    Ok(())
}

pub(crate) fn take_sale(
    loan: &mut Loan,
    done: Sold,
    asked: Asked,
    prices: &Prices,
    out: &mut Vec<LoanEvent>,
) -> Result<(), LoanRefusal> {
    let Sold { sold, proceeds, returned } = done;
    if [sold, proceeds, returned].iter().any(|amount| *amount < Amount::ZERO) {
        return Err(LoanRefusal::AmountNotPositive);
    }
    let gone = sold.checked_add(returned).ok_or(LoanRefusal::TooLarge)?;
    let sale = loan.running().and_then(|running| running.sale).ok_or(LoanRefusal::LiquidationNotFound)?;
    if gone > sale.amount {
        return Err(LoanRefusal::LiquidationNotFound);
    }
    loan.advance(Date::of(asked.now), asked.now, out);
    loan.take_sale(sale, done, prices, asked.now, out);
    loan.end_if_paid(asked.now, out);
    // What was brought back could not be sold now: the next price or day tries again.
    if returned == Amount::ZERO {
        match loan.stage {
            Stage::Defaulted(_) => loan.sell_next(prices, asked.now, out),
            Stage::Active(_) if loan.pledges.is_empty() => loan.sell_next(prices, asked.now, out),
            _ => loan.value_collateral(prices, asked.now, out),
        }
    }
    Ok(())
}

pub(crate) fn propose_write_off(
    loan: &mut Loan,
    reason: &str,
    asked: Asked,
    out: &mut Vec<LoanEvent>,
) -> Result<(), LoanRefusal> {
    check_officer(loan, asked)?;
    check_given_up(loan)?;
    if let Some(running) = loan.running_mut() {
        running.write_off_by = Some(asked.by);
    }
    loan.reason = Some(reason.to_owned());
    out.push(loan.event(asked.now, LoanFact::WriteOffProposed { by: asked.by }, Vec::new()));
    Ok(())
}

pub(crate) fn write_off(loan: &mut Loan, asked: Asked, out: &mut Vec<LoanEvent>) -> Result<(), LoanRefusal> {
    check_officer(loan, asked)?;
    check_given_up(loan)?;
    let maker = loan.running().and_then(|running| running.write_off_by).ok_or(LoanRefusal::WrongStage)?;
    if maker == asked.by {
        return Err(LoanRefusal::SamePerson);
    }
    loan.write_off(asked.by, asked.now, out);
    Ok(())
}

/// Only a defaulted loan without any collateral left can be given up.
fn check_given_up(loan: &Loan) -> Result<(), LoanRefusal> {
    let Stage::Defaulted(running) = &loan.stage else { return Err(LoanRefusal::WrongStage) };
    if running.sale.is_some() {
        return Err(LoanRefusal::LiquidationOpen);
    }
    if loan.pledges.is_empty() { Ok(()) } else { Err(LoanRefusal::CollateralRemains) }
}

/// A payment on a loan that was given up.
fn recover(
    loan: &mut Loan,
    amount: Amount,
    asked: Asked,
    funds: &impl Funds,
    out: &mut Vec<LoanEvent>,
) -> Result<(), LoanRefusal> {
    check_payment(&loan.terms, amount)?;
    if amount.min(loan.not_recovered()) > funds.available(&loan.account, loan.terms.currency) {
        return Err(LoanRefusal::InsufficientFunds);
    }
    loan.recover(amount, asked.now, out);
    Ok(())
}
