//! The register of controls: what laws and codes ask, what the product does about it, and which checks show that it does
//! (AUD-7). `docs/compliance/sox.md` is the same for reading.

use assay_trading_types::ComplianceRule::{
    self, BooksBalance, ChainIntact, DutiesSegregated, HoldsHaveOwners, LimitsSet,
};

/// A control.
pub(crate) struct Control {
    /// Its id, for ever the same.
    pub(crate) id: &'static str,
    /// What it is.
    pub(crate) title: &'static str,
    /// What asks for it.
    pub(crate) frameworks: &'static [&'static str],
    /// What the product does.
    pub(crate) means: &'static str,
    /// Where an auditor sees it: paths of the API, reports, commands.
    pub(crate) evidence: &'static [&'static str],
    /// What is checked by itself.
    pub(crate) rules: &'static [ComplianceRule],
}

/// Every control.
pub(crate) const CONTROLS: &[Control] = &[
    Control {
        id: "certified-reports",
        title: "Officers certify reports",
        frameworks: &["SOX 302", "Companies Act 71 of 2008, s 29 and 30"],
        means: "A report of a span that is over is made again to the byte from the log; an officer who did not make it stands for it by name, while the books balance, with what they come to.",
        evidence: &["GET /report-runs", "POST /report-runs/{id}/certify", "assay report"],
        rules: &[BooksBalance],
    },
    Control {
        id: "internal-controls",
        title: "Internal controls are assessed",
        frameworks: &["SOX 404", "King IV, principle 15"],
        means: "Books, holds, duties, limits and the audit chain are checked every five minutes and daily; what is found is a violation that somebody must answer for.",
        evidence: &[
            "GET /compliance/controls",
            "GET /compliance/violations",
            "report limit-breaches",
            "report limit-changes",
        ],
        rules: &[BooksBalance, HoldsHaveOwners, DutiesSegregated, LimitsSet, ChainIntact],
    },
    Control {
        id: "material-events",
        title: "Material events are told at once",
        frameworks: &["SOX 409", "JSE Listings Requirements, section 3"],
        means: "Shortfalls, breakers, stops, emergency limits, failed jobs and violations are told with their time by mail, webhook and the live channel, and again until somebody looks after them.",
        evidence: &["GET /alerts", "GET /notifications"],
        rules: &[],
    },
    Control {
        id: "audit-trail",
        title: "Everything is recorded and nothing can be changed unseen",
        frameworks: &["SOX 802", "Companies Act 71 of 2008, s 24 and 28"],
        means: "Every record is durable before it counts, hash-chained per partition and sealed with signatures and forward-secure keys.",
        evidence: &[
            "GET /compliance/audit-trail",
            "GET /compliance/audit-trail/verify",
            "assay audit verify",
        ],
        rules: &[ChainIntact],
    },
    Control {
        id: "segregation-of-duties",
        title: "Nobody controls a whole financial process",
        frameworks: &["SOX 404", "King IV, principle 8"],
        means: "Changes of money, limits, rights, clients and loans take a maker and a checker; roles that control a whole process together are found.",
        evidence: &["GET /proposals", "GET /reports/access-review", "report admin-actions"],
        rules: &[DutiesSegregated],
    },
    Control {
        id: "retention",
        title: "Records are kept seven years and longer",
        frameworks: &["SOX 802", "Companies Act 71 of 2008, s 24"],
        means: "The log deletes nothing; the audit store's time to live is seven years at least and can only be lengthened.",
        evidence: &["docs/compliance/sox.md", "GET /compliance/cases"],
        rules: &[],
    },
    Control {
        id: "market-access",
        title: "Orders are checked before they reach a market",
        frameworks: &["SEC 15c3-5", "RTS 6", "King IV, principle 11"],
        means: "Every order passes limits, collars, breakers and switches whose changes take two persons.",
        evidence: &["docs/compliance/controls.md", "report exposure", "report limit-breaches"],
        rules: &[LimitsSet],
    },
];
