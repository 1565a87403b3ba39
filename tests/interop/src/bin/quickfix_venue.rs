//! QuickFIX C++ as an acceptor `VENUE` for our `ASSAY`: `quickfix_venue PORT DIR [silent|broker]`, until standard input ends.

use assay_interop::{serve_quickfix, serve_quickfix_broker};
use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, port, dir, mode @ ..] = arguments.as_slice() else {
        panic!("quickfix_venue PORT DIR [silent|broker]")
    };
    let (dir, port) = (Path::new(dir), port.parse().expect("a port"));
    match mode.first().map(String::as_str) {
        Some("broker") => serve_quickfix_broker(dir, port),
        mode => serve_quickfix(dir, port, mode == Some("silent")),
    }
}
