//! Whole-pipeline simulation.
