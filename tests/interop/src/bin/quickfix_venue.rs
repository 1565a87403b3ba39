//! QuickFIX C++ as an acceptor `VENUE` for our `ASSAY`: `quickfix_venue PORT DIR [silent]`, until standard input ends.

use assay_interop::serve_quickfix;
use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, port, dir, flags @ ..] = arguments.as_slice() else { panic!("quickfix_venue PORT DIR [silent]") };
    serve_quickfix(Path::new(dir), port.parse().expect("a port"), flags.iter().any(|flag| flag == "silent"))
}
