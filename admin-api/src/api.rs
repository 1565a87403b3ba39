//! What every request shares, and the way of a command: append, wait for the decision, wait until both are durable.

mod amending;
mod instructing;
mod ordering;

pub(crate) use instructing::{Instructed, Lent};
use ordering::Closing;
pub(crate) use ordering::{Ordered, is_working};

use crate::asked::Asked;
use crate::business_health::BusinessHealth;
use crate::call_log::CallLog;
use crate::config::{ApiConfig, WebhookConfig};
use crate::error::Error;
use crate::ids::Ids;
use crate::live::Live;
use crate::password::BreachList;
use crate::problem::{Problem, ProblemKind};
use crate::rate_limit::RateLimiter;
use crate::read_model::{self, ReadModel, ReadModelBuilder};
use crate::refused_access::RefusedAccess;
use crate::screening::{self, ListError, Lists};
use crate::secrets::Secrets;
use crate::state::{AdminState, Past, Refused};
use crate::vault::{DirectoryStore, Vault};
use crate::webhooks::{Poster, RootsError};
use crate::wish::Wish;
use assay_event_log::{EventLog, NewRecord, Value};
use assay_trading_types::{
    Actor, Command, CommandId, Decision, Event, Idempotency, IdentityAction, Position, ProposalId, Timestamp,
    Topic, TraceId, UserId,
};
use bytes::Bytes;
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, oneshot};

/// Commands under way at a time: at a sync of some milliseconds, thousands a second. One more is answered 503.
pub const IN_FLIGHT_MAX: usize = 1_024;

/// Passwords hashed at a time: each takes 19 MiB and a core.
const HASHES_MAX: usize = 2;

/// Identity files taken in at a time.
const UPLOADS_MAX: usize = 2;

/// Reports made at a time: each takes a core while it is, and no more may be taken from orders.
const REPORTS_MAX: usize = 2;

/// Records looked at together for what hangs on the node's key.
const LOOK_RECORDS: usize = 256;

/// What to do about a key that is another than the log's.
const FOREIGN: &str = "it is another than that of this log, and second factors, tokens and sealed files hang on that one: \
    restore it from the backup, or copy it from another node of this log";

/// Trades looked for in the log at a time.
const LOOKS_MAX: usize = 2;

/// Longest that an answer waits for the disk before it is given up as 503.
const DURABLE_WAIT: Duration = Duration::from_secs(10);

/// Longest that a list waits for the read model to reach a position the client names.
const MODEL_WAIT: Duration = Duration::from_secs(5);

/// Longest that a list waits for the read model to reach what was decided last.
const SOON: Duration = Duration::from_millis(200);

const MODEL_POLL: Duration = Duration::from_millis(2);

/// Reads the wall clock; a driver gives it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What every request shares.
pub struct Api {
    pub(crate) config: ApiConfig,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) secrets: Secrets,
    pub(crate) breaches: BreachList,
    pub(crate) hashing: Semaphore,
    pub(crate) ids: Ids,
    clock: Clock,
    state: RwLock<AdminState>,
    /// Everything below it is in `state`, and all that followed from it in the log.
    settled: AtomicU64,
    recovered: AtomicBool,
    waiting: Mutex<HashMap<CommandId, oneshot::Sender<Settled>>>,
    in_flight: Semaphore,
    log_moved: Arc<Notify>,
    limiter: Mutex<RateLimiter>,
    refused_access: Mutex<RefusedAccess>,
    pub(crate) nonces: Mutex<crate::signature::Nonces>,
    pub(crate) started: Timestamp,
    model: ReadModel,
    pub(crate) closing: Closing,
    pub(crate) live: Arc<Live>,
    pub(crate) business: BusinessHealth,
    pub(crate) call_log: Option<CallLog>,
    pub(crate) vault: Vault,
    lists: RwLock<Arc<Lists>>,
    /// Identity files being taken in; each takes some 100 MB while it is.
    pub(crate) uploads: Semaphore,
    /// Reports being made.
    pub(crate) reporting: Arc<Semaphore>,
    /// Trades being looked for in the log.
    looking: Arc<Semaphore>,
}

/// A decision, and the position after everything that followed from it.
pub(crate) struct Settled {
    pub(crate) decision: Decision,
    pub(crate) end: Position,
}

/// How a command ended that was not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has effect.
    Done {
        /// The command.
        command: CommandId,
        /// What it made or changed.
        subject: String,
        /// Version of that now.
        version: u64,
    },
    /// It waits for a second person.
    Proposed {
        /// The command.
        command: CommandId,
        /// Under this name.
        proposal: ProposalId,
    },
    /// Nobody knows yet: ask for the command later.
    Pending {
        /// The command.
        command: CommandId,
    },
}

impl Api {
    /// An API on `log`, and what keeps its read model up. It answers once its processor has caught up.
    ///
    /// # Errors
    /// The node's key or the list of leaked passwords cannot be read, or the read model not be opened.
    pub fn new(
        config: ApiConfig,
        log: Arc<dyn EventLog>,
        clock: Clock,
    ) -> Result<(Arc<Self>, ReadModelBuilder), Error> {
        let file = config.keys.join("node.key");
        let traces = KeyTraces::in_log(&*log)?;
        let secrets = Secrets::load_or_make(&file, || Ok(traces.has_users))
            .and_then(|secrets| traces.agree_with(secrets))
            .map_err(|source| Error::Key { file, source })?;
        let breaches = match &config.breach_list {
            None => BreachList::default(),
            Some(file) => {
                BreachList::load(file).map_err(|source| Error::BreachList { file: file.clone(), source })?
            }
        };
        let vault = Vault::new(Box::new(DirectoryStore::new(config.kyc.documents.clone())), &secrets);
        let lists = load_lists(&config)?;
        let (model, builder) = read_model::open(&*log, &config.read_model)?;
        let call_log = config.call_log.as_deref().map(CallLog::open).transpose();
        let call_log = call_log.map_err(|source| Error::Directory {
            dir: config.call_log.clone().unwrap_or_default(),
            source,
        })?;
        let log_moved = Arc::new(Notify::new());
        let moved = Arc::clone(&log_moved);
        log.on_change(&[], Arc::new(move || moved.notify_waiters()));
        let started = clock();
        let api = Self {
            config,
            log,
            secrets,
            breaches,
            hashing: Semaphore::new(HASHES_MAX),
            ids: Ids::new()?,
            clock,
            state: RwLock::default(),
            settled: AtomicU64::new(0),
            recovered: AtomicBool::new(false),
            waiting: Mutex::default(),
            in_flight: Semaphore::new(IN_FLIGHT_MAX),
            log_moved,
            limiter: Mutex::default(),
            refused_access: Mutex::default(),
            nonces: Mutex::default(),
            closing: Closing::default(),
            started,
            business: BusinessHealth::default(),
            call_log,
            live: Live::new(builder.changes()),
            model,
            vault,
            lists: RwLock::new(Arc::new(lists)),
            uploads: Semaphore::new(UPLOADS_MAX),
            reporting: Arc::new(Semaphore::new(REPORTS_MAX)),
            looking: Arc::new(Semaphore::new(LOOKS_MAX)),
        };
        Ok((Arc::new(api), builder))
    }

    /// How mail leaves.
    pub fn mail_route(&self) -> &crate::config::MailRoute {
        &self.config.mail
    }

    /// Sends to webhooks, as configured.
    ///
    /// # Errors
    /// The CAs that are to vouch for them cannot be used.
    pub fn poster(&self) -> Result<Poster, RootsError> {
        let WebhookConfig { private_networks, ca } = &self.config.webhooks;
        Poster::new(*private_networks, ca.as_deref())
    }

    /// UTC now.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Whether it has applied what the log held when it started.
    pub fn is_recovered(&self) -> bool {
        self.recovered.load(Ordering::Acquire)
    }

    /// The state as far as it is applied. An answer made from it must not leave before `Api::settled` is durable.
    pub fn state(&self) -> RwLockReadGuard<'_, AdminState> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn state_mut(&self) -> RwLockWriteGuard<'_, AdminState> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Position that the state depends on.
    pub(crate) fn settled(&self) -> Position {
        Position(self.settled.load(Ordering::Acquire))
    }

    pub(crate) fn settle(&self, end: Position) {
        self.settled.fetch_max(end.0, Ordering::AcqRel);
    }

    pub(crate) fn mark_recovered(&self) {
        self.recovered.store(true, Ordering::Release);
    }

    pub(crate) fn waiting(&self) -> MutexGuard<'_, HashMap<CommandId, oneshot::Sender<Settled>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn limiter(&self) -> MutexGuard<'_, RateLimiter> {
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn refused_access(&self) -> MutexGuard<'_, RefusedAccess> {
        self.refused_access.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends the command that `wish` makes and answers once its decision is durable.
    ///
    /// # Errors
    /// It is refused, or the log takes nothing.
    pub(crate) async fn submit(&self, asked: &Asked, wish: impl Wish) -> Result<Outcome, Problem> {
        let unavailable = || Problem::later(ProblemKind::Unavailable, 1);
        let _room = self.in_flight.try_acquire().map_err(|_| unavailable())?;
        let command = self.command(asked);
        let id = command.id;
        let (sender, receiver) = oneshot::channel();
        self.waiting().insert(id, sender);
        let record = self.record(asked, wish.event(command));
        if self.log.append(&mut vec![record]).is_err() {
            self.waiting().remove(&id);
            return Err(unavailable());
        }
        let decided = tokio::time::timeout(self.config.decision_wait, async {
            let settled = receiver.await.ok()?;
            self.durable(settled.end).await.ok()?;
            Some(settled)
        });
        match decided.await {
            Ok(Some(settled)) => outcome(id, settled.decision),
            // The command is in the log: what becomes of it can be asked for.
            Ok(None) | Err(_) => Ok(Outcome::Pending { command: id }),
        }
    }

    /// Whether the same was asked before under the same Idempotency-Key: it gets the first answer, however things stand now.
    pub(crate) fn is_repeat(&self, asked: &Asked) -> bool {
        self.first(asked, |_, past| past.digest() == Some(asked.digest.as_str())).unwrap_or(false)
    }

    /// Reads of the command that was the first under the Idempotency-Key, if there was one.
    fn first<T>(&self, asked: &Asked, read: impl FnOnce(CommandId, &Past) -> T) -> Option<T> {
        let (by, key) = (asked.caller.as_ref().map(|caller| caller.user), asked.idempotency_key.as_ref()?);
        let state = self.state();
        state.commands.first_of(by, key, self.now()).map(|(id, past)| read(id, past))
    }

    /// As [`Api::submit`], for what is decided on beyond the back office: `answer` waits for the word on the command, which
    /// is the first one for a repeat, and on what the back office's decision named. Without one in time there is what can be
    /// asked for.
    async fn submit_until<T, A: Future<Output = Result<T, Problem>>>(
        &self,
        asked: &Asked,
        wish: impl Wish,
        answer: impl FnOnce(CommandId, String) -> A,
    ) -> Result<Result<T, Outcome>, Problem> {
        let outcome = self.submit(asked, wish).await?;
        let Outcome::Done { subject, command, .. } = outcome else { return Ok(Err(outcome)) };
        let command = self.first(asked, |first, _| first).unwrap_or(command);
        match tokio::time::timeout(self.config.decision_wait, answer(command, subject)).await {
            Ok(answered) => answered.map(Ok),
            Err(_) => Ok(Err(Outcome::Pending { command })),
        }
    }

    fn command(&self, asked: &Asked) -> Command {
        let caller = asked.caller.as_ref();
        Command {
            by: caller.map(|c| c.user),
            login: caller.and_then(|c| c.login),
            api_key: caller.and_then(|c| c.api_key),
            address: Some(asked.address.to_string()),
            idempotency: asked
                .idempotency_key
                .as_ref()
                .map(|key| Idempotency { key: key.clone(), digest: asked.digest.clone() }),
            expected_version: asked.expected_version,
            ..Command::new(self.ids.command(self.now()), asked.operation.name())
        }
    }

    fn record(&self, asked: &Asked, event: Event) -> NewRecord {
        let actor = match (&asked.caller, &asked.peer) {
            (Some(caller), _) => format!("user:{}", caller.user),
            (None, Some(peer)) => peer.to_string(),
            (None, None) => format!("address:{}", asked.address),
        };
        NewRecord {
            topic: Topic::Admin,
            partition: 0,
            key: Bytes::copy_from_slice(event.key().as_bytes()),
            at: self.now(),
            origin: None,
            trace: TraceId(asked.trace),
            actor: Actor::new(&actor).expect("ids and addresses are short printable ASCII"),
            wire: None,
            value: Value::event(event),
        }
    }

    /// The read model, once it has reached the position that the client names in `Assay-Position`; without one, what this
    /// node last decided, if it gets there soon.
    pub(crate) async fn read_model(&self, headers: &axum::http::HeaderMap) -> Result<&ReadModel, Problem> {
        let named = headers.get("assay-position").map(|v| v.to_str().ok().and_then(|t| t.parse().ok()));
        let (target, patience) = match named {
            None => (self.settled(), SOON),
            Some(Some(position)) => (Position(position), MODEL_WAIT),
            Some(None) => return Err(Problem::field("assay-position", "must be a position as answered")),
        };
        match (tokio::time::timeout(patience, self.model_reaches(target)).await, named) {
            (Err(_), Some(_)) => Err(Problem::later(ProblemKind::Unavailable, 1)),
            _ => Ok(&self.model),
        }
    }

    /// Waits until the read model has a position. However many wait, the database is asked when there is more in it.
    async fn model_reaches(&self, target: Position) {
        while self.model.position() < target {
            tokio::time::sleep(MODEL_POLL).await;
        }
    }

    /// The read model with everything that was durable when it is asked for: for what is there or not, with effect.
    pub(crate) async fn caught_up_model(&self) -> Result<&ReadModel, Problem> {
        let target = self.log.durable();
        let reached = tokio::time::timeout(MODEL_WAIT, self.model_reaches(target)).await;
        reached.map(|()| &self.model).map_err(|_| Problem::later(ProblemKind::Unavailable, 1))
    }

    /// The read model as far as it is.
    pub(crate) fn model(&self) -> &ReadModel {
        &self.model
    }

    /// Tells every live channel that the node stops, and waits for them a moment.
    pub async fn close_live(&self) {
        self.live.close().await;
    }

    /// The lists that names are compared with.
    pub(crate) fn lists(&self) -> Arc<Lists> {
        Arc::clone(&self.lists.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the lists anew; those in force stay when that fails.
    pub(crate) fn reload_lists(&self) -> Result<Arc<Lists>, Error> {
        let lists = Arc::new(load_lists(&self.config)?);
        *self.lists.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&lists);
        Ok(lists)
    }

    /// A command of the node itself, for its workers.
    pub(crate) fn own_command(&self, operation: &str) -> Command {
        Command::new(self.ids.command(self.now()), operation)
    }

    /// Writes down what a worker has done.
    pub(crate) fn write_down(&self, event: Event) {
        if self.log.append(&mut vec![self.own_record(event)]).is_err() {
            tracing::error!("the log takes nothing more; what was done is not recorded");
        }
    }

    /// Writes down what a user had done, within a request.
    pub(crate) fn write_down_by(&self, user: UserId, trace: [u8; 16], event: Event) {
        let actor = Actor::new(&format!("user:{user}")).expect("ids are short printable ASCII");
        let record = NewRecord { actor, trace: TraceId(trace), ..self.own_record(event) };
        if self.log.append(&mut vec![record]).is_err() {
            tracing::error!("the log takes nothing more; a refused access is not recorded");
        }
    }

    /// A record of the node itself.
    pub(crate) fn own_record(&self, event: Event) -> NewRecord {
        NewRecord {
            topic: Topic::Admin,
            partition: 0,
            key: Bytes::copy_from_slice(event.key().as_bytes()),
            at: self.now(),
            origin: None,
            trace: TraceId(self.ids.bytes()),
            actor: Actor::new("node").expect("a valid actor"),
            wire: None,
            value: Value::event(event),
        }
    }

    /// Waits until everything below `target` is durable.
    pub(crate) async fn durable(&self, target: Position) -> Result<(), Problem> {
        let unavailable = || Problem::later(ProblemKind::Unavailable, 1);
        let wait = async {
            loop {
                let moved = self.log_moved.notified();
                tokio::pin!(moved);
                moved.as_mut().enable();
                if self.log.durable() >= target {
                    return Ok(());
                }
                if self.log.poisoned().is_some() {
                    return Err(unavailable());
                }
                moved.await;
            }
        };
        tokio::time::timeout(DURABLE_WAIT, wait).await.unwrap_or_else(|_| Err(unavailable()))
    }
}

/// What the log says of the node's key up to its first user: looked for there, since the state is recovered only later, with
/// the key in hand. Whoever leads opens the API on the whole log, so that a node that takes over sees what the one before it
/// wrote.
#[derive(Default)]
struct KeyTraces {
    has_users: bool,
    /// Name and public half of the token signing key of then, which is derived from the node's key.
    signing: Option<(String, String)>,
}

impl KeyTraces {
    fn in_log(log: &dyn EventLog) -> Result<Self, Error> {
        let (end, mut records) = (log.end(), Vec::new());
        let mut reader = log.reader(&[Topic::Admin], Position(0), false)?;
        let mut traces = Self::default();
        while reader.position() < end {
            reader.poll_wait(&mut records, LOOK_RECORDS, SOON)?;
            for record in records.drain(..) {
                let position = record.position;
                let event = record.decode().map_err(|source| Error::Decode { position, source })?;
                traces.note(&event);
                if traces.has_users {
                    return Ok(traces);
                }
            }
        }
        Ok(traces)
    }

    fn note(&mut self, event: &Event) {
        let Event::IdentityRequested(e) = event else { return };
        if let IdentityAction::RotateSigningKey { kid, public } = &e.action {
            self.signing = Some((kid.clone(), public.clone()));
        }
        self.has_users = makes_user(&e.action);
    }

    /// The key, unless users' secrets were derived from another one.
    fn agree_with(&self, secrets: Secrets) -> std::io::Result<Secrets> {
        match &self.signing {
            Some((kid, public)) if self.has_users && !secrets.is_signing_key(kid, public) => {
                Err(std::io::Error::other(FOREIGN))
            }
            _ => Ok(secrets),
        }
    }
}

/// Whether a record asks for a user: the first that does is granted, and whoever refuses a later one has users.
fn makes_user(action: &IdentityAction) -> bool {
    use IdentityAction as A;
    matches!(action, A::CreateFirstAdministrator(_) | A::Register { .. } | A::Invite { .. })
}

fn load_lists(config: &ApiConfig) -> Result<Lists, Error> {
    let Some(dir) = &config.kyc.lists else { return Ok(Lists::default()) };
    let files = screening::files_in(dir)
        .map_err(|source| ListError { file: dir.clone(), what: source.to_string() })?;
    Ok(Lists::load(&files)?)
}

fn outcome(command: CommandId, decision: Decision) -> Result<Outcome, Problem> {
    match decision {
        Decision::Done { subject, version } => Ok(Outcome::Done { command, subject, version }),
        Decision::Proposed { proposal } => Ok(Outcome::Proposed { command, proposal }),
        Decision::Refused { refusal, detail } => Err(Refused::new(refusal, detail).into()),
    }
}
