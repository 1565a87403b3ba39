//! See `assay_fuzz::session`.
#![no_main]

libfuzzer_sys::fuzz_target!(|story: assay_fuzz::Story| {
    assay_fuzz::session(&story);
});
