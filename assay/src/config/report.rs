//! `[[report]]`: reports that the node makes by itself.

use assay_admin_api::{Every, ReportSchedule};
use assay_trading_types::FirmId;
use serde::Deserialize;

/// `[[report]]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Report {
    /// Names the schedule; its files begin with it.
    pub(crate) name: String,
    /// Which report, as `assay report list` names it.
    report: String,
    /// How often.
    every: Period,
    /// Its form.
    #[serde(default = "csv")]
    format: String,
    /// Of this firm only.
    #[serde(default)]
    firm: Option<FirmId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Period {
    Day,
    Week,
    Month,
    Quarter,
}

fn csv() -> String {
    "csv".to_owned()
}

impl Report {
    /// What the API is told.
    ///
    /// # Errors
    /// The key at fault, and why.
    pub(crate) fn schedule(&self) -> Result<ReportSchedule, (&'static str, String)> {
        let every = match self.every {
            Period::Day => Every::Day,
            Period::Week => Every::Week,
            Period::Month => Every::Month,
            Period::Quarter => Every::Quarter,
        };
        ReportSchedule::new(&self.name, &self.report, every, &self.format, self.firm)
    }
}
