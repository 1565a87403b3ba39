//! Orders of every kind the rules of engagement serve (section 4.1), with real fills: what their terms do, and that the
//! reports repeat them.

use crate::desk::Desk;
use crate::instance::Home;
use crate::wire::{Message, hours_of_utc, utc_in};

/// Text(58) begins with this code.
#[track_caller]
fn assert_code(report: &Message, code: &str) {
    assert_eq!(report.value(58).split(':').next(), Some(code), "{report:?}");
}

#[test]
fn m_24_stop() {
    let mut desk = Desk::open();
    desk.bid("b1", 100, "8.9").bid("b2", 1, "9");
    desk.sells("a", "38=100|40=3|99=9|");
    desk.told("a 0/0 100 0 100 0").assert_has("40=3|99=9|636=N");
    desk.client.send("H", "11=a|55=AAPL|54=2|");
    desk.told("a I/0 100 0 100 0").assert_has("17=0|99=9|636=N");
    desk.sold("s", 1, "9");
    let triggered = desk.told("a D/0 100 0 100 0");
    triggered.assert_has("40=3|636=Y|378=99");
    assert_code(&triggered, "STOP_TRIGGERED");
    desk.told("a F/2 100 100 0 8.9").assert_has("32=100|31=8.9|636=Y|851=2");
    desk.close();
}

#[test]
fn m_24_a_stop_limit_rests_as_a_limit_once_it_is_triggered() {
    let mut desk = Desk::open();
    desk.buys("a", "38=100|40=4|99=11|44=11.5|59=1|");
    desk.told("a 0/0 100 0 100 0").assert_has("40=4|99=11|44=11.5|59=1|636=N");
    desk.bid("b", 1, "11").sold("s1", 1, "11");
    assert_code(&desk.told("a D/0 100 0 100 0"), "STOP_TRIGGERED");
    desk.sold("s2", 100, "11.5").told("a F/2 100 100 0 11.5").assert_has("851=1|636=Y");
    desk.close();
}

#[test]
fn m_24_a_take_profit_waits_for_the_better_price() {
    let mut desk = Desk::open();
    desk.sells("a", "38=100|40=J|99=110|");
    desk.told("a 0/0 100 0 100 0").assert_has("40=J|99=110|44=|636=N");
    desk.bid("b1", 1, "105").sold("s1", 1, "105");
    desk.client.assert_alive();
    desk.bid("b2", 100, "109").bid("b3", 1, "110").sold("s2", 1, "110");
    let triggered = desk.told("a D/0 100 0 100 0");
    triggered.assert_has("40=J|636=Y|378=99");
    assert_code(&triggered, "STOP_TRIGGERED");
    desk.told("a F/2 100 100 0 109").assert_has("32=100|31=109|636=Y|851=2");
    desk.close();
}

#[test]
fn a_stop_that_waits_can_be_amended_and_cancelled() {
    let mut desk = Desk::open();
    desk.buys("a", "38=100|40=3|99=11|").told("a 0/0 100 0 100 0");
    desk.asks("G", "b", "a", "38=80|40=3|99=12|").told("b,a 5/0 80 0 80 0").assert_has("99=12|636=N");
    desk.asks("F", "c", "b", "").told("c,b 4/4 80 0 0 0");
    desk.close();
}

#[test]
fn an_iceberg_refills_behind_the_others() {
    let mut desk = Desk::open();
    desk.buys("a", "38=100|40=2|44=10|111=30|").told("a 0/0 100 0 100 0").assert_has("111=30");
    desk.buys("b", "38=50|40=2|44=10|").told("b 0/0 50 0 50 0");
    desk.sold("s1", 30, "10").told("a F/1 100 30 70 10").assert_has("111=30|32=30");
    desk.sold("s2", 50, "10").told("b F/2 50 50 0 10");
    desk.sold("s3", 30, "10").told("a F/1 100 60 40 10");
    desk.sold("s4", 40, "10").told("a F/1 100 90 10 10").assert_has("32=30");
    desk.told("a F/2 100 100 0 10").assert_has("32=10");
    desk.close();
}

#[test]
fn m_22_a_gtd_order_expires_at_its_time() {
    let mut desk = Desk::open();
    // On a machine that stands still meanwhile the time is past on arrival: then a longer one.
    for (n, seconds) in [3, 6, 12, 24, 48].into_iter().enumerate() {
        let (id, end) = (format!("a{n}"), utc_in(seconds));
        desk.buys(&id, &format!("38=100|40=2|44=10|59=6|126={end}|"));
        let first = desk.client.expect("8");
        first.assert_has(&format!("59=6|126={end}|11={id}"));
        if first.value(150) == "8" {
            assert_code(&first, "EXPIRE_PAST");
            continue;
        }
        first.assert_has("150=0|39=0");
        desk.told(&format!("{id} C/C 100 0 0 0")).assert_has(&format!("59=6|126={end}"));
        return desk.close();
    }
    panic!("a minute is past on arrival");
}

#[test]
fn a_gtd_order_keeps_its_date_through_a_replace_that_omits_it() {
    let mut desk = Desk::open();
    desk.buys("a", "38=100|40=2|44=10|59=6|432=20991231|");
    desk.told("a 0/0 100 0 100 0").assert_has("59=6|432=20991231|126=");
    desk.asks("G", "b", "a", "38=90|40=2|44=10|").told("b,a 5/0 90 0 90 0").assert_has("59=6|432=20991231");
    desk.asks("G", "c", "b", "38=90|40=2|44=10|59=6|432=20991230|");
    desk.told("c,b 5/0 90 0 90 0").assert_has("432=20991230");
    desk.asks("G", "d", "c", "38=90|40=2|44=10|59=1|").told("d,c 5/0 90 0 90 0").assert_has("59=1|432=");
    desk.close();
}

#[test]
fn post_only_rests_and_never_takes() {
    let mut desk = Desk::open();
    desk.sold("s", 10, "10");
    desk.buys("a", "38=100|40=2|44=10|18=6|").told("a 0/0 100 0 100 0").assert_has("18=6");
    assert_code(&desk.told("a 4/4 100 0 0 0"), "POST_ONLY");
    desk.buys("b", "38=100|40=2|44=9.99|18=6|").told("b 0/0 100 0 100 0").assert_has("18=6");
    desk.sold("t", 100, "9.99").told("b F/2 100 100 0 9.99").assert_has("851=1");
    desk.close();
}

#[test]
fn min_qty_is_filled_at_once_or_nothing_is() {
    let mut desk = Desk::open();
    desk.sold("s", 30, "10");
    desk.buys("a", "38=100|40=2|44=10|59=3|110=31|").told("a 0/0 100 0 100 0").assert_has("110=31");
    assert_code(&desk.told("a 4/4 100 0 0 0"), "IOC_REMAINDER");
    desk.buys("b", "38=100|40=2|44=10|59=3|110=30|").told("b 0/0 100 0 100 0");
    desk.told("b F/1 100 30 70 10").assert_has("110=30");
    assert_code(&desk.told("b 4/4 100 30 0 10"), "IOC_REMAINDER");
    desk.close();
}

#[test]
fn all_or_none_waits_until_it_can_be_filled_whole() {
    let mut desk = Desk::open();
    desk.buys("a", "38=100|40=2|44=10|18=G|59=1|").told("a 0/0 100 0 100 0").assert_has("18=G");
    desk.sold("s1", 60, "10");
    desk.client.send("H", "11=a|55=AAPL|54=1|");
    desk.told("a I/0 100 0 100 0");
    desk.sold("s2", 40, "10").told("a F/1 100 60 40 10");
    desk.told("a F/2 100 100 0 10").assert_has("18=G");
    desk.close();
}

/// A calendar in a zone where it is about noon now, and an instrument of it.
fn market_hours(schedule: &str) -> String {
    let behind = hours_of_utc() - 12;
    let zone = if behind < 0 { format!("Etc/GMT{behind}") } else { format!("Etc/GMT+{behind}") };
    format!(
        "\n[[calendar]]\nname = \"HERE\"\nzone = \"{zone}\"\nschedule = {{ {schedule} }}\n\
         days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]\n\
         [[instrument]]\nsymbol = \"HOURS\"\ncurrency = \"USD\"\ntick_size = \"0.01\"\nreference_price = \"100\"\n\
         calendar = \"HERE\"\n"
    )
}

#[test]
fn orders_for_the_auctions_wait_for_them_and_what_must_trade_at_once_is_refused() {
    let mut desk =
        Desk::at(Home::with(&market_hours(r#"pre_open = "04:00", open = "20:00", close = "23:00""#)));
    let limit = "55=HOURS|38=100|40=2|44=10|";
    for (id, tif) in [("a", "2"), ("b", "7"), ("c", "0")] {
        desk.buys_of(id, &format!("{limit}59={tif}|"));
        desk.told(&format!("{id} 0/0 100 0 100 0")).assert_has(&format!("59={tif}"));
    }
    for (id, tif) in [("d", "3"), ("e", "4")] {
        desk.buys_of(id, &format!("{limit}59={tif}|"));
        let refused = desk.told(&format!("{id} 8/8 100 0 0 0"));
        refused.assert_has("37=NONE|103=2");
        assert_code(&refused, "MARKET_CLOSED");
    }
    desk.close();
}

#[test]
fn a_closed_market_refuses_orders() {
    let mut desk = Desk::at(Home::with(&market_hours(r#"open = "20:00", close = "23:00""#)));
    desk.buys_of("a", "55=HOURS|38=100|40=2|44=10|");
    let refused = desk.told("a 8/8 100 0 0 0");
    refused.assert_has("37=NONE|103=2|378=");
    assert_code(&refused, "MARKET_CLOSED");
    desk.close();
}
