//! Reference prices of sources, by what becomes of orders.

use crate::back_office::call;
use crate::client::Client;
use crate::instance::{Home, assay, run};
use crate::session_commands::wait;
use crate::wire::utc_now;
use std::io::Write;
use std::path::PathBuf;

/// NOREF takes its price from a file; three seconds are the longest that anything may be silent.
fn home() -> (Home, PathBuf) {
    let source = r#"
[[price_source]]
name = "vendor"
kind = "file"
path = "prices.csv"
stale_after_s = 3
"#;
    let terms = "symbol = \"NOREF\"\nprice_sources = [\"vendor\"]\nreference_max_age_s = 3";
    let home = Home::with(source).changed("symbol = \"NOREF\"", terms);
    let file = home.config().with_file_name("prices.csv");
    (home, file)
}

/// Says a price as of now.
fn say(file: &PathBuf, price: &str) {
    // YYYYMMDD-HH:MM:SS.sss as FIX has it.
    let now = utc_now();
    let (year, month, day, time) = (&now[..4], &now[4..6], &now[6..8], &now[9..]);
    let mut file = std::fs::OpenOptions::new().append(true).open(file).expect("it is there");
    writeln!(file, "{year}-{month}-{day}T{time}Z,NOREF,{price}").expect("it is writable");
}

#[test]
fn orders_are_held_to_the_price_of_a_file_and_refused_once_it_is_silent() {
    let (home, file) = home();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT3", server.address());
    let mut count = 0;
    // FIRM3 is collared at a tenth.
    let mut refusal = |price: &str| {
        count += 1;
        let body = client.order_body(&format!("P{count}"), &format!("54=1|38=1|40=2|44={price}|"));
        client.send("D", &body.replace("55=AAPL", "55=NOREF"));
        let report = client.expect("8");
        let text = report.get(58).unwrap_or_default().to_owned();
        text.split(':').next().unwrap_or_default().to_owned()
    };
    assert_eq!(refusal("50"), "NO_REF_PRICE", "the file is not there yet");
    std::fs::write(&file, "time,symbol,last\n").expect("it is writable");
    wait(|| {
        say(&file, "50");
        refusal("50").is_empty().then_some(())
    });
    wait(|| {
        say(&file, "50");
        (refusal("56") == "PRICE_COLLAR").then_some(())
    });
    wait(|| {
        say(&file, "60");
        refusal("56").is_empty().then_some(())
    });
    let reply = call(&server, "GET", "/metrics", "", None).expect(200);
    let metrics = &reply.body;
    assert!(metrics.contains("assay_price_source_quotes_total{source=\"vendor\"} "), "{metrics}");
    assert!(metrics.contains("assay_price_source_instruments{source=\"vendor\"} "), "{metrics}");
    wait(|| (refusal("56") == "NO_REF_PRICE").then_some(()));
    server.stop_after([client]);
    home.assert_sound();
    let data = home.data();
    let span = ["risk", "review", "--from", "2000-01-01T00:00:00Z", "--to", "2100-01-01T00:00:00Z"];
    let mut review = assay(&span);
    review.arg("--data-dir").arg(data);
    let review = run(review);
    review.assert_code(0);
    assert!(review.stdout.contains("vendor is silent"), "{}", review.stdout);
}

#[test]
fn our_own_trades_are_a_source() {
    let source = "\n[[price_source]]\nname = \"book\"\nkind = \"market\"\nstale_after_s = 3600\n";
    let terms = "reference_price = \"100.00\"\nreference_max_age_s = 3600\nprice_sources = [\"book\"]";
    let home = Home::with(source).changed("reference_price = \"100.00\"", terms);
    let server = home.start();
    let mut seller = Client::logged_on("CLIENT1", server.address());
    let mut buyer = Client::logged_on("CLIENT2", server.address());
    seller.order("SELL", "54=2|38=1|40=2|44=101|").assert_has("150=0");
    buyer.order("BUY", "54=1|38=1|40=2|44=101|").assert_has("150=0");
    seller.expect("8").assert_has("150=F");
    buyer.expect("8").assert_has("150=F");
    let data = home.data();
    let mut count = 0;
    wait(|| {
        count += 1;
        let id = format!("ASK{count}");
        buyer.order(&id, "54=1|38=1|40=2|44=1|").assert_has("150=0");
        let mut explain = assay(&["risk", "explain", &id]);
        explain.arg("--data-dir").arg(&data);
        run(explain).stdout.contains("reference price: 101").then_some(())
    });
    server.stop_after([seller, buyer]);
    home.assert_sound();
}
