//! What an auditor can ask, and that nothing can be changed without being seen.

use crate::client::Client;
use crate::instance::{Home, edit};
use crate::wire::utc_now;
use serde_json::Value;

/// One order, partly filled, then cancelled; returns its OrderID.
fn trade(home: &Home) -> String {
    let server = home.start();
    let mut buyer = Client::logged_on("CLIENT1", server.address());
    let mut seller = Client::logged_on("CLIENT2", server.address());
    let order_id = buyer.order("BUY-1", "54=1|38=100|40=2|44=10|").value(37).to_owned();
    seller.order("SELL-1", "54=2|38=30|40=2|44=10|").assert_has("150=0");
    seller.expect("8").assert_has("150=F");
    buyer.expect("8").assert_has("150=F");
    buyer.send("F", &format!("11=CXL-1|41=BUY-1|55=AAPL|54=1|60={}|", utc_now()));
    buyer.expect("8").assert_has("150=4");
    server.stop_after([buyer, seller]);
    order_id
}

fn rows(home: &Home, args: &[&str]) -> Vec<Value> {
    let answer = home.query(&[args, &["--format", "json"]].concat());
    answer.assert_code(0);
    answer.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn text<'a>(row: &'a Value, column: &str) -> &'a str {
    row[column].as_str().unwrap_or_default()
}

#[test]
fn the_trail_of_an_order_leads_from_message_in_to_message_out() {
    let home = Home::new();
    let order_id = trade(&home);
    for name in [order_id.as_str(), "BUY-1", "CXL-1"] {
        let rows = rows(&home, &["--order", name]);
        let positions: Vec<i64> =
            rows.iter().map(|row| row["position"].as_i64().expect("a number")).collect();
        assert!(positions.is_sorted_by(|a, b| a < b), "{positions:?}");
        let mut steps = rows.iter();
        for wanted in [
            ("fix.message.v1", "|35=D|"),
            ("order.requested.v1", ""),
            ("order.accepted.v1", ""),
            ("execution.reported.v1", ""),
            ("fix.message.v1", "|150=0|"),
            ("fix.message.v1", "|150=F|"),
            ("fix.message.v1", "|35=F|"),
            ("cancel.requested.v1", ""),
            ("fix.message.v1", "|150=4|"),
        ] {
            let (kind, part) = wanted;
            let found =
                steps.any(|row| text(row, "kind") == kind && row["payload"].to_string().contains(part));
            assert!(found, "{name}: no {kind} {part} in its turn of {rows:#?}");
        }
        assert!(rows.iter().any(|row| text(row, "topic") == "ledger"), "postings belong to the trail");
        assert!(
            !rows.iter().any(|row| text(row, "cl_ord_id") == "SELL-1"),
            "the other side is another's trail"
        );
    }
}

#[test]
fn a_session_a_firm_and_a_time_each_select_their_rows() {
    let home = Home::new();
    trade(&home);
    let session = rows(&home, &["--session", "CLIENT2/ASSAY"]);
    assert!(session.iter().any(|row| text(row, "cl_ord_id") == "SELL-1"));
    assert!(session.iter().all(|row| text(row, "session") == "CLIENT2/ASSAY"), "{session:#?}");
    let firm = rows(&home, &["--firm", "FIRM2"]);
    assert!(firm.len() >= session.len());
    assert!(firm.iter().all(|row| text(row, "cl_ord_id") != "BUY-1"), "{firm:#?}");

    let all = rows(&home, &["--from", "2020-01-01T00:00:00Z"]);
    let middle = text(&all[all.len() / 2], "time").to_owned();
    let early = rows(&home, &["--to", &middle]);
    let late = rows(&home, &["--from", &middle]);
    assert_eq!(early.len() + late.len(), all.len(), "an instant belongs to one side");
    assert!(!early.is_empty() && !late.is_empty());
    assert_eq!(rows(&home, &["--order", "BUY-1", "--to", "2020-01-01T00:00:00Z"]).len(), 0);
    assert_eq!(rows(&home, &["--order", "NOSUCH"]).len(), 0);
}

#[test]
fn the_three_formats_hold_the_same_rows() {
    let home = Home::new();
    trade(&home);
    let json = rows(&home, &["--order", "BUY-1"]);
    let csv = home.query(&["--order", "BUY-1", "--format", "csv"]);
    let mut lines = csv.assert_code(0).stdout.lines();
    let head = lines.next().expect("a header");
    assert!(
        head.starts_with("position,topic,partition,offset,time,kind,actor,firm,session,order_id,cl_ord_id,")
    );
    let table = home.query(&["--order", "BUY-1"]);
    let mut table_lines = table.assert_code(0).stdout.lines();
    let head: Vec<&str> = table_lines.next().expect("a header").split_whitespace().collect();
    assert_eq!(head, ["position", "time", "kind", "firm", "session", "order", "clordid", "what"]);
    for row in &json {
        let (position, kind) = (row["position"].to_string(), text(row, "kind"));
        let csv = lines.next().expect("as many rows");
        assert!(
            csv.starts_with(&format!("{position},{},", text(row, "topic"))) && csv.contains(kind),
            "{csv}"
        );
        assert!(csv.contains(text(row, "chain")), "{csv}");
        let cells: Vec<&str> = table_lines.next().expect("as many rows").split_whitespace().collect();
        assert_eq!((cells[0], cells[2]), (position.as_str(), kind));
    }
    assert_eq!((lines.next(), table_lines.next()), (None, None));
}

#[test]
fn a_limit_says_where_to_go_on() {
    let home = Home::new();
    trade(&home);
    let all = rows(&home, &["--order", "BUY-1"]);
    let first = home.query(&["--order", "BUY-1", "--format", "json", "--limit", "2"]);
    assert_eq!(first.assert_code(0).stdout.lines().count(), 2);
    let after =
        first.stderr.trim().strip_prefix("more rows follow: add --after ").expect("the way on").to_owned();
    let rest = rows(&home, &["--order", "BUY-1", "--after", &after]);
    assert_eq!(rest, all[2..]);
}

#[test]
fn a_question_that_cannot_be_answered_is_one_line() {
    let home = Home::new();
    trade(&home);
    for args in [
        &[][..],
        &["--order", "A", "--firm", "FIRM1"],
        &["--from", "yesterday"],
        &["--order", "A", "--limit", "0"],
        &["--from", "2026-01-02T00:00:00Z", "--to", "2026-01-01T00:00:00Z"],
    ] {
        home.query(args).assert_code(1).one_line();
    }
    let nowhere = Home::new();
    nowhere.query(&["--order", "A"]).assert_code(1).one_line();
    nowhere.verify().assert_code(1).one_line();
}

#[test]
fn a_changed_row_of_the_store_is_named() {
    let home = Home::new();
    trade(&home);
    home.assert_sound();
    let store = rusqlite::Connection::open(home.data().join("audit").join("audit.sqlite")).expect("a store");
    let sql = "SELECT max(position) FROM record WHERE kind = 'order.accepted.v1'";
    let position: i64 = store.query_row(sql, [], |row| row.get(0)).expect("an accepted order");
    for change in [
        "UPDATE record SET payload = CAST(replace(CAST(payload AS TEXT), 'SELL-1', 'SELL-2') AS BLOB) WHERE position = ?1",
        "UPDATE record SET chain = zeroblob(32) WHERE position = ?1",
        "UPDATE record SET at_ns = at_ns + 1 WHERE position = ?1",
        "UPDATE record SET firm = 'FIRM1' WHERE position = ?1",
        "DELETE FROM record WHERE position = ?1",
    ] {
        store
            .execute_batch("DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT * FROM record")
            .expect("a copy");
        assert_eq!(store.execute(change, [position]).expect("it is only a file"), 1, "{change}");
        let verified = home.verify();
        verified.assert_code(1);
        assert!(verified.stdout.contains(&format!("position {position}")), "{change}: {verified:?}");
        store
            .execute_batch("DELETE FROM record; INSERT INTO record SELECT * FROM kept; DROP TABLE kept")
            .expect("back");
        home.verify().assert_code(0);
    }
}

#[test]
fn a_changed_record_of_the_log_is_named_even_with_its_checksum_mended() {
    let home = Home::new();
    trade(&home);
    home.verify().assert_code(0);
    edit(&home.segment(), |bytes| {
        let place = find(bytes, b"SELL-1");
        bytes[place + 5] = b'9';
    });
    let torn = home.verify();
    let said = torn.assert_code(1).stdout.clone() + &torn.stderr;
    assert!(said.contains("00000000000000000000.log") && said.contains("position"), "{said}");

    let mut position = 0;
    edit(&home.segment(), |bytes| position = mend_checksum(bytes, b"SELL-9"));
    let forged = home.verify();
    forged.assert_code(1);
    let said = forged.stdout.clone() + &forged.stderr;
    assert!(said.contains(&format!("position {position}")), "{said}");
}

/// Gives the frame that holds `wanted` the CRC of its bytes (docs/wire/event-log.md) and returns its position.
fn mend_checksum(bytes: &mut [u8], wanted: &[u8]) -> u64 {
    let place = find(bytes, wanted);
    let salt = u32::from_le_bytes(bytes[20..24].try_into().expect("four bytes"));
    let start = bytes[..place].windows(4).rposition(|w| w == b"\xa5\x46\x52\x01").expect("a frame");
    let length = u32::from_le_bytes(bytes[start + 8..start + 12].try_into().expect("four bytes")) as usize;
    let crc = crc32c::crc32c_append(salt, &bytes[start + 8..start + length]);
    bytes[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
    u64::from_le_bytes(bytes[start + 16..start + 24].try_into().expect("eight bytes"))
}

/// Where `wanted` stands first.
fn find(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes.windows(wanted.len()).position(|window| window == wanted).expect("it is on file")
}
