//! What an account costs.

use assay_ledger::{Guard, Ledger};
use assay_trading_types::{Asset, LedgerCode};

/// Most bytes that an account takes, its place in the index included.
const ACCOUNT_BYTES_MAX: usize = 200;

#[test]
fn an_account_takes_less_than_200_bytes_at_any_size_of_the_books() {
    let mut ledger = Ledger::new();
    let usd = Asset::new("USD").unwrap();
    for n in 0..300_000 {
        ledger.open(LedgerCode::from(&format!("client:{n}")).unwrap(), usd, Guard::NoOverdraft);
        if n % 10_000 == 9_999 {
            let bytes = ledger.accounts_memory_bytes() / (n + 1);
            assert!(bytes < ACCOUNT_BYTES_MAX, "{bytes} bytes each at {} accounts", n + 1);
        }
    }
}
