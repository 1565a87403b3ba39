//! `assay demo`: a trading morning in under a minute, on real sockets, with two crashes in it.
//!
//! Five firms trade four symbols through `assay up`, a process of its own. On the way one counterparty crashes and
//! comes back, and the server is killed with SIGKILL and started again. At the end the books, the audit chain and
//! both sides' scores must agree, or the demonstration fails.

pub(crate) mod desk;
pub(crate) mod flow;
mod player;
mod progress;
pub(crate) mod server;
mod summary;

use crate::books::Books;
use crate::cli::DemoArgs;
use crate::command::Outcome;
use crate::node::DataDir;
use assay_trading_types::Symbol;
use desk::Trader;
use player::{Player, Stage};
use server::Server;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Counterparties: CompID, firm, first letter of ClOrdIDs.
const FIRMS: [(&str, &str, char); 5] = [
    ("ALPHA1", "ALPHA", 'A'),
    ("BRAVO1", "BRAVO", 'B'),
    ("CHARLIE1", "CHARLIE", 'C'),
    ("DELTA1", "DELTA", 'D'),
    ("ECHO1", "ECHO", 'E'),
];

/// Instruments and opening prices in cents.
const SYMBOLS: [(&str, i64); 4] = [("AAPL", 22_150), ("MSFT", 41_530), ("NVDA", 12_870), ("TSLA", 24_405)];

/// The counterparty that crashes, once this share of the morning is answered.
const CLIENT_CRASH: (usize, f64) = (2, 0.3);

/// The server is killed once this share of the morning is answered.
const SERVER_CRASH: f64 = 0.6;

/// A morning that is not over by then has failed.
const MORNING_MAX: Duration = Duration::from_secs(180);

/// How often progress is printed.
const PROGRESS_EVERY: Duration = Duration::from_millis(1000);

pub(crate) fn run(args: &DemoArgs) -> Outcome {
    let temporary;
    let root = match &args.keep {
        Some(dir) => {
            std::fs::create_dir_all(dir)?;
            dir.as_path()
        }
        None => {
            temporary = tempfile::tempdir()?;
            temporary.path()
        }
    };
    let good = morning(args, root)?;
    if let Some(dir) = &args.keep {
        println!("kept in {}", dir.display());
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[allow(clippy::disallowed_methods)] // a driver: it measures itself
fn morning(args: &DemoArgs, root: &Path) -> Result<bool, Box<dyn std::error::Error>> {
    let (config, data) = (root.join("assay.toml"), root.join("data"));
    std::fs::write(&config, configuration())?;
    println!("starting assay with {} firms and {} instruments", FIRMS.len(), SYMBOLS.len());
    let mut server = Server::start(&config, &data)?;
    println!("serving FIX 4.4 on {}, metrics on http://{}/metrics", server.fix, server.admin);

    let stage = Arc::new(Stage::new(server.fix, FIRMS.len()));
    let players = start_players(args, &stage)?;
    let began = Instant::now();
    let mut progress = progress::Progress::new(args.orders);
    let mut pending_crash = true;
    let mut recovery = None;
    while players.iter().any(|p| !p.is_finished()) {
        if began.elapsed() > MORNING_MAX {
            stage.abandon();
            return Err(format!("the morning is not over after {} s", MORNING_MAX.as_secs()).into());
        }
        std::thread::sleep(PROGRESS_EVERY / 20);
        let share = stage.answered() as f64 / args.orders as f64;
        if pending_crash && share >= CLIENT_CRASH.1 {
            pending_crash = false;
            println!("  -- {} crashes: its connection drops with orders in flight", FIRMS[CLIENT_CRASH.0].0);
            stage.crash_client(CLIENT_CRASH.0);
        }
        if recovery.is_none() && share >= SERVER_CRASH {
            println!("  -- kill -9 of the server, process {}", server.pid());
            let killed = Instant::now();
            server.kill()?;
            server = Server::start(&config, &data)?;
            recovery = Some(killed.elapsed());
            println!("  -- serving again after {:.0?}: {}", killed.elapsed(), server.said.join("; "));
            stage.move_to(server.fix);
        }
        progress.print_if_due(PROGRESS_EVERY, &stage, &server);
    }
    let took = began.elapsed();
    let traders: Vec<Trader> = players.into_iter().map(Player::join).collect::<Result<_, _>>()?;
    println!("the morning took {took:.1?}; stopping the server");
    if !server.stop()? {
        return Err("the server did not stop cleanly".into());
    }
    let data = DataDir::new(&data);
    let books = Books::replay(&data.log())?;
    let audit = crate::command::audit::verify_dir(&data, None)?;
    Ok(summary::print(&traders, &books, &audit, took, recovery))
}

fn start_players(args: &DemoArgs, stage: &Arc<Stage>) -> std::io::Result<Vec<Player>> {
    let symbols: Vec<(Symbol, i64)> =
        SYMBOLS.iter().filter_map(|(name, cents)| Some((Symbol::new(name).ok()?, *cents))).collect();
    let each = args.orders / FIRMS.len() as u64;
    FIRMS
        .iter()
        .enumerate()
        .map(|(i, (comp_id, _, letter))| {
            let flow =
                flow::Flow::new(args.seed.wrapping_mul(31).wrapping_add(i as u64), *letter, symbols.clone());
            let quota = if i == 0 { args.orders - each * (FIRMS.len() as u64 - 1) } else { each };
            Player::start(i, comp_id, FIRMS[i].1, Trader::new(flow), quota, Arc::clone(stage))
        })
        .collect()
}

/// The demonstration's configuration: ports are chosen by the system.
fn configuration() -> String {
    let mut text =
        "[gateway]\nlisten = \"127.0.0.1:0\"\ncomp_id = \"ASSAY\"\n[admin]\nlisten = \"127.0.0.1:0\"\n"
            .to_owned();
    for (comp_id, firm, _) in FIRMS {
        text += &format!(
            "[[session]]\ncomp_id = \"{comp_id}\"\nfirm = \"{firm}\"\nthrottle = {{ per_s = 1000000 }}\n"
        );
    }
    for (_, firm, _) in FIRMS {
        let positions: Vec<String> = SYMBOLS.iter().map(|(s, _)| format!("{s} = \"10000000\"")).collect();
        text += &format!(
            "[[firm]]\nid = \"{firm}\"\ncash = {{ USD = \"10000000000\" }}\npositions = {{ {} }}\n\
             limits = {{ order_qty = 100000, order_notional = \"50000000\", gross_notional = \"100000000000\", price_collar_bp = 2000 }}\n\
             commission = {{ per_share = \"0.001\", minimum = \"0.01\" }}\n",
            positions.join(", ")
        );
    }
    for (symbol, cents) in SYMBOLS {
        text += &format!(
            "[[instrument]]\nsymbol = \"{symbol}\"\ncurrency = \"USD\"\ntick_size = \"0.01\"\nlot_size = 1\nreference_price = \"{}.{:02}\"\n",
            cents / 100,
            cents % 100
        );
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_demonstrations_configuration_is_valid() {
        let overrides = crate::config::Overrides::default();
        let config =
            crate::config::Config::parse("demo".as_ref(), &super::configuration(), &overrides).unwrap();
        assert_eq!(config.sessions.len(), 5);
    }
}
