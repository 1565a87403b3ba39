//! The books alone: transfers, requests with ids that are remembered, a million accounts, the past.

use super::core::{ROUND, measure};
use assay_ledger::{AccountIx, Desk, Guard, History, Ledger, Leg, Request};
use assay_trading_types::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::hint::black_box;
use std::time::Instant;

/// Accounts of the large books.
const ACCOUNTS: usize = 1_000_000;

/// Exponent of the Zipfian law by which accounts are used, as YCSB has it.
const ZIPF_EXPONENT: f64 = 0.99;

/// Pairs of accounts drawn before the clock runs; a power of two.
const PAIRS: usize = 1 << 22;

/// Transfers that the desk remembers.
const REMEMBERED: usize = 1 << 20;

/// Requests submitted at once; divides the round.
const BATCH: usize = 100;

/// Entries of the account whose statement is made.
const ENTRIES: u64 = 1_000_000;

pub(super) fn run() {
    let (mut small, accounts) = books(1_000, Guard::Unlimited);
    let even: Vec<_> =
        (0..accounts.len()).map(|i| (accounts[i * 7 % 1_000], accounts[(i * 7 + 1) % 1_000])).collect();
    transfers("ledger transfers, 1,000 accounts", 1e6, &mut small, &even);
    let (mut large, accounts) = books(ACCOUNTS, Guard::NoOverdraft);
    fund(&mut large, &accounts);
    let pairs = zipf_pairs(&accounts);
    transfers("ledger transfers, 1,000,000 accounts, Zipf 0.99", 2e6, &mut large, &pairs);
    requests("ledger requests with ids remembered, the same accounts", 2e6, &mut large, &pairs);
    println!("ledger: {} bytes an account", large.accounts_memory_bytes() / large.accounts().len());
    past();
    super::accrual::run();
}

fn books(count: usize, guard: Guard) -> (Ledger, Vec<AccountIx>) {
    let mut ledger = Ledger::new();
    let code = |i| LedgerCode::from(&format!("client:{i}")).expect("short");
    let accounts = (0..count).map(|i| ledger.open(code(i), usd(), guard)).collect();
    (ledger, accounts)
}

/// Gives each account more than the run can take from it.
fn fund(ledger: &mut Ledger, accounts: &[AccountIx]) {
    let equity = ledger.open(LedgerCode::from("equity").expect("short"), usd(), Guard::Unlimited);
    for (n, credit) in accounts.iter().enumerate() {
        let (id, amount) = (TransferId(n as u128), Amount::from_units(1 << 60));
        let leg = Leg { id, debit: equity, credit: *credit, amount, kind: TransferKind::Plain };
        ledger.apply(&[leg]).expect("equity is unlimited");
    }
}

fn transfers(what: &str, target_per_s: f64, ledger: &mut Ledger, pairs: &[(AccountIx, AccountIx)]) {
    let mut n: usize = 0;
    measure(what, target_per_s, || {
        for _ in 0..ROUND {
            n += 1;
            let (debit, credit) = pairs[n % pairs.len()];
            let (id, amount) = (TransferId(n as u128), Amount::from_units(1 + (n % 97) as i128));
            let leg = Leg { id, debit, credit, amount, kind: TransferKind::Plain };
            ledger.apply(black_box(&[leg])).expect("covered");
        }
    });
    assert!(ledger.trial_balance().iter().all(|b| b.debits == b.credits), "the books balance");
}

fn requests(what: &str, target_per_s: f64, ledger: &mut Ledger, pairs: &[(AccountIx, AccountIx)]) {
    let (mut desk, mut n) = (Desk::new(REMEMBERED), 0);
    let mut batch = Vec::with_capacity(BATCH);
    let mut round = || {
        for _ in 0..ROUND / BATCH as u64 {
            batch.clear();
            for _ in 0..BATCH {
                n += 1;
                let (debit, credit) = pairs[n % pairs.len()];
                let (id, amount) = (TransferId(n as u128), Amount::from_units(1 + (n % 97) as i128));
                batch.push(Request::plain(id, debit, credit, amount, TransferReason::TradeCash));
            }
            let answers = desk.submit(ledger, black_box(&batch), Timestamp::default());
            assert!(answers.iter().all(Result::is_ok));
        }
    };
    // As it will be for most of its life: with its memory full.
    (0..=REMEMBERED as u64 / ROUND).for_each(|_| round());
    measure(what, target_per_s, round);
}

/// Pairs of two accounts each, drawn by Zipf's law over a shuffled ranking so that those in use are not neighbours.
fn zipf_pairs(accounts: &[AccountIx]) -> Vec<(AccountIx, AccountIx)> {
    let mut rng = StdRng::seed_from_u64(7);
    let mut ranked = accounts.to_vec();
    (1..ranked.len()).rev().for_each(|i| ranked.swap(i, rng.random_range(0..=i)));
    let mut sum = 0.0;
    let up_to: Vec<f64> = (1..=ranked.len())
        .map(|rank| {
            sum += (rank as f64).powf(-ZIPF_EXPONENT);
            sum
        })
        .collect();
    let mut draw =
        || ranked[up_to.partition_point(|s| *s < rng.random_range(0.0..sum)).min(ranked.len() - 1)];
    let mut pair = || loop {
        let (debit, credit) = (draw(), draw());
        if debit != credit {
            break (debit, credit);
        }
    };
    (0..PAIRS).map(|_| pair()).collect()
}

/// A statement over a million entries and balances as of instants among them.
#[allow(clippy::disallowed_methods)] // a driver: it measures
fn past() {
    let mut history = History::new(2 * ENTRIES as usize);
    let code = |text| LedgerCode::from(text).expect("short");
    for n in 0..ENTRIES {
        let transfer = Transfer {
            id: TransferId(n.into()),
            debit: code("equity"),
            credit: code("client:1"),
            asset: usd(),
            amount: Amount::from_units(1),
            kind: TransferKind::Plain,
            reason: TransferReason::Opening,
        };
        history.post(Timestamp::from_ns(n as i64), &transfer);
    }
    let (client, end) = (code("client:1"), Timestamp::from_ns(ENTRIES as i64));
    let start = Instant::now();
    let lines = history.lines(client, usd(), Timestamp::from_ns(0), end).expect("all is kept");
    let sum: i128 = lines.map(|line| black_box(line).change.units()).sum();
    println!("ledger: lines of a statement over {sum} entries in {:.1?}", start.elapsed());
    let start = Instant::now();
    for n in 0..ROUND {
        let at = Timestamp::from_ns((n * 97) as i64);
        black_box(history.as_of(client, usd(), at).expect("all is kept"));
    }
    println!("ledger: balance as of an instant among them in {:.0?}", start.elapsed() / ROUND as u32);
}

fn usd() -> Asset {
    Asset::new("USD").expect("an asset")
}
