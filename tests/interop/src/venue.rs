//! The one answer that every venue of the tests gives.

/// The body of the ExecutionReport(8) New for an order, whose fields `of` gives.
pub fn report_of(of: impl Fn(u32) -> Option<String>) -> Vec<(u32, String)> {
    let order = |tag| of(tag).unwrap_or_default();
    let (id, qty) = (order(11), order(38));
    vec![
        (6, "0".to_owned()),
        (11, id.clone()),
        (14, "0".to_owned()),
        (17, format!("E-{id}")),
        (37, format!("O-{id}")),
        (38, qty.clone()),
        (39, "0".to_owned()),
        (54, order(54)),
        (55, order(55)),
        (60, order(60)),
        (150, "0".to_owned()),
        (151, qty),
    ]
}
