//! The closing account: both sides' scores, the trial balance and the audit chain.

use super::FIRMS;
use super::desk::Trader;
use crate::books::{Books, Fills};
use assay_audit::Report;
use assay_trading_types::SessionId;
use std::time::Duration;

/// Prints the account and says whether everything agrees.
pub(super) fn print(
    traders: &[Trader],
    books: &Books,
    audit: &Report,
    took: Duration,
    recovery: Option<Duration>,
) -> bool {
    let mut checks = Checks(true);
    let sent: u64 = traders.iter().map(|t| t.flow.sent()).sum();
    let answered: u64 = traders.iter().map(Trader::answered_once).sum();
    let refused: u64 = traders.iter().map(|t| t.refused).sum();
    let exec_ids: u64 = traders.iter().map(Trader::exec_id_count).sum();
    println!();
    print!("{books}");
    print!("{audit}");
    println!();
    println!(
        "{sent} requests in {:.1} s ({:.0}/s with both crashes), {refused} refused as meant",
        took.as_secs_f64(),
        sent as f64 / took.as_secs_f64()
    );
    if let Some(recovery) = recovery {
        println!("kill -9 to serving again: {recovery:.1?}");
    }
    checks.that(answered == sent, format!("every ClOrdID answered exactly once: {answered} of {sent}"));
    let repeated: u64 = traders.iter().map(|t| t.repeated_exec_ids).sum();
    let stray: u64 = traders.iter().map(|t| t.stray_answers).sum();
    checks
        .that(repeated == 0, format!("every ExecID received exactly once: {exec_ids}, {repeated} repeated"));
    checks.that(stray == 0, format!("no answer that nobody asked for: {stray}"));
    let doubled =
        books.decisions.values().filter(|d| d.requested != 1 || d.accepted + d.refused != 1).count();
    checks.that(
        doubled == 0,
        format!("every order decided exactly once: {} orders, {doubled} not", books.decisions.len()),
    );
    let agree = FIRMS
        .iter()
        .zip(traders)
        .filter(|((comp_id, ..), t)| ledger_fills(books, comp_id) == t.fills)
        .count();
    checks.that(
        agree == FIRMS.len(),
        format!("fills as the counterparties saw them equal the log's: {agree} of {}", FIRMS.len()),
    );
    checks.that(books.balance(), "trial balance is zero in every asset".to_owned());
    checks.that(audit.is_good(), "audit chain, seals and store verified".to_owned());
    checks.0
}

fn ledger_fills(books: &Books, comp_id: &str) -> Fills {
    let session = SessionId::new(&format!("{comp_id}/ASSAY"));
    session.ok().and_then(|s| books.fills.get(&s).copied()).unwrap_or_default()
}

/// All good so far.
struct Checks(bool);

impl Checks {
    fn that(&mut self, good: bool, what: String) {
        println!("  [{}] {what}", if good { "ok" } else { "FAILED" });
        self.0 &= good;
    }
}
