//! Who trades what in a drill, and the server's configuration for it.

/// Counterparties: CompID, firm and account, first letter of ClOrdIDs.
pub(super) const TRADERS: [(&str, &str, char); 3] =
    [("ALPHA1", "ALPHA", 'A'), ("BRAVO1", "BRAVO", 'B'), ("CHARLIE1", "CHARLIE", 'C')];

/// The session that receives copies of what the first firm's sessions receive.
pub(super) const COPY: (&str, &str) = ("ALPHA2", "ALPHA");

/// Instruments and opening prices in cents.
pub(super) const SYMBOLS: [(&str, i64); 2] = [("AAPL", 22_150), ("MSFT", 41_530)];

/// Opening balance of each firm, in dollars.
pub(super) const CASH: i64 = 1_000_000_000_000;

/// Opening position of each firm in each instrument.
pub(super) const POSITION: i64 = 1_000_000_000;

/// Small segments and frequent snapshots, so that a kill meets them too; no limit that a drill could reach.
pub(super) fn configuration() -> String {
    let mut text = "[gateway]\nlisten = \"127.0.0.1:0\"\ncomp_id = \"ASSAY\"\n\
         before_logon = { failures = 1000000 }\n\
         [admin]\nlisten = \"127.0.0.1:0\"\n[log]\nsegment_mib = 16\nsnapshot_records = 3000\n"
        .to_owned();
    for (comp_id, firm, _) in TRADERS {
        text += &format!(
            "[[session]]\ncomp_id = \"{comp_id}\"\nfirm = \"{firm}\"\nthrottle = {{ per_s = 1000000 }}\n"
        );
    }
    let (comp_id, firm) = COPY;
    text += &format!("[[session]]\ncomp_id = \"{comp_id}\"\nfirm = \"{firm}\"\nkind = \"drop_copy\"\n");
    for (_, firm, _) in TRADERS {
        let positions: Vec<String> = SYMBOLS.iter().map(|(s, _)| format!("{s} = \"{POSITION}\"")).collect();
        text += &format!(
            "[[firm]]\nid = \"{firm}\"\ncash = {{ USD = \"{CASH}\" }}\npositions = {{ {} }}\n\
             limits = {{ order_qty = 100000, orders_per_s = 1000000, price_collar_bp = 5000 }}\n",
            positions.join(", ")
        );
    }
    for (symbol, cents) in SYMBOLS {
        text += &format!(
            "[[instrument]]\nsymbol = \"{symbol}\"\ncurrency = \"USD\"\ntick_size = \"0.01\"\nlot_size = 1\nreference_price = \"{}.{:02}\"\n",
            cents / 100,
            cents % 100
        );
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_drills_configuration_is_valid() {
        let overrides = crate::config::Overrides::default();
        let config =
            crate::config::Config::parse("drill".as_ref(), &super::configuration(), &overrides).unwrap();
        assert_eq!(config.sessions.len(), 4);
    }
}
