//! How long something took, counted in fixed buckets: no allocation, one addition or two for each observation.

use std::sync::atomic::{AtomicU64, Ordering};

/// Upper bounds of the buckets, in nanoseconds: from less than a disk's sync to what nobody waits for.
const BOUNDS_NS: [u64; 13] = [
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    200_000_000,
    500_000_000,
    1_000_000_000,
    5_000_000_000,
];

/// A histogram of durations. Written by one thread, read by anyone; what is read was not true at one instant.
#[derive(Debug, Default)]
pub struct Latency {
    /// How many were in each bucket and in none before it; the last one has no bound.
    buckets: [AtomicU64; BOUNDS_NS.len() + 1],
    sum_ns: AtomicU64,
}

impl Latency {
    /// Something took `ns`. What took less than nothing, by a clock that was put back, took nothing.
    pub(crate) fn observe(&self, ns: i64) {
        let ns = u64::try_from(ns).unwrap_or(0);
        let bucket = BOUNDS_NS.partition_point(|bound| *bound < ns);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_ns.fetch_add(ns, Ordering::Relaxed);
    }

    /// Upper bounds in seconds, the last one none, and how many took no longer.
    pub fn cumulative(&self) -> impl Iterator<Item = (Option<f64>, u64)> {
        let bounds = BOUNDS_NS.iter().map(|bound| Some(*bound as f64 / 1e9)).chain([None]);
        let mut count = 0;
        bounds.zip(&self.buckets).map(move |(bound, bucket)| {
            count += bucket.load(Ordering::Relaxed);
            (bound, count)
        })
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).sum()
    }

    /// All of them together, in whole microseconds.
    pub fn sum_us(&self) -> u64 {
        self.sum_ns.load(Ordering::Relaxed) / 1_000
    }

    /// All of them together, in seconds.
    pub fn sum_s(&self) -> f64 {
        self.sum_ns.load(Ordering::Relaxed) as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_duration_counts_in_its_bucket_and_all_above() {
        let latency = Latency::default();
        for ns in [-5, 0, 200_000, 200_001, 4_000_000, 6_000_000_000] {
            latency.observe(ns);
        }
        let counts: Vec<_> = latency.cumulative().collect();
        assert_eq!(counts.len(), 14);
        assert_eq!(counts[0], (Some(0.000_2), 3), "a bound belongs to its bucket");
        assert_eq!(counts[1], (Some(0.000_5), 4));
        assert_eq!((counts[3].1, counts[4].1), (4, 5));
        assert_eq!(counts[12..], [(Some(5.0), 5), (None, 6)]);
        assert_eq!((latency.count(), latency.sum_us()), (6, 6_004_400));
        assert!((latency.sum_s() - 6.004_400_001).abs() < 1e-9);
    }
}
