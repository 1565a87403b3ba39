//! The state matrices of the rules of engagement (section 6), row by row: what goes in, and 150/39, 38, 14, 151, 6 of what
//! comes out. Rows that need a market that takes its time are tested where reports are written.

use crate::desk::Desk;
use crate::wire::utc_now;

const LIMIT: &str = "38=100|40=2|44=10|";

#[test]
fn m_01_fill() {
    let mut desk = Desk::open();
    desk.buys("a", "38=100|40=2|44=10.1|").told("a 0/0 100 0 100 0");
    desk.sold("s", 30, "10").told("a F/1 100 30 70 10.1").assert_has("32=30|31=10.1|851=1");
    desk.close();
}

#[test]
fn m_01_fill_at_two_prices_has_the_average() {
    let mut desk = Desk::open();
    desk.sold("s1", 30, "10").sold("s2", 70, "10.1");
    desk.buys("a", "38=100|40=2|44=10.1|").told("a 0/0 100 0 100 0");
    desk.told("a F/1 100 30 70 10").assert_has("32=30|31=10");
    desk.told("a F/2 100 100 0 10.07").assert_has("32=70|31=10.1");
    desk.close();
}

#[test]
fn m_02_rejected() {
    let mut desk = Desk::open();
    desk.buys("a", "38=100001|40=2|44=10|");
    let refused = desk.told("a 8/8 100001 0 0 0");
    refused.assert_has("37=NONE|103=3");
    assert!(refused.value(58).starts_with("LIMIT_QTY: "), "{refused:?}");
    desk.close();
}

#[test]
fn m_03_duplicate_id() {
    let mut desk = Desk::open();
    desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    desk.buys("a", LIMIT).told("a 8/8 100 0 0 0").assert_has("37=NONE|103=6");
    desk.client.send("H", "11=a|55=AAPL|54=1|");
    desk.told("a I/0 100 0 100 0");
    desk.close();
}

#[test]
fn m_04_cancel() {
    let mut desk = Desk::open();
    desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    desk.asks("F", "b", "a", "").told("b,a 4/4 100 0 0 0");
    desk.close();
}

#[test]
fn m_05_cancel_part_filled() {
    let mut desk = Desk::open();
    desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    desk.sold("s", 30, "10").told("a F/1 100 30 70 10");
    desk.asks("F", "b", "a", "").told("b,a 4/4 100 30 0 10");
    desk.close();
}

#[test]
fn m_08_too_late() {
    let mut desk = Desk::open();
    desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    desk.sold("s", 100, "10").told("a F/2 100 100 0 10");
    desk.asks("F", "b", "a", "").refused("b,a 2 1 0");
    desk.buys("c", LIMIT).told("c 0/0 100 0 100 0");
    desk.asks("F", "d", "c", "").told("d,c 4/4 100 0 0 0");
    let late = desk.asks("F", "e", "c", "").refused("e,c 4 1 0");
    assert!(late.value(58).starts_with("TOO_LATE"), "{late:?}");
    desk.close();
}

#[test]
fn m_09_unknown_order() {
    let mut desk = Desk::open();
    let unknown = desk.asks("F", "b", "zz", "").refused("b,zz 8 1 1");
    unknown.assert_has("37=NONE");
    assert!(unknown.value(58).starts_with("UNKNOWN_ORDER"), "{unknown:?}");
    desk.close();
}

#[test]
fn m_12_replace_price_nothing_filled() {
    let mut desk = Desk::open();
    desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    desk.asks("G", "b", "a", "38=100|40=2|44=11|").told("b,a 5/0 100 0 100 0").assert_has("44=11");
    desk.close();
}

#[test]
fn m_11_replace_up_when_it_is_immediate() {
    let mut desk = Desk::open();
    desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    desk.sold("s", 40, "10").told("a F/1 100 40 60 10");
    desk.asks("G", "b", "a", "38=150|40=2|44=10|").told("b,a 5/1 150 40 110 10");
    desk.sold("t", 110, "10").told("b F/2 150 150 0 10");
    desk.close();
}

#[test]
fn m_13_replace_down_to_or_below_cum_qty() {
    let mut desk = Desk::open();
    desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    desk.sold("s", 70, "10").told("a F/1 100 70 30 10");
    let reduced = desk.asks("G", "b", "a", "38=60|40=2|44=10|").told("b,a 5/2 70 70 0 10");
    assert!(reduced.value(58).starts_with("QTY_REDUCED"), "{reduced:?}");
    desk.close();
}

#[test]
fn m_16_replace_of_a_closed_order() {
    let mut desk = Desk::open();
    desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    desk.sold("s", 100, "10").told("a F/2 100 100 0 10");
    desk.asks("G", "b", "a", "38=150|40=2|44=10|").refused("b,a 2 2 0");
    desk.buys("c", LIMIT).told("c 0/0 100 0 100 0");
    desk.asks("F", "d", "c", "").told("d,c 4/4 100 0 0 0");
    desk.asks("G", "e", "c", "38=150|40=2|44=10|").refused("e,c 4 2 0");
    desk.close();
}

#[test]
fn m_17_chain() {
    let mut desk = Desk::open();
    desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    desk.asks("G", "b", "a", "38=90|40=2|44=10|").told("b,a 5/0 90 0 90 0");
    desk.asks("G", "c", "b", "38=80|40=2|44=10|").told("c,b 5/0 80 0 80 0");
    let stale = desk.asks("F", "d", "a", "").refused("d,a 0 1 1");
    assert!(stale.value(58).starts_with("NOT_CURRENT"), "{stale:?}");
    desk.asks("F", "e", "c", "").told("e,c 4/4 80 0 0 0");
    desk.close();
}

#[test]
fn m_19_ioc_part() {
    let mut desk = Desk::open();
    desk.sold("s", 60, "10");
    desk.buys("a", "38=100|40=2|44=10|59=3|").told("a 0/0 100 0 100 0");
    desk.told("a F/1 100 60 40 10");
    let rest = desk.told("a 4/4 100 60 0 10");
    assert!(rest.value(58).starts_with("IOC_REMAINDER"), "{rest:?}");
    desk.close();
}

#[test]
fn m_20_ioc_or_fok_without_fill() {
    let mut desk = Desk::open();
    for (id, tif, code) in [("a", 3, "IOC_REMAINDER"), ("b", 4, "FOK_UNFILLED")] {
        desk.buys(id, &format!("38=100|40=2|44=10|59={tif}|")).told(&format!("{id} 0/0 100 0 100 0"));
        let rest = desk.told(&format!("{id} 4/4 100 0 0 0"));
        assert!(rest.value(58).starts_with(code), "{rest:?}");
    }
    desk.close();
}

#[test]
fn m_21_fok_filled() {
    let mut desk = Desk::open();
    desk.sold("s1", 60, "10").sold("s2", 40, "10");
    desk.buys("a", "38=100|40=2|44=10|59=4|").told("a 0/0 100 0 100 0");
    desk.told("a F/1 100 60 40 10");
    desk.told("a F/2 100 100 0 10");
    desk.close();
}

#[test]
fn m_30_status() {
    let mut desk = Desk::open();
    desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    desk.sold("s", 30, "10").told("a F/1 100 30 70 10");
    for _ in 0..2 {
        desk.client.send("H", "11=a|55=AAPL|54=1|");
        desk.told("a I/1 100 30 70 10").assert_has("17=0|31=|32=");
    }
    desk.close();
}

#[test]
fn a_16_later_fills_carry_the_orders_own_id_after_a_refused_cancel() {
    let mut desk = Desk::open();
    desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    desk.asks("F", "b", "zz", "").refused("b,zz 8 1 1");
    desk.sold("s", 30, "10").told("a F/1 100 30 70 10");
    desk.asks("F", "b", "a", "").refused("b,a 1 1 6");
    desk.close();
}

#[test]
fn a_18_what_a_replace_may_not_change() {
    let mut desk = Desk::open();
    desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    let terms = "38=100|40=2|44=11|";
    desk.client.send("G", &format!("11=b|41=a|55=AAPL|54=2|60={}|{terms}", utc_now()));
    let other_side = desk.refused("b,a 0 2 99");
    assert!(other_side.value(58).starts_with("TERMS_MISMATCH"), "{other_side:?}");
    desk.client.send("G", &format!("11=c|41=a|55=NOREF|54=1|60={}|{terms}", utc_now()));
    desk.refused("c,a 0 2 99");
    let to_fok = desk.asks("G", "d", "a", &format!("{terms}59=4|")).refused("d,a 0 2 99");
    assert!(to_fok.value(58).starts_with("NOT_AMENDABLE"), "{to_fok:?}");
    desk.close();
}

#[test]
fn a_15_an_order_id_that_names_another_order_is_a_mismatch() {
    let mut desk = Desk::open();
    let first = desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    desk.buys("b", LIMIT).told("b 0/0 100 0 100 0");
    let mismatch = desk.asks("F", "c", "b", &format!("37={}|", first.value(37))).refused("c,b 0 1 1");
    assert!(mismatch.value(58).starts_with("ID_MISMATCH"), "{mismatch:?}");
    desk.close();
}

#[test]
fn a_status_request_is_about_the_order_of_its_order_id_whatever_its_cl_ord_id() {
    let mut desk = Desk::open();
    let first = desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    desk.buys("b", "38=70|40=2|44=9|").told("b 0/0 70 0 70 0");
    for id in ["b", "nobody"] {
        desk.client.send("H", &format!("11={id}|37={}|55=AAPL|54=1|", first.value(37)));
        desk.told("a I/0 100 0 100 0").assert_has(&format!("37={}", first.value(37)));
    }
    for order_id in ["O00000000000FFFFF", "NONE"] {
        desk.client.send("H", &format!("11=b|37={order_id}|55=AAPL|54=1|"));
        let unknown = desk.told("b I/8");
        unknown.assert_has("37=NONE|103=5");
        assert!(unknown.value(58).starts_with("UNKNOWN_ORDER"), "{unknown:?}");
    }
    desk.close();
}

#[test]
fn a_19_a_replace_that_changes_nothing_is_accepted() {
    let mut desk = Desk::open();
    desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    desk.asks("G", "b", "a", LIMIT).told("b,a 5/0 100 0 100 0");
    desk.close();
}

#[test]
fn stale_modify_586_must_be_the_time_of_the_orders_last_report() {
    let mut desk = Desk::open();
    let new = desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    let fill = desk.sold("s", 30, "10").told("a F/1 100 30 70 10");
    let with = |time: &str| format!("38=90|40=2|44=10|586={time}|");
    let stale = desk.asks("G", "b", "a", &with("20200101-00:00:00.000")).refused("b,a 1 2 5");
    assert!(stale.value(58).starts_with("STALE_MODIFY"), "{stale:?}");
    if new.value(60) != fill.value(60) {
        desk.asks("G", "c", "a", &with(new.value(60))).refused("c,a 1 2 5");
    }
    desk.asks("G", "d", "a", &with(fill.value(60))).told("d,a 5/1 90 30 60 10");
    desk.close();
}
