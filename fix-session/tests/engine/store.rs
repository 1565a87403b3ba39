//! a store that takes no messages.

use crate::desk::{Desk, order};
use fix_session::Close;

#[test]
fn x_03_a_store_that_refuses_ends_the_connection_without_a_word() {
    let mut desk = Desk::logged_on();
    desk.session.store_refused(&mut desk.heard);
    desk.says(&[]).closes(Close::Silent);
    desk.hear(&order(2)).says(&[]).expects(2);
    assert!(desk.heard.applied.is_empty());
}

#[test]
fn x_03_no_logon_is_taken_until_the_store_is_cleared() {
    let mut desk = Desk::logged_on();
    desk.session.store_refused(&mut desk.heard);
    desk.lose_connection().closes(Close::Silent);
    desk.hear("35=A|34=2|98=0|108=30|").says(&[]).expects(2);
    desk.session.store_cleared();
    desk.lose_connection().hear("35=A|34=2|98=0|108=30|").says(&["35=A|34=2|98=0|108=30|"]);
}
