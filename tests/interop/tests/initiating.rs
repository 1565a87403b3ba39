//! Our engine as initiator against foreign acceptors: nothing is lost or doubled through gaps, resends, a reset and kill -9.

use assay_interop::{
    Entry, Journal, OurInitiator, QuickFixJ, QuickFixJVenue, QuickFixVenue, Venue, field, free_port,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const ORDERS: usize = 100;
/// Numbers that the venue leaves out.
const GAP: u64 = 5;

fn ids(part: usize) -> Vec<String> {
    (0..ORDERS).map(|i| format!("{part}-{i}")).collect()
}

fn enter(ours: &mut OurInitiator, ids: &[String]) {
    ids.iter().for_each(|id| ours.order(id));
    ours.wait_taken(ids);
}

fn a_day(venue: &mut dyn Venue, port: u16, dir: &Path) {
    let mut ours = OurInitiator::start(Path::new(env!("CARGO_BIN_EXE_initiator")), port, dir);
    venue.open(0);
    enter(&mut ours, &ids(1));
    ours.wait_answered(&ids(1), ORDERS);

    // Our side dies while answers are under way.
    enter(&mut ours, &ids(2));
    ours.wait_answered(&ids(2), ORDERS / 10);
    ours.kill_9();
    ours.restart(false);
    ours.wait_answered(&ids(2), ORDERS);

    // The venue closes; orders entered meanwhile reach it, and the numbers it leaves out are asked for.
    venue.close();
    ours.wait_down();
    enter(&mut ours, &ids(3));
    venue.open(GAP);
    ours.wait_answered(&ids(3), ORDERS);

    // Our side dies with orders that the venue may not have, and more are entered before it is back.
    venue.close();
    ours.wait_down();
    enter(&mut ours, &ids(4)[..ORDERS / 2]);
    ours.kill_9();
    ours.restart(false);
    enter(&mut ours, &ids(4)[ORDERS / 2..]);
    venue.open(0);
    ours.wait_answered(&ids(4), ORDERS);

    // Both begin at 1 again.
    ours.stop();
    ours.restart(true);
    ours.wait_up();
    enter(&mut ours, &ids(5));
    ours.wait_answered(&ids(5), ORDERS);
    ours.stop();
    venue.close();
    judge(&Journal::read(ours.journal()));
}

/// Every order was sent under one number and answered once; no number counted twice; the gap was asked for.
fn judge(entries: &[Entry]) {
    let mut epoch = 1;
    let mut numbers = BTreeSet::new();
    let mut answers: BTreeMap<String, u32> = BTreeMap::new();
    let mut sent: BTreeMap<String, u32> = BTreeMap::new();
    let mut asked = 0;
    for entry in entries {
        match entry {
            Entry::Reset { epoch: new } => epoch = *new,
            Entry::In { message, .. } => {
                let seq = field(message, 34).unwrap().to_owned();
                assert!(numbers.insert((epoch, seq)), "a number counted twice: {message}");
                if field(message, 35) == Some("8") {
                    *answers.entry(field(message, 17).unwrap().to_owned()).or_default() += 1;
                }
            }
            Entry::Waiting { .. } => {}
            Entry::Out { message, .. } => match field(message, 35) {
                Some("D") => *sent.entry(format!("E-{}", field(message, 11).unwrap())).or_default() += 1,
                Some("2") => asked += 1,
                _ => {}
            },
        }
    }
    assert!(epoch > 1, "the numbers were reset");
    assert!(asked > 0, "a gap was asked for");
    assert_eq!(sent.len(), 5 * ORDERS);
    assert_eq!(sent, answers, "each order was sent once and answered once");
}

#[test]
fn our_initiator_trades_through_quickfix_cpp() {
    let dir = tempfile::tempdir().unwrap();
    let port = free_port();
    let program = Path::new(env!("CARGO_BIN_EXE_quickfix_venue"));
    a_day(&mut QuickFixVenue::new(program, dir.path(), port), port, dir.path());
}

#[test]
fn our_initiator_trades_through_quickfix_j() {
    let program = match QuickFixJ::build(Path::new(env!("CARGO_TARGET_TMPDIR"))) {
        Ok(program) => program,
        Err(why) => return eprintln!("skipped: {why}"),
    };
    let dir = tempfile::tempdir().unwrap();
    let port = free_port();
    a_day(&mut QuickFixJVenue::new(&program, dir.path(), port), port, dir.path());
}
