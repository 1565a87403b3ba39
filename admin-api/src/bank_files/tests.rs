use super::*;

/// A statement of two lines, 1000 to 1249.50; what tests change of it is replaced in the text.
const CAMT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>M1</MsgId></GrpHdr>
<Stmt><Id>S-2026-11-20</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">1000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">1249.50</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
<TxsSummry><TtlNtries><NbOfNtries>2</NbOfNtries><Sum>750.50</Sum></TtlNtries>
<TtlCdtNtries><NbOfNtries>1</NbOfNtries><Sum>500.00</Sum></TtlCdtNtries></TxsSummry>
<Ntry><Amt Ccy="EUR">500.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-20</Dt></BookgDt>
<AcctSvcrRef>R1</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>E2E</EndToEndId></Refs>
<RmtInf><Ustrd>for DEP-00000000002A
 thanks</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="EUR">250.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><DtTm>2026-11-20T09:00:00Z</DtTm></BookgDt>
<AcctSvcrRef>R2</AcctSvcrRef></Ntry>
<Ntry><Amt Ccy="EUR">7</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts></Ntry>
</Stmt></BkToCstmrStmt></Document>"#;

const TABLE: &str = "account,statement,asset,date,reference,amount,balance,details\r\n\
    DE89370400440532013000,S-1,EUR,2026-11-20,R1,500.00,1500.00,\"for DEP-00000000002A, thanks\"\r\n\
    DE89370400440532013000,S-1,EUR,2026-11-20,R2,-250.50,1249.50,\r\n";

fn camt(text: &str) -> Result<BankFile, String> {
    read(BankFormat::Camt053, text.as_bytes(), 10)
}

fn table(text: &str) -> Result<BankFile, String> {
    read(BankFormat::Csv, text.as_bytes(), 10)
}

/// What is said of a file with one thing changed.
#[track_caller]
fn refused(read: fn(&str) -> Result<BankFile, String>, good: &str, from: &str, to: &str) -> String {
    assert!(good.contains(from), "{from}");
    read(&good.replacen(from, to, 1)).expect_err(to)
}

fn lines(file: &BankFile) -> Vec<(String, String, String)> {
    let line = |l: &BankLine| (l.reference.clone(), l.day.to_string(), l.amount.to_string());
    file.lines.iter().map(line).collect()
}

#[test]
fn a_statement_reads_the_same_as_camt_and_as_a_table() {
    let (camt, table) = (camt(CAMT).unwrap(), table(TABLE).unwrap());
    for file in [&camt, &table] {
        assert_eq!((file.account.as_str(), file.asset.as_str()), ("DE89370400440532013000", "EUR"));
        assert_eq!((file.opening.to_string(), file.closing.to_string()), ("1000".into(), "1249.5".into()));
        let expected = [("R1", "500"), ("R2", "-250.5")];
        assert_eq!(lines(file), expected.map(|(name, a)| (name.into(), "2026-11-20".into(), a.into())));
    }
    assert_eq!((camt.name.as_str(), table.name.as_str()), ("S-2026-11-20", "S-1"));
    assert_eq!(camt.lines[0].text, "E2E for DEP-00000000002A thanks");
    assert_eq!(table.lines[0].text, "for DEP-00000000002A, thanks");
}

#[test]
fn a_file_whose_totals_do_not_come_out_is_refused() {
    let wrong = refused(camt, CAMT, "1249.50", "1249.51");
    assert_eq!(wrong, "opens with 1000, its lines bring it to 1249.5, and it closes with 1249.51");
    let sums = [("<Sum>750.50", "<Sum>750.51", "TtlNtries"), ("<Sum>500.00", "<Sum>5", "TtlCdtNtries")];
    for (from, to, of) in sums {
        assert!(refused(camt, CAMT, from, to).contains(&format!("its {of} says")), "{of}");
    }
    assert!(refused(camt, CAMT, "<NbOfNtries>2", "<NbOfNtries>3").contains("2 lines where"));
    let wrong = refused(table, TABLE, "1249.50", "1249.51");
    assert_eq!(wrong, "has a balance of 1249.51 after line R2, which comes to 1249.5");
}

#[test]
fn a_line_twice_of_nothing_of_another_currency_or_nameless_is_refused() {
    assert_eq!(refused(camt, CAMT, "<AcctSvcrRef>R2", "<AcctSvcrRef>R1"), "has line R1 twice");
    assert_eq!(refused(table, TABLE, ",R2,", ",R1,"), "has line R1 twice");
    let other = refused(camt, CAMT, "<Ntry><Amt Ccy=\"EUR\">250.50", "<Ntry><Amt Ccy=\"USD\">250.50");
    assert_eq!(other, "has line R2 in USD, not in the account's EUR");
    assert!(refused(camt, CAMT, "<Ccy>EUR", "<Ccy>USD").contains("different currencies"));
    let nameless = refused(camt, CAMT, "<AcctSvcrRef>R2</AcctSvcrRef>", "");
    assert_eq!(nameless, "has no line's reference (AcctSvcrRef or NtryRef)");
    assert!(refused(table, TABLE, ",R2,-250.50,1249.50", ",R2,0,1500.00").contains("of nothing"));
    assert!(
        refused(table, TABLE, "S-1,EUR,2026-11-20,R2", "S-2,EUR,2026-11-20,R2").starts_with("has rows of")
    );
    assert!(refused(camt, CAMT, "500.00</Amt>", "-500.00</Amt>").contains("for an amount"));
    assert!(
        refused(camt, CAMT, "500.00</Amt>", &format!("{}</Amt>", "9".repeat(40))).contains("for an amount")
    );
    for bad in ["5.", ".5", "1e3", ""] {
        assert!(refused(table, TABLE, ",500.00,", &format!(",{bad},")).contains("for an amount"), "{bad}");
    }
}

#[test]
fn files_that_are_none_are_refused() {
    let latin1 = b"account,statement,asset,date,reference,amount,balance,details\r\nM\xfcller";
    assert_eq!(read(BankFormat::Csv, latin1, 10).unwrap_err(), "is not UTF-8 from byte 64 on");
    let utf16: Vec<u8> = CAMT.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(read(BankFormat::Camt053, &utf16, 10).is_err());
    let bomb = r#"<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Document>&b;</Document>"#;
    assert!(camt(bomb).unwrap_err().starts_with("is no XML of ours"), "entities are not expanded");
    assert!(camt(&CAMT[..CAMT.len() - 40]).is_err());
    assert_eq!(refused(camt, CAMT, "camt.053.001", "camt.054.001"), "is no camt.053 document");
    let twice = CAMT.replace("</BkToCstmrStmt>", "<Stmt/></BkToCstmrStmt>");
    assert!(camt(&twice).unwrap_err().contains("several statements"));
    assert!(table("").unwrap_err().starts_with("must begin with"));
    assert_eq!(table(TABLE.lines().next().unwrap()).unwrap_err(), "has no rows");
    assert!(table(&TABLE.replace(",R2,", ",R2")).unwrap_err().starts_with("is no table"));
    assert!(read(BankFormat::Csv, TABLE.as_bytes(), 1).unwrap_err().contains("more than 1"));
    assert!(table(&format!("\u{feff}{TABLE}")).is_ok(), "as spreadsheets write it");
}

/// Nothing that a stranger's file says makes the reader fail otherwise than in words.
#[test]
fn files_cut_anywhere_are_answered_in_words() {
    for n in 0..CAMT.len() {
        let _ = read(BankFormat::Camt053, &CAMT.as_bytes()[..n], 10).unwrap_err();
    }
    for n in 0..TABLE.len() {
        let _ = read(BankFormat::Csv, &TABLE.as_bytes()[..n], 10);
    }
}
