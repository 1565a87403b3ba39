//! `assay sim`: the whole pipeline in one thread on a memory log, by seed.

use super::Outcome;
use crate::cli::SimArgs;
use std::process::ExitCode;

pub(crate) fn run(args: &SimArgs) -> Outcome {
    let mut good = true;
    for seed in args.seed..args.seed.saturating_add(args.count) {
        // The seed first: a broken assertion ends the process.
        println!("seed {seed}");
        let report = assay_simulation::run(seed);
        println!("{report}");
        good &= report.faults.is_empty();
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
