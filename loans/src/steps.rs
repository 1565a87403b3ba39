//! What each command does to one loan: refusals first, then the change and its events.

use crate::collateral::Sold;
use crate::event::{Fact, LoanEvent};
use crate::loan::{Book, Loan, Stage};
use crate::loans::{Asked, Funds};
use crate::payments::Offer;
use crate::prices::Prices;
use crate::product::Product;
use crate::running::Running;
use crate::schedule::Instalment;
use crate::status::LoanStatus;
use assay_trading_types::{Amount, Asset, Date, Timestamp, TransferReason};

pub(crate) fn check_amount(product: &Product, amount: Amount) -> Result<(), LoanStatus> {
    check_payment(product, amount)?;
    let within = (product.amount_min..=product.amount_max).contains(&amount);
    if within { Ok(()) } else { Err(LoanStatus::AmountOutOfBounds) }
}

fn check_payment(product: &Product, amount: Amount) -> Result<(), LoanStatus> {
    if amount <= Amount::ZERO {
        return Err(LoanStatus::AmountNotPositive);
    }
    let fits = amount.units() % crate::plan::unit_of(product.decimals) == 0;
    if fits { Ok(()) } else { Err(LoanStatus::AmountTooFine) }
}

/// The schedule of a loan, if there is one in which the debt never grows.
pub(crate) fn schedule(
    product: &Product,
    amount: Amount,
    start: Date,
) -> Result<Vec<Instalment>, LoanStatus> {
    let schedule = product.plan(amount, start).schedule().map_err(|_| LoanStatus::NoSchedule)?;
    let grows = schedule.iter().any(|instalment| instalment.principal < Amount::ZERO);
    if grows { Err(LoanStatus::NoSchedule) } else { Ok(schedule) }
}

/// Whoever decides on a loan is not its borrower.
fn check_officer(loan: &Loan, asked: Asked) -> Result<(), LoanStatus> {
    if loan.borrower == asked.by { Err(LoanStatus::OwnLoan) } else { Ok(()) }
}

fn check_borrower(loan: &Loan, asked: Asked) -> Result<(), LoanStatus> {
    if loan.borrower == asked.by { Ok(()) } else { Err(LoanStatus::NotTheBorrower) }
}

fn check_pending(loan: &Loan) -> Result<(), LoanStatus> {
    if loan.stage == Stage::Pending { Ok(()) } else { Err(LoanStatus::WrongStage) }
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
    out.push(loan.event(at, Fact::CollateralPledged { asset, amount }, transfers));
}

pub(crate) fn cancel(loan: &mut Loan, asked: Asked, out: &mut Vec<LoanEvent>) -> Result<(), LoanStatus> {
    check_borrower(loan, asked)?;
    check_pending(loan)?;
    loan.stage = Stage::Cancelled { at: asked.now };
    out.push(loan.event(asked.now, Fact::Cancelled, Vec::new()));
    loan.release_all(asked.now, out);
    Ok(())
}

pub(crate) fn approve(loan: &mut Loan, asked: Asked, out: &mut Vec<LoanEvent>) -> Result<(), LoanStatus> {
    check_officer(loan, asked)?;
    check_pending(loan)?;
    loan.stage = Stage::Approved { by: asked.by, at: asked.now };
    out.push(loan.event(asked.now, Fact::Approved { by: asked.by }, Vec::new()));
    Ok(())
}

pub(crate) fn reject(loan: &mut Loan, asked: Asked, out: &mut Vec<LoanEvent>) -> Result<(), LoanStatus> {
    check_officer(loan, asked)?;
    check_pending(loan)?;
    loan.stage = Stage::Rejected { by: asked.by, at: asked.now };
    out.push(loan.event(asked.now, Fact::Rejected { by: asked.by }, Vec::new()));
    loan.release_all(asked.now, out);
    Ok(())
}

pub(crate) fn disburse(loan: &mut Loan, asked: Asked, out: &mut Vec<LoanEvent>) -> Result<(), LoanStatus> {
    check_officer(loan, asked)?;
    let Stage::Approved { by: approver, .. } = loan.stage else { return Err(LoanStatus::WrongStage) };
    if approver == asked.by && loan.amount > loan.terms.two_persons_above {
        return Err(LoanStatus::SamePerson);
    }
    let start = Date::of(asked.now);
    let instalments = schedule(&loan.terms, loan.amount, start)?;
    let running = Running::new(approver, asked.now, &loan.terms.plan(loan.amount, start), instalments);
    let maturity = running.maturity;
    loan.stage = Stage::Active(Box::new(running));
    let (amount, fee) = (loan.amount, loan.terms.payout_fee);
    let mut transfers = loan.post(Book::Principal, Book::Client, amount, TransferReason::LoanPayout);
    transfers.extend(loan.post(Book::Client, Book::FeeIncome, fee, TransferReason::LoanFee));
    out.push(loan.event(asked.now, Fact::Disbursed { by: asked.by, maturity }, transfers));
    Ok(())
}

pub(crate) fn repay(
    loan: &mut Loan,
    amount: Amount,
    asked: Asked,
    (funds, prices): (&impl Funds, &Prices),
    out: &mut Vec<LoanEvent>,
) -> Result<(), LoanStatus> {
    check_borrower(loan, asked)?;
    if loan.running().is_none() {
        return Err(LoanStatus::WrongStage);
    }
    check_payment(&loan.terms, amount)?;
    let today = Date::of(asked.now);
    loan.advance(today, asked.now, out);
    let owed = loan.running().map_or(Amount::ZERO, |running| running.owed.total());
    if amount.min(owed) > funds.available(&loan.account, loan.terms.currency) {
        return Err(LoanStatus::InsufficientFunds);
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
) -> Result<(), LoanStatus> {
    check_borrower(loan, asked)?;
    if !loan.counts() {
        return Err(LoanStatus::WrongStage);
    }
    if amount <= Amount::ZERO {
        return Err(LoanStatus::AmountNotPositive);
    }
    loan.terms.rule(asset).ok_or(LoanStatus::CollateralNotAccepted)?;
    if amount > funds.available(&loan.account, asset) {
        return Err(LoanStatus::InsufficientFunds);
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
) -> Result<(), LoanStatus> {
    check_borrower(loan, asked)?;
    let Stage::Active(_) = loan.stage else { return Err(LoanStatus::WrongStage) };
    if amount <= Amount::ZERO {
        return Err(LoanStatus::AmountNotPositive);
    }
    if loan.running().is_some_and(|running| running.sale.is_some()) {
        return Err(LoanStatus::LiquidationOpen);
    }
    loan.advance(Date::of(asked.now), asked.now, out);
    loan.check_release((asset, amount), prices, asked.now)?;
    loan.move_pledge(asset, amount);
    let (from, to) = (Book::Collateral, Book::Client);
    let transfers = loan.post_asset(from, to, (asset, amount), TransferReason::LoanCollateral);
    out.push(loan.event(asked.now, Fact::CollateralReleased { asset, amount }, transfers));
    Ok(())
}

pub(crate) fn take_sale(
    loan: &mut Loan,
    done: Sold,
    asked: Asked,
    prices: &Prices,
    out: &mut Vec<LoanEvent>,
) -> Result<(), LoanStatus> {
    let Sold { sold, proceeds, returned } = done;
    if [sold, proceeds, returned].iter().any(|amount| *amount < Amount::ZERO) {
        return Err(LoanStatus::AmountNotPositive);
    }
    let gone = sold.checked_add(returned).ok_or(LoanStatus::TooLarge)?;
    let sale = loan.running().and_then(|running| running.sale).ok_or(LoanStatus::LiquidationNotFound)?;
    if gone > sale.amount {
        return Err(LoanStatus::LiquidationNotFound);
    }
    loan.advance(Date::of(asked.now), asked.now, out);
    loan.take_sale(sale, done, asked.now, out);
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
    asked: Asked,
    out: &mut Vec<LoanEvent>,
) -> Result<(), LoanStatus> {
    check_officer(loan, asked)?;
    check_given_up(loan)?;
    if let Some(running) = loan.running_mut() {
        running.write_off_by = Some(asked.by);
    }
    out.push(loan.event(asked.now, Fact::WriteOffProposed { by: asked.by }, Vec::new()));
    Ok(())
}

pub(crate) fn write_off(loan: &mut Loan, asked: Asked, out: &mut Vec<LoanEvent>) -> Result<(), LoanStatus> {
    check_officer(loan, asked)?;
    check_given_up(loan)?;
    let maker = loan.running().and_then(|running| running.write_off_by).ok_or(LoanStatus::WrongStage)?;
    if maker == asked.by {
        return Err(LoanStatus::SamePerson);
    }
    loan.write_off(asked.by, asked.now, out);
    Ok(())
}

/// Only a defaulted loan without any collateral left can be given up.
fn check_given_up(loan: &Loan) -> Result<(), LoanStatus> {
    let Stage::Defaulted(running) = &loan.stage else { return Err(LoanStatus::WrongStage) };
    if running.sale.is_some() {
        return Err(LoanStatus::LiquidationOpen);
    }
    if loan.pledges.is_empty() { Ok(()) } else { Err(LoanStatus::CollateralRemains) }
}

pub(crate) fn recover(
    loan: &mut Loan,
    amount: Amount,
    asked: Asked,
    funds: &impl Funds,
    out: &mut Vec<LoanEvent>,
) -> Result<(), LoanStatus> {
    if !matches!(loan.stage, Stage::WrittenOff { .. }) {
        return Err(LoanStatus::WrongStage);
    }
    check_payment(&loan.terms, amount)?;
    if amount > funds.available(&loan.account, loan.terms.currency) {
        return Err(LoanStatus::InsufficientFunds);
    }
    loan.recover(amount, asked.now, out);
    Ok(())
}
