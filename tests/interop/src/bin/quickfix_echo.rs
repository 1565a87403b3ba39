//! QuickFIX C++ as an acceptor for measurements: `quickfix_echo DIR SESSIONS` answers each order of CLIENT1, CLIENT2 ... by an 8,
//! numbers and messages in its file store, until it is killed.

use assay_interop::serve_quickfix_echo;
use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, dir, sessions] = arguments.as_slice() else { panic!("quickfix_echo DIR SESSIONS") };
    serve_quickfix_echo(Path::new(dir), sessions.parse().expect("a number of sessions"))
}
