//! Transfers a second on one core: plain ones between clients, and hold, part post, void of the rest.
//!
//! `cargo run --release -p assay-ledger --example transfer_speed`
#![allow(clippy::disallowed_methods)] // it measures

use assay_ledger::{AccountIx, Guard, Ledger, Leg};
use assay_trading_types::{Amount, Asset, LedgerCode, TransferId, TransferKind};
use std::time::Instant;

const CLIENTS: usize = 1_000;
const ROUNDS: u64 = 1_000_000;
/// Holds open at any time.
const OPEN: u64 = 10_000;

fn main() {
    let mut ledger = Ledger::new();
    let usd = Asset::new("USD").expect("an asset");
    let open = |ledger: &mut Ledger, code: &str, guard| {
        ledger.open(LedgerCode::from(code).expect("a short code"), usd, guard)
    };
    let clearing = open(&mut ledger, "clearing", Guard::Unlimited);
    let equity = open(&mut ledger, "equity", Guard::Unlimited);
    let clients: Vec<AccountIx> =
        (0..CLIENTS).map(|n| open(&mut ledger, &format!("client:{n}"), Guard::NoOverdraft)).collect();
    for (n, client) in clients.iter().enumerate() {
        let id = TransferId(n as u128);
        let amount = Amount::from_units(1 << 60);
        let leg = Leg { id, debit: equity, credit: *client, amount, kind: TransferKind::Plain };
        ledger.apply(&[leg]).expect("equity is unlimited");
    }
    plain(&mut ledger, &clients);
    holds(&mut ledger, &clients, clearing);
    assert!(ledger.trial_balance().iter().all(|b| b.debits == b.credits));
}

fn plain(ledger: &mut Ledger, clients: &[AccountIx]) {
    let start = Instant::now();
    for n in 0..ROUNDS {
        let (debit, credit) = pair(clients, n);
        let id = TransferId(1 << 64 | u128::from(n));
        let leg = Leg { id, debit, credit, amount: Amount::from_units(5), kind: TransferKind::Plain };
        ledger.apply(&[leg]).expect("covered");
    }
    print("plain", ROUNDS, start);
}

fn holds(ledger: &mut Ledger, clients: &[AccountIx], clearing: AccountIx) {
    let start = Instant::now();
    for n in 0..ROUNDS {
        let hold = |n: u64| TransferId(2 << 64 | u128::from(n));
        let (debit, _) = pair(clients, n);
        let amount = Amount::from_units(100);
        let leg = Leg { id: hold(n), debit, credit: clearing, amount, kind: TransferKind::Pending };
        ledger.apply(&[leg]).expect("covered");
        let Some(old) = n.checked_sub(OPEN) else { continue };
        let (debit, other) = pair(clients, old);
        let leg = |index: u128, debit, credit, amount, kind| {
            let id = TransferId(3 << 64 | u128::from(old) << 2 | index);
            Leg { id, debit, credit, amount: Amount::from_units(amount), kind }
        };
        let pending = hold(old);
        let legs = [
            leg(0, debit, clearing, 60, TransferKind::Post { pending, release_rest: false }),
            leg(1, clearing, other, 60, TransferKind::Plain),
            leg(2, debit, clearing, 40, TransferKind::Void { pending }),
        ];
        ledger.apply(&legs).expect("held");
    }
    print("hold, post, deliver, void", 4 * ROUNDS - 3 * OPEN, start);
}

fn pair(clients: &[AccountIx], n: u64) -> (AccountIx, AccountIx) {
    let at = |n: u64| clients[(n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % CLIENTS];
    let (debit, credit) = (at(n), at(n + CLIENTS as u64));
    if debit == credit { (debit, clients[usize::from(debit == clients[0])]) } else { (debit, credit) }
}

fn print(what: &str, transfers: u64, start: Instant) {
    let elapsed = start.elapsed();
    let rate = transfers as f64 / elapsed.as_secs_f64() / 1e6;
    println!("{what}: {transfers} transfers, {rate:.1} M/s, {:.0} ns each", 1e3 / rate);
}
