//! Money, quantities, ids, orders and events: what crosses topics.
