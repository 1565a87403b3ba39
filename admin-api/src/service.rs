//! The drivers: a thread that applies commands, and a server.

use crate::api::{Api, Settled};
use crate::error::Error;
use crate::listener::{Peer, TlsListener, TlsPort};
use crate::state::SigningKey;
use assay_event_log::{LastOrigins, NewRecord, Reader, Record};
use assay_trading_types::{
    ClockTicked, CommandId, Decision, Event, IdentityAction, IdentityRequested, Outbox, Position, Processor,
    Role, Timestamp, Topic,
};
use axum::Router;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;

/// Most records applied before their outcomes are appended; at some microseconds each, below a disk sync.
const BATCH_RECORDS_MAX: usize = 256;

/// How often workers look for work, and how far apart two looks at the books are.
const WORK_POLL: Duration = Duration::from_millis(200);

/// Jobs are due by the minute.
const TICK_NS: i64 = 60_000_000_000;

/// How long an idle turn waits, so that a stop is never late by more.
const IDLE_WAIT: Duration = Duration::from_millis(20);

/// How long a stopping server waits for answers under way.
const DRAIN: Duration = Duration::from_secs(10);

/// Has a worker look for work until told to stop. What is left is done after the next start.
pub(crate) fn work_until(stop: &AtomicBool, mut turn: impl FnMut()) {
    while !stop.load(Ordering::Acquire) {
        turn();
        std::thread::sleep(WORK_POLL);
    }
}

/// Applies commands in the log's order and appends what follows from them.
pub struct CommandProcessor {
    api: Arc<Api>,
    reader: Box<dyn Reader>,
    /// Next position to apply; what a reader delivers below it has been applied.
    position: Position,
    /// Where the log ended when this process began: up to there this is a replay.
    recovered_end: Position,
    /// What the log held of our outputs then.
    written: LastOrigins,
    outbox: Outbox,
    /// Last tick appended.
    ticked: Option<Timestamp>,
    batch: Vec<Arc<Record>>,
}

impl CommandProcessor {
    /// A processor at the beginning of the log. `written` is what the log's recovery found.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn new(api: Arc<Api>, written: LastOrigins) -> Result<Self, Error> {
        let recovered_end = api.log.end();
        let reader = api.log.reader(&[Topic::Admin], Position(0), false)?;
        Ok(Self {
            api,
            reader,
            position: Position(0),
            recovered_end,
            written,
            outbox: Outbox::new(Role::Admin, 1),
            ticked: None,
            batch: Vec::with_capacity(BATCH_RECORDS_MAX),
        })
    }

    /// Applies until told to stop.
    ///
    /// # Errors
    /// As [`CommandProcessor::turn`].
    pub fn run(mut self, stop: &AtomicBool) -> Result<(), Error> {
        self.recover()?;
        while !stop.load(Ordering::Acquire) {
            self.turn(IDLE_WAIT)?;
            self.tick()?;
        }
        while self.turn(Duration::ZERO)? > 0 {}
        Ok(())
    }

    /// Applies what the log holds, and lets the API answer from then on. Makes a token signing key when there is none of the
    /// node's key: one that was lost before there was a user has been made anew.
    ///
    /// # Errors
    /// As [`CommandProcessor::turn`].
    pub fn recover(&mut self) -> Result<(), Error> {
        while self.reader.position() < self.recovered_end {
            self.turn(Duration::ZERO)?;
        }
        let secrets = &self.api.secrets;
        let is_own = |key: &SigningKey| secrets.is_signing_key(&key.kid, &key.public);
        let has_own = self.api.state().identity.signing_keys().last().is_some_and(is_own);
        if !has_own {
            self.api.log.append(&mut vec![first_signing_key(&self.api)])?;
        }
        self.tick()?;
        while self.turn(Duration::ZERO)? > 0 {}
        self.api.mark_recovered();
        Ok(())
    }

    /// Records the time when the last that was recorded is a minute ago: jobs run by it.
    fn tick(&mut self) -> Result<(), Error> {
        let now = self.api.now();
        let last = self.ticked.max(self.api.state().jobs.now);
        if last.is_none_or(|last| now.since_ns(last) >= TICK_NS) {
            self.ticked = Some(now);
            self.api.log.append(&mut vec![self.api.own_record(ClockTicked { now }.into())])?;
        }
        Ok(())
    }

    /// Applies a bounded batch, waiting up to `wait` for a first record, and appends what follows as one group.
    ///
    /// # Errors
    /// The log cannot be read or takes nothing more, or a record is not what its kind says.
    pub fn turn(&mut self, wait: Duration) -> Result<usize, Error> {
        self.batch.clear();
        match wait.is_zero() {
            true => self.reader.poll(&mut self.batch, BATCH_RECORDS_MAX)?,
            false => self.reader.poll_wait(&mut self.batch, BATCH_RECORDS_MAX, wait)?,
        };
        let batch = std::mem::take(&mut self.batch);
        let (mut outputs, mut decided) = (Vec::new(), Vec::new());
        let mut told = false;
        let mut applied = 0;
        {
            let mut state = self.api.state_mut();
            for record in &batch {
                if record.position < self.position {
                    continue; // A log may deliver a record again.
                }
                let event =
                    record.decode().map_err(|source| Error::Decode { position: record.position, source })?;
                let input = record.input(&event);
                self.outbox.begin(&input);
                state.apply(&input, &mut self.outbox);
                told |= self.outbox.emitted().iter().any(|e| matches!(e.event, Event::NoticeRaised(_)));
                decided.extend(self.outbox.emitted().iter().filter_map(|e| decision(&e.event)));
                let written = &self.written;
                outputs.extend(
                    self.outbox.drain().filter(|e| written.is_news(Some(e.origin))).map(NewRecord::from),
                );
                self.position = Position(record.position.0 + 1);
                applied += 1;
            }
        }
        self.batch = batch;
        let mut end = self.position;
        if !outputs.is_empty() {
            end = Position(self.api.log.append(&mut outputs)?.0 + 1);
        }
        self.api.settle(end);
        self.tell(decided, end);
        if told {
            self.api.live.wake();
        }
        Ok(applied)
    }

    fn tell(&self, decided: Vec<(CommandId, Decision)>, end: Position) {
        if decided.is_empty() {
            return;
        }
        let mut waiting = self.api.waiting();
        for (command, decision) in decided {
            if let Some(sender) = waiting.remove(&command) {
                // Whoever waited may have gone; the log has the decision.
                let _ = sender.send(Settled { decision, end });
            }
        }
    }
}

fn decision(event: &Event) -> Option<(CommandId, Decision)> {
    match event {
        Event::CommandDecided(e) => Some((e.command, e.decision.clone())),
        _ => None,
    }
}

fn first_signing_key(api: &Api) -> NewRecord {
    let command = api.own_command("rotate_signing_key");
    api.own_record(IdentityRequested { command, action: signing_key(api) }.into())
}

/// A new key to sign tokens with.
pub(crate) fn signing_key(api: &Api) -> IdentityAction {
    let kid = hex::encode(api.ids.bytes());
    let public = api.secrets.public_signing_key(&kid);
    IdentityAction::RotateSigningKey { kid, public }
}

/// Serves `router`, under TLS where there is any, until `shutdown` resolves; then finishes what is under way, for a bounded
/// time.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsPort>,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let graceful = async move {
        shutdown.await;
        // The receiver is this function's own and lives as long.
        let _ = stopping.send(());
    };
    let service = router.into_make_service_with_connect_info::<Peer>();
    let serving = async {
        match tls {
            None => axum::serve(listener, service).with_graceful_shutdown(graceful).await,
            Some(tls) => {
                let listener = TlsListener::new(listener, tls)?;
                axum::serve(listener, service).with_graceful_shutdown(graceful).await
            }
        }
    };
    let deadline = async {
        if stopped.await.is_ok() {
            tokio::time::sleep(DRAIN).await;
        }
    };
    tokio::select! {
        served = serving => served,
        () = deadline => Ok(()),
    }
}
