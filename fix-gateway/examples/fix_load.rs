//! Sends orders to a FIX server and prints what came back how fast.

use clap::Parser;
use fix_gateway::client::{Client, Flow};
use std::net::SocketAddr;

/// One session, a window of orders in flight.
#[derive(Debug, Parser)]
struct Flags {
    /// The server.
    #[arg(long, default_value = "127.0.0.1:5001")]
    connect: SocketAddr,
    /// Our CompID.
    #[arg(long, default_value = "TW44")]
    comp_id: String,
    /// The server's CompID.
    #[arg(long, default_value = "ISLD")]
    peer: String,
    /// Orders to send.
    #[arg(long, default_value_t = 1_000_000)]
    orders: u64,
    /// Orders in flight.
    #[arg(long, default_value_t = 200)]
    window: u64,
    /// Terms of every order.
    #[arg(long, default_value = "1=FIRM1|38=100|40=2|44=100.00|54=1|55=AAPL")]
    terms: String,
}

fn main() -> std::io::Result<()> {
    let flags = Flags::parse();
    let mut client = Client::connect(flags.connect, &flags.comp_id, &flags.peer)?;
    client.logon(30, true)?;
    let flow = Flow {
        orders: flags.orders,
        window: flags.window,
        terms: flags.terms,
        id_prefix: format!("L{}-", std::process::id()),
    };
    let outcome = client.run(&flow)?;
    let rate = outcome.answered as f64 / outcome.took.as_secs_f64();
    println!("{} orders in {:.3} s: {rate:.0} orders/s", outcome.answered, outcome.took.as_secs_f64());
    println!("refused {}, fills {}", outcome.refused, outcome.fills);
    for quantile in [0.5, 0.99, 0.999, 1.0] {
        let us = outcome.latency_ns.value_at_quantile(quantile) as f64 / 1e3;
        println!("p{:<5} {us:.1} us", quantile * 100.0);
    }
    client.send("5", "")?;
    client.receive_type("5")?;
    Ok(())
}
