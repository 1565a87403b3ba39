//! kill -9 with orders in flight: numbers go on, every order is there once.

use crate::instance::Home;
use crate::keeper::{Keeper, ORDERS, REPORTS_OF_ORDER};

/// Reports that are read before the kill: some are on their way, some orders not even decided.
const READ_BEFORE_KILL: usize = 40;

#[test]
fn no_order_is_lost_or_doubled_over_two_kills() {
    let home = Home::new();
    let mut desks = [Keeper::new("CLIENT1", "1"), Keeper::new("CLIENT2", "2")];
    for life in 0..2 {
        let server = home.start();
        for desk in &mut desks {
            desk.come_back(server.address());
            desk.send_orders(life);
        }
        for desk in &mut desks {
            while desk.reports.len() < life * ORDERS * REPORTS_OF_ORDER + READ_BEFORE_KILL {
                desk.take_one();
            }
        }
        server.kill_9();
    }
    let server = home.start();
    for desk in &mut desks {
        desk.come_back(server.address());
    }
    for desk in &mut desks {
        while desk.reports.len() < 2 * ORDERS * REPORTS_OF_ORDER {
            desk.take_one();
        }
        desk.agree();
        desk.assert_each_order_once();
    }
    server.stop();
    home.assert_sound();
    for desk in &desks {
        desk.assert_log_agrees(&home);
    }
}
