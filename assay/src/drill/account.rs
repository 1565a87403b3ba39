//! The closing account of a round: what each counterparty kept from FIX alone against what the log says.

use super::copies::Copies;
use super::venue::{CASH, COPY, POSITION, SYMBOLS, TRADERS};
use crate::books::{Books, Fills};
use crate::demo::desk::Trader;
use crate::node::DataDir;
use assay_event_log::open_read_only;
use assay_risk_service::Risk;
use assay_trading_types::{
    AccountId, Asset, ClOrdId, ExecId, Outbox, Position, Processor, Role, SCALE, SessionId, Topic,
};
use fix_gateway::Report;
use rustc_hash::{FxHashMap, FxHashSet};
use std::path::Path;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What the log says that [`Books`] do not.
struct Told {
    /// ExecIDs of the reports that each session is owed.
    exec_ids: FxHashMap<SessionId, FxHashSet<ExecId>>,
    risk: Risk,
}

impl Told {
    fn read(dir: &Path) -> Result<Self> {
        let log = open_read_only(dir)?;
        let mut told = Self { exec_ids: FxHashMap::default(), risk: Risk::new(0) };
        let mut outbox = Outbox::new(Role::Risk, 1);
        for record in log.records(Position(0))? {
            let record = record?;
            if record.topic != Topic::Accounts {
                continue;
            }
            let event = record.decode()?;
            if let Some(report) = Report::of(&record, &event).filter(|report| report.msg_type() == b"8")
                && let Some(session) = report.session()
            {
                let exec_id = ExecId::new(record.partition, record.offset);
                told.exec_ids.entry(session).or_default().insert(exec_id);
            }
            let input = record.input(&event);
            outbox.begin(&input);
            told.risk.apply(&input, &mut outbox);
            outbox.drain();
        }
        Ok(told)
    }

    fn holds(&self, firm: &str, asset: &str) -> Option<i128> {
        let (account, asset) = (AccountId::new(firm).ok()?, Asset::new(asset).ok()?);
        Some(self.risk.position(&account, &asset).units())
    }
}

/// Prints the account and says whether everything agrees.
pub(super) fn settle(traders: &[Trader], copies: &Copies, data: &DataDir) -> Result<bool> {
    let books = Books::replay(&data.log())?;
    let told = Told::read(&data.log())?;
    let audit = crate::command::audit::verify_dir(data, None)?;
    let mut checks = Checks(true);
    let orders: usize = traders.iter().map(|t| t.answers().count()).sum();
    println!("{} records, {orders} requests", books.records);
    for ((comp_id, firm, _), trader) in TRADERS.iter().zip(traders) {
        let session = SessionId::new(&format!("{comp_id}/ASSAY"))?;
        answers(&mut checks, comp_id, trader);
        decisions(&mut checks, comp_id, trader, &books, session);
        reports(&mut checks, comp_id, trader, told.exec_ids.get(&session));
        money(&mut checks, firm, trader, &told);
    }
    copied(&mut checks, copies, &books, &traders[0])?;
    checks.that(books.balance(), || "the trial balance is not zero in every asset".to_owned());
    checks.that(audit.is_good(), || format!("the audit does not verify: {audit}"));
    if checks.0 {
        println!(
            "every request answered once, every order once in the books, every ExecID received once, totals equal, audit verified"
        );
    }
    Ok(checks.0)
}

/// Every request got one answer, nothing came that nobody asked for, nothing came twice.
fn answers(checks: &mut Checks, comp_id: &str, trader: &Trader) {
    let wrong: Vec<(ClOrdId, u32)> = trader.answers().filter(|(_, count)| *count != 1).take(5).collect();
    checks.that(wrong.is_empty(), || format!("{comp_id}: requests without one answer: {wrong:?}"));
    let (stray, repeated) = (trader.stray_answers, trader.repeated_exec_ids);
    checks.that(stray == 0, || format!("{comp_id}: {stray} answers that nobody asked for"));
    checks.that(repeated == 0, || format!("{comp_id}: {repeated} ExecIDs received again"));
}

/// Every D stands in the books once and was decided once; what was refused by Reject(3) never came to them.
fn decisions(checks: &mut Checks, comp_id: &str, trader: &Trader, books: &Books, session: SessionId) {
    let mine = |id: &ClOrdId| books.decisions.get(&(session, *id));
    let sent: FxHashSet<ClOrdId> = trader.answers().map(|(id, _)| id).collect();
    let decided = books.decisions.iter().filter(|((owner, _), _)| *owner == session);
    let wrong: Vec<&ClOrdId> = decided
        .filter(|((_, id), d)| d.requested != 1 || d.accepted + d.refused != 1 || !sent.contains(id))
        .map(|((_, id), _)| id)
        .take(5)
        .collect();
    checks.that(wrong.is_empty(), || format!("{comp_id}: not one order each in the books: {wrong:?}"));
    let lost: Vec<&ClOrdId> = trader.orders().filter(|id| mine(id).is_none()).take(5).collect();
    checks.that(lost.is_empty(), || format!("{comp_id}: orders that the books do not have: {lost:?}"));
    let there: Vec<&ClOrdId> = trader.rejected.iter().filter(|id| mine(id).is_some()).take(5).collect();
    checks.that(there.is_empty(), || format!("{comp_id}: refused by Reject(3) and in the books: {there:?}"));
}

/// The ExecIDs it received are those that the log owes it.
fn reports(checks: &mut Checks, comp_id: &str, trader: &Trader, owed: Option<&FxHashSet<ExecId>>) {
    let heard: FxHashSet<ExecId> = trader.exec_ids().collect();
    let nothing = FxHashSet::default();
    let owed = owed.unwrap_or(&nothing);
    let lost: Vec<&ExecId> = owed.difference(&heard).take(5).collect();
    let invented: Vec<&ExecId> = heard.difference(owed).take(5).collect();
    checks.that(lost.is_empty(), || format!("{comp_id}: ExecIDs never received: {lost:?}"));
    checks
        .that(invented.is_empty(), || format!("{comp_id}: ExecIDs that the log does not have: {invented:?}"));
}

/// What the ledger says it owns is what it began with and its own fills.
fn money(checks: &mut Checks, firm: &str, trader: &Trader, told: &Told) {
    let began = i128::from(CASH) * i128::from(SCALE);
    let cash = began - trader.fills.bought.units() + trader.fills.sold.units();
    let held = told.holds(firm, "USD");
    checks.that(held == Some(cash), || {
        format!("{firm}: the ledger has {held:?} in cash, its fills say {cash}")
    });
    for (symbol, _) in SYMBOLS {
        let net = trader.net.iter().find(|(s, _)| s.as_str() == symbol).map_or(0, |(_, net)| net.units());
        let position = i128::from(POSITION) * i128::from(SCALE) + net;
        let held = told.holds(firm, symbol);
        checks.that(held == Some(position), || {
            format!("{firm}: the ledger has {held:?} {symbol}, its fills say {position}")
        });
    }
}

/// The drop copy saw the firm's fills, each once.
fn copied(checks: &mut Checks, copies: &Copies, books: &Books, trader: &Trader) -> Result<()> {
    let session = SessionId::new(&format!("{}/ASSAY", TRADERS[0].0))?;
    let fills: Fills = books.fills.get(&session).copied().unwrap_or_default();
    let name = COPY.0;
    checks.that(copies.fills == fills, || format!("{name}: copies {:?}, the books {fills:?}", copies.fills));
    checks.that(trader.fills == fills, || format!("fills {:?}, the books {fills:?}", trader.fills));
    let (repeated, stray) = (copies.repeated, copies.stray);
    checks
        .that(repeated + stray == 0, || format!("{name}: {repeated} copies again, {stray} strange messages"));
    let heard: FxHashSet<ExecId> = trader.exec_ids().collect();
    let lost = heard.difference(&copies.exec_ids).count();
    checks.that(lost == 0, || format!("{name}: {lost} reports without a copy"));
    Ok(())
}

/// All good so far.
struct Checks(bool);

impl Checks {
    fn that(&mut self, good: bool, otherwise: impl FnOnce() -> String) {
        if !good {
            println!("  [FAILED] {}", otherwise());
        }
        self.0 &= good;
    }
}
