//! `assay sim`: the whole pipeline in one thread on a memory log, by seed.

use super::Outcome;
use crate::cli::SimArgs;
use std::process::ExitCode;

pub(crate) fn run(args: &SimArgs) -> Outcome {
    for seed in args.seed..args.seed.saturating_add(args.count) {
        println!("{}", assay_simulation::run(seed));
    }
    Ok(ExitCode::SUCCESS)
}
