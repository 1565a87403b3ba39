//! Servers that live until the moment of their death.

use super::line::{Line, Tally};
use super::plan::{Life, Moment, Plan};
use super::seat::Hall;
use super::{Result, SILENCE_MAX, now, wait_until};
use crate::demo::server::Server;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::DirEntry;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// Longest wait for a moment; a server is killed without it then, and the account says how often.
const MOMENT_MAX: Duration = Duration::from_secs(10);

/// Longest wait for all the answers at the beginning of a life: half-open lines take some seconds, a loaded machine more.
/// What is answered later is answered by a later server.
const ANSWERS_MAX: Duration = Duration::from_secs(60);

/// Where servers live and die.
pub(super) struct Arena<'a> {
    config: PathBuf,
    data: PathBuf,
    lines: &'a [Line],
    tally: &'a Tally,
    hall: &'a Hall,
    plan: Plan,
    server: Option<Server>,
    deaths: BTreeMap<Moment, u32>,
    /// Moments that did not come.
    missed: u32,
    jumps: u32,
    slowest_start: Duration,
}

impl<'a> Arena<'a> {
    /// An arena below `root` without a server yet.
    pub(super) fn open(root: &Path, lines: &'a [Line], tally: &'a Tally, hall: &'a Hall, plan: Plan) -> Self {
        Self {
            config: root.join("assay.toml"),
            data: root.join("data"),
            lines,
            tally,
            hall,
            plan,
            server: None,
            deaths: BTreeMap::new(),
            missed: 0,
            jumps: 0,
            slowest_start: Duration::ZERO,
        }
    }

    /// A server lives, things go wrong, and it is killed at its moment.
    pub(super) fn live_and_die(&mut self) -> Result<()> {
        let life = self.plan.next();
        self.jumps += u32::try_from(life.jumps.len()).unwrap_or(0);
        if life.moment == Moment::StartUp {
            Server::start_and_kill(&self.config, &self.data, life.delay)?;
        } else {
            let logons = self.tally.logons.load(Ordering::Relaxed);
            self.start(&life)?;
            let came = self.await_moment(&life, logons)?;
            self.missed += u32::from(!came);
            std::thread::sleep(life.delay);
            self.kill()?;
        }
        *self.deaths.entry(life.moment).or_default() += 1;
        Ok(())
    }

    /// A server that stays, with everything as it should be.
    pub(super) fn stand_by(&mut self) -> Result<()> {
        let server = Server::start(&self.config, &self.data)?;
        self.serve_on(server);
        self.lines.iter().for_each(|line| line.strike(None));
        Ok(())
    }

    /// Ends the last server in order.
    pub(super) fn close(&mut self) -> Result<()> {
        self.lines.iter().for_each(|line| line.lead_to(None));
        match self.server.take().map(Server::stop).transpose()? {
            Some(false) => Err("the server did not stop cleanly".into()),
            _ => Ok(()),
        }
    }

    /// What happened so far.
    pub(super) fn summary(&self) -> String {
        let deaths: Vec<String> =
            self.deaths.iter().map(|(moment, count)| format!("{} {count}", moment.name())).collect();
        let told = |count: &AtomicU64| count.load(Ordering::Relaxed);
        format!(
            "{} requests answered, {} resend requests, {} messages again, {} line troubles, {} clock jumps, slowest start {:.2?}; kills at {}; {} moments missed",
            told(&self.hall.answered),
            told(&self.tally.resend_requests),
            told(&self.tally.repeated),
            told(&self.tally.troubles),
            self.jumps,
            self.slowest_start,
            deaths.join(", "),
            self.missed,
        )
    }

    fn start(&mut self, life: &Life) -> Result<()> {
        let began = now();
        let server = Server::start_with_clock(&self.config, &self.data, &life.jumps)?;
        self.slowest_start = self.slowest_start.max(began.elapsed());
        self.serve_on(server);
        Ok(())
    }

    fn serve_on(&mut self, server: Server) {
        self.lines.iter().for_each(|line| line.lead_to(Some(server.fix)));
        self.server = Some(server);
    }

    fn kill(&mut self) -> Result<()> {
        self.lines.iter().for_each(|line| line.lead_to(None));
        match self.server.take() {
            Some(server) => Ok(server.kill()?),
            None => Ok(()),
        }
    }

    /// Whether the moment came.
    fn await_moment(&mut self, life: &Life, logons: u64) -> Result<bool> {
        if life.moment == Moment::Logon {
            return Ok(wait_until(MOMENT_MAX, || self.tally.logons.load(Ordering::Relaxed) > logons));
        }
        for (line, trouble) in &life.troubles {
            self.lines[*line].strike(Some(*trouble));
        }
        if !self.await_answers(life.answers)? {
            return Ok(false);
        }
        match life.moment {
            Moment::Resend => Ok(self.await_resend()),
            Moment::Snapshot => Ok(self.await_snapshot()),
            Moment::Stop => {
                self.server.as_ref().map(Server::terminate).transpose()?;
                Ok(true)
            }
            Moment::Logon | Moment::Burst | Moment::StartUp => Ok(true),
        }
    }

    /// Whether so many answers came in time. Every life serves somebody: a server that ends by itself or that answers
    /// nobody at all is what the drill is looking for.
    fn await_answers(&mut self, answers: u64) -> Result<bool> {
        let before = self.answered();
        let wanted = before + answers;
        if wait_until(ANSWERS_MAX, || self.answered() >= wanted) {
            return Ok(true);
        }
        if self.server.as_mut().map(Server::has_ended).transpose()? == Some(true) {
            return Err("the server ended by itself".into());
        }
        match wait_until(SILENCE_MAX, || self.answered() > before) {
            true => Ok(self.answered() >= wanted),
            false => Err("nobody was answered".into()),
        }
    }

    fn answered(&self) -> u64 {
        self.hall.answered.load(Ordering::Relaxed)
    }

    /// Cuts a line, so that one side asks for what it lost.
    fn await_resend(&mut self) -> bool {
        let tally = self.tally;
        let seen = || tally.repeated.load(Ordering::Relaxed) + tally.resend_requests.load(Ordering::Relaxed);
        let before = seen();
        let (line, trouble) = self.plan.cut();
        self.lines[line].strike(Some(trouble));
        wait_until(MOMENT_MAX, || seen() > before)
    }

    fn await_snapshot(&self) -> bool {
        let before = self.drafts();
        wait_until(MOMENT_MAX, || !self.drafts().is_subset(&before))
    }

    /// Drafts of snapshots, each with when it was last written: a kill leaves some behind.
    fn drafts(&self) -> BTreeSet<(PathBuf, SystemTime)> {
        let files = ["snapshots", "gateway"].iter().filter_map(|dir| self.data.join(dir).read_dir().ok());
        let draft = |entry: DirEntry| {
            let is_draft = entry.path().extension().is_some_and(|e| e == "tmp" || e == "draft");
            is_draft.then(|| Some((entry.path(), entry.metadata().ok()?.modified().ok()?)))?
        };
        files.flat_map(|entries| entries.flatten().filter_map(draft)).collect()
    }
}
