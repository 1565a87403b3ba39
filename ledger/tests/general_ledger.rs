//! The month of a small house, as its accountant closes it.

use assay_ledger::general_ledger::*;
use assay_trading_types::*;
use std::process::{Command, Stdio};

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn period(from: &str, until: &str) -> Period {
    Period { from: day(from), until: day(until) }
}

fn asset(text: &str) -> Asset {
    Asset::new(text).unwrap()
}

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

/// `DATE debit > credit AMOUNT ASSET reason`, one a line; `(hold)` behind it posts nothing.
fn entries(lines: &str) -> Vec<Entry> {
    lines.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate().map(entry).collect()
}

fn entry((n, line): (usize, &str)) -> Entry {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [date, debit, _, credit, units, asset_name, reason, kind @ ..] = words.as_slice() else {
        panic!("{line}")
    };
    let transfer = Transfer {
        id: TransferId(n as u128),
        debit: LedgerCode::from(debit).unwrap(),
        credit: LedgerCode::from(credit).unwrap(),
        asset: asset(asset_name),
        amount: amount(units),
        kind: if kind.is_empty() { TransferKind::Plain } else { TransferKind::Pending },
        reason: serde_json::from_str(&format!("\"{reason}\"")).unwrap(),
    };
    Entry { at: day(date).start().plus_ns(3_600_000_000_000), transfer }
}

fn month() -> Vec<Entry> {
    entries(
        "2026-01-05 equity > client:ACME-1 10000 USD opening
         2026-01-05 equity > client:ACME-1 2 BTC opening
         2026-01-06 client:ACME-1 > clearing 500 USD order_hold (hold)
         2026-01-10 client:ACME-1 > commission 12.50 USD commission
         2026-01-15 client:ACME-1 > collateral:ACME-1 1 BTC loan_collateral
         2026-01-15 loan-principal:ACME-1 > client:ACME-1 3000 USD loan_payout
         2026-01-31 loan-interest:ACME-1 > loan-interest-income 15.78 USD loan_interest
         2026-02-03 client:ACME-1 > loan-interest:ACME-1 15.78 USD loan_repayment
         2026-02-04 client:ACME-1 > commission 7.50 USD commission
         2026-02-10 loan-loss > loan-principal:ACME-1 100 USD loan_loss",
    )
}

fn shown(sums: &[Sum]) -> String {
    sums.iter().map(|sum| format!("{} {}", sum.code, sum.amount)).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_trial_balance_has_every_account_and_its_sides_are_equal() {
    let lines = trial_balance(&month(), &Chart::house(), period("2026-01-01", "2026-02-01"));
    let text = trial_balance_csv(&lines);
    let expected = "asset,account,type,debits,credits
BTC,client:ACME-1,Liabilities,1,2
BTC,collateral:ACME-1,Liabilities,0,1
BTC,equity,Equity,2,0
USD,client:ACME-1,Liabilities,12.5,13000
USD,commission,Income,0,12.5
USD,equity,Equity,10000,0
USD,loan-interest-income,Income,0,15.78
USD,loan-interest:ACME-1,Assets,15.78,0
USD,loan-principal:ACME-1,Assets,3000,0
";
    assert_eq!(text.replace("\r\n", "\n"), expected);
    for name in ["USD", "BTC"] {
        let of = lines.iter().filter(|line| line.asset == asset(name));
        let (debits, credits) = of.fold((0, 0), |(d, c), l| (d + l.debits.units(), c + l.credits.units()));
        assert_eq!(debits, credits, "{name}");
    }
}

#[test]
fn the_balance_sheet_stands_at_the_end_of_a_period_and_earnings_are_equity() {
    let sheets = balance_sheet(&month(), &Chart::house(), period("2026-02-01", "2026-03-01"));
    let usd = &sheets[&asset("USD")];
    assert_eq!(shown(&usd.assets), "loan-interest:ACME-1 0, loan-principal:ACME-1 2900");
    assert_eq!(shown(&usd.liabilities), "client:ACME-1 12964.22");
    assert_eq!(shown(&usd.equity), "equity -10000");
    assert_eq!(usd.earnings, amount("-64.22"));
}

#[test]
fn the_income_statement_is_of_its_period_alone() {
    let of = |from, until| {
        let statements = income_statement(&month(), &Chart::house(), period(from, until));
        let usd = &statements[&asset("USD")];
        format!("{} | {} | {}", shown(&usd.income), shown(&usd.expenses), usd.result())
    };
    assert_eq!(of("2026-01-01", "2026-02-01"), "commission 12.5, loan-interest-income 15.78 |  | 28.28");
    assert_eq!(of("2026-02-01", "2026-03-01"), "commission 7.5 | loan-loss 100 | -92.5");
    let chart = Chart::house().with("commission", AccountType::Liabilities);
    let statements = income_statement(&month(), &chart, period("2026-02-01", "2026-03-01"));
    assert_eq!(statements[&asset("USD")].income, [], "another chart, another statement");
}

#[test]
fn the_journal_has_the_postings_of_its_period_and_no_holds() {
    let text = journal_csv(&month(), period("2026-01-06", "2026-01-11"));
    let expected = "at,id,debit,credit,asset,amount,reason\r\n\
        2026-01-10T01:00:00.000000000Z,00000000000000000000000000000003,client:ACME-1,commission,USD,12.5,Commission\r\n";
    assert_eq!(text, expected);
    let odd = entries("2026-01-05 equity > =cmd,\"x\" 1 USD opening");
    let text = journal_csv(&odd, period("2026-01-01", "2026-02-01"));
    assert!(text.contains(r#",equity,"'=cmd,""x""",USD,"#), "{text}");
}

/// Names that the formats have no room for, which must stay apart.
fn odd() -> Vec<Entry> {
    entries(
        "2026-01-05 equity > client:acme 1 F opening
         2026-01-05 equity > client:X-acme 2 brk.b opening
         2026-01-05 equity > client:A_1 3 BRK_B opening
         2026-01-05 equity > client:A-x5F1 4 7203.T opening",
    )
}

#[test]
fn plain_text_names_every_account_and_commodity_apart() {
    let text = beancount(&odd(), &Chart::house(), period("2026-01-01", "2026-02-01"));
    for line in [
        "  Liabilities:Client:X-acme  -1 F__X",
        "  Liabilities:Client:X-X-acme  -2 X___62_72_6B._62",
        "  Liabilities:Client:A-x5F1  -3 BRK_5FB",
        "  Liabilities:Client:A-x2Dx5F1  -4 X__7203.T",
        "2026-02-01 balance Liabilities:Client:X-acme  -1 F__X",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
    }
    let text = ledger_cli(&odd(), &Chart::house(), period("2026-01-01", "2026-02-01"));
    assert!(text.contains("    Liabilities:Client:A-x5F1  -3 \"BRK_B\"\n"), "{text}");
    assert!(text.contains("    Liabilities:Client:X-acme  0 \"F\" = -1 \"F\"\n"), "{text}");
}

/// Runs a tool of plain-text accounting over a text; nothing if it is not installed.
fn accepted(tool: &str, arguments: &[&str], text: &str) -> Option<String> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("books");
    std::fs::write(&file, text).unwrap();
    let arguments = arguments.iter().map(|a| if *a == "FILE" { file.as_os_str() } else { a.as_ref() });
    let output = Command::new(tool).args(arguments).stdin(Stdio::null()).output().ok()?;
    let shown = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{tool}: {shown}\n{text}");
    Some(shown)
}

#[test]
fn the_tools_of_plain_text_accounting_accept_it_where_they_are_installed() {
    let (chart, all) = (Chart::house(), period("2026-01-01", "2026-03-01"));
    for books in [month(), odd()] {
        let text = ledger_cli(&books, &chart, all);
        let tools = [
            accepted("ledger", &["-f", "FILE", "balance"], &text),
            accepted("hledger", &["-f", "FILE", "balance"], &text),
            accepted("bean-check", &["FILE"], &beancount(&books, &chart, all)),
        ];
        println!("checked by {} of 3 tools", tools.iter().flatten().count());
    }
}
