//! CPU time of a process by thread, from `/proc`, so that cost can be told by stage.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Clock ticks a second in `/proc/*/stat`: fixed at 100 in the Linux ABI.
const TICKS_PER_S: u64 = 100;

/// CPU time by thread name; threads of one name are added up.
#[derive(Debug, Clone, Default)]
pub(crate) struct CpuTimes(BTreeMap<String, Duration>);

impl CpuTimes {
    /// Of process `pid`, now.
    pub(crate) fn of(pid: u32) -> std::io::Result<Self> {
        let mut times = BTreeMap::new();
        for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
            let dir = task?.path();
            // A thread may end between listing and reading; its time is then no longer told apart.
            if let Ok((name, time)) = thread_time(&dir) {
                *times.entry(name).or_insert(Duration::ZERO) += time;
            }
        }
        Ok(Self(times))
    }

    /// What was used since `earlier`, by thread name.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let used = |(name, time): (&String, &Duration)| {
            let before = earlier.0.get(name).copied().unwrap_or_default();
            (name.clone(), time.saturating_sub(before))
        };
        Self(self.0.iter().map(used).collect())
    }

    /// All threads together.
    pub(crate) fn total(&self) -> Duration {
        self.0.values().sum()
    }

    /// By thread name, in order of names.
    pub(crate) fn by_thread(&self) -> impl Iterator<Item = (&str, Duration)> {
        self.0.iter().map(|(name, time)| (name.as_str(), *time))
    }
}

/// Name and CPU time of the thread at `dir`: nanoseconds from `schedstat`, ticks from `stat` where the kernel keeps none.
fn thread_time(dir: &Path) -> std::io::Result<(String, Duration)> {
    let name = std::fs::read_to_string(dir.join("comm"))?.trim().to_owned();
    let schedstat = std::fs::read_to_string(dir.join("schedstat")).unwrap_or_default();
    if let Some(ns) = schedstat.split_whitespace().next().and_then(|n| n.parse().ok()).filter(|ns| *ns > 0) {
        return Ok((name, Duration::from_nanos(ns)));
    }
    let stat = std::fs::read_to_string(dir.join("stat"))?;
    // Fields are counted behind the last parenthesis, because a thread's name may contain blanks: 12 and 13 from there.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = fields.iter().skip(11).take(2).filter_map(|f| f.parse::<u64>().ok()).sum();
    Ok((name, Duration::from_millis(ticks * 1000 / TICKS_PER_S)))
}
