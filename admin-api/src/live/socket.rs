//! One socket, from its ticket to its end.

use super::changes::CHANGES_MAX;
use super::{Changes, SEND_WAIT, Ticket};
use crate::api::Api;
use crate::operation::{Operation, Scope};
use crate::read_model::{RowFilter, Slice};
use crate::routes::notifications::{self, NoticeView};
use crate::routes::positions::{self, PositionView};
use crate::routes::trading::{self, ExecutionView, OrderView};
use crate::routes::wallets::{self, WalletView};
use assay_trading_types::{Asset, FirmId, LedgerCode, NoticeId, Symbol, UserId};
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};

/// How often a socket looks whether its user may still have it.
const LOOK: Duration = Duration::from_secs(1);

/// Looks from one ping to the next.
const PING_LOOKS: u32 = 20;

/// Looks without a sign of life after which a client is gone: three pings.
const SILENT_LOOKS_MAX: u32 = 3 * PING_LOOKS;

/// Notices of one turn; the next turn goes on.
const TURN_MAX: usize = 100;

/// Why a socket is closed (RFC 6455, section 7.4; 4000 and above are ours).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The client closed it, or is gone.
    Gone,
    /// The node stops.
    GoingAway,
    /// Something of ours failed.
    Failed,
    /// No ticket, a spent or expired one, or a login that ended.
    Unauthenticated,
    /// Too many sockets.
    Full,
}

impl End {
    fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Gone => return None,
            Self::GoingAway => (1001, "the node stops"),
            Self::Failed => (1011, "not available now"),
            Self::Unauthenticated => (4401, "ask for a ticket first"),
            Self::Full => (4429, "too many sockets"),
        };
        Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) })
    }
}

/// A message to the client.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Told {
    /// It is open; so many notices are unread.
    Ready {
        user: UserId,
        unread: usize,
    },
    Notice {
        notice: NoticeView,
    },
    Order {
        order: Box<OrderView>,
    },
    Fill {
        fill: ExecutionView,
    },
    /// What an account has of an asset changed.
    Position {
        position: WalletView,
    },
    /// What an account gained or lost on an instrument changed: by a fill, or by a price.
    Profit {
        profit: Box<PositionView>,
    },
    /// More orders or positions changed than are told one by one: read the lists.
    Gap,
}

/// Serves a socket that shows `ticket` and has every notice up to `after`.
pub(crate) async fn talk(
    api: Arc<Api>,
    mut socket: WebSocket,
    ticket: Option<Ticket>,
    after: Option<NoticeId>,
) {
    // Held until the goodbye is said: a stopping node waits for it.
    let seat = ticket.as_ref().map(|ticket| api.live.enter(ticket.user));
    let end = match (ticket, &seat) {
        (Some(ticket), Some(Some(_))) => Talk::new(&api, ticket, after).run(&mut socket).await,
        (Some(_), _) => End::Full,
        (None, _) => End::Unauthenticated,
    };
    if let Some(frame) = end.frame() {
        // A client that does not take it is gone, or as good as.
        let _ = tokio::time::timeout(SEND_WAIT, socket.send(Message::Close(Some(frame)))).await;
    }
}

/// Whose trading a user may read.
enum Watched {
    Firm(FirmId),
    All,
}

/// What a socket knows.
struct Talk<'a> {
    api: &'a Api,
    ticket: Ticket,
    /// The last notice that the client has.
    last: Option<NoticeId>,
    told: watch::Receiver<u64>,
    closing: watch::Receiver<bool>,
    changes: broadcast::Receiver<Arc<Changes>>,
    /// Positions of all firms that changed since the last look, for staff: one at a time would be a stream of everything.
    gathered: BTreeSet<(LedgerCode, Asset)>,
    /// Instruments whose prices changed since the last look, for a firm.
    priced: BTreeSet<Symbol>,
    /// Looks since the client last gave a sign of life.
    silent: u32,
}

impl<'a> Talk<'a> {
    fn new(api: &'a Api, ticket: Ticket, after: Option<NoticeId>) -> Self {
        let live = &api.live;
        // Subscribed before anything is read: what comes in between is told twice rather than never.
        let (told, changes) = (live.told.subscribe(), live.changes.subscribe());
        let last = after.or_else(|| {
            let state = api.state();
            state.notices.of(&ticket.user).next_back().map(|notice| notice.raised.notice)
        });
        let closing = live.closing.subscribe();
        Self {
            api,
            ticket,
            last,
            told,
            closing,
            changes,
            gathered: BTreeSet::new(),
            priced: BTreeSet::new(),
            silent: 0,
        }
    }

    async fn run(&mut self, socket: &mut WebSocket) -> End {
        match self.talk(socket).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn talk(&mut self, socket: &mut WebSocket) -> Result<std::convert::Infallible, End> {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let ready = self.ready()?;
        self.send(socket, vec![ready]).await?;
        self.tell_notices(socket).await?;
        loop {
            tokio::select! {
                _ = self.closing.changed() => return Err(End::GoingAway),
                told = self.told.changed() => {
                    told.map_err(|_| End::GoingAway)?;
                    self.tell_notices(socket).await?;
                }
                changes = self.changes.recv() => self.tell_changes(socket, changes).await?,
                received = socket.recv() => self.hear(received)?,
                _ = looks.tick() => self.look(socket).await?,
            }
        }
    }

    /// Fails once the login or the key that asked for the ticket is good no more, or the node stops.
    fn ready(&self) -> Result<Told, End> {
        if *self.closing.borrow() {
            return Err(End::GoingAway);
        }
        let (now, state, user) = (self.api.now(), self.api.state(), self.ticket.user);
        let live = match (&self.ticket.login, &self.ticket.api_key) {
            (Some(login), _) => state.identity.login(login).is_some_and(|login| login.is_live(now)),
            (None, Some(key)) => state.identity.api_key(key).is_some_and(|key| key.is_live(now)),
            (None, None) => false,
        };
        if !live || state.active_user(&user).is_none() {
            return Err(End::Unauthenticated);
        }
        Ok(Told::Ready { user, unread: state.notices.of(&user).filter(|n| n.read.is_none()).count() })
    }

    async fn look(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        self.ready()?;
        let gathered = std::mem::take(&mut self.gathered);
        let told = match gathered.len() > CHANGES_MAX {
            true => vec![Told::Gap],
            false => self.positions(&gathered, None)?,
        };
        self.send(socket, told).await?;
        let told = self.priced()?;
        self.send(socket, told).await?;
        self.silent += 1;
        if self.silent > SILENT_LOOKS_MAX {
            return Err(End::Gone);
        }
        if self.silent.is_multiple_of(PING_LOOKS) {
            return post(socket, Message::Ping(axum::body::Bytes::new())).await;
        }
        Ok(())
    }

    /// A client has nothing to say here: whatever it sends is a sign of life.
    fn hear(&mut self, received: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        match received {
            None | Some(Err(_) | Ok(Message::Close(_))) => Err(End::Gone),
            Some(Ok(_)) => {
                self.silent = 0;
                Ok(())
            }
        }
    }

    async fn tell_notices(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        loop {
            let told = self.new_notices();
            let more = told.len() == TURN_MAX;
            self.send(socket, told).await?;
            if !more {
                return Ok(());
            }
        }
    }

    /// Notices behind the last one that the client has, the oldest first.
    fn new_notices(&mut self) -> Vec<Told> {
        let state = self.api.state();
        let mut behind: Vec<_> = match self.last {
            None => state.notices.of(&self.ticket.user).collect(),
            // The last one may be gone from the box; ids are in the order of time.
            Some(last) => {
                let own = state.notices.of(&self.ticket.user).rev();
                own.take_while(|notice| notice.raised.notice > last).collect()
            }
        };
        if self.last.is_some() {
            behind.reverse();
        }
        behind.truncate(TURN_MAX);
        self.last = behind.last().map(|notice| notice.raised.notice).or(self.last);
        behind.into_iter().map(|notice| Told::Notice { notice: notifications::view(notice) }).collect()
    }

    async fn tell_changes(
        &mut self,
        socket: &mut WebSocket,
        changes: Result<Arc<Changes>, RecvError>,
    ) -> Result<(), End> {
        let told = match (self.watched(), changes) {
            (_, Err(RecvError::Closed)) => return Err(End::GoingAway),
            (None, _) => return Ok(()),
            (Some(_), Err(RecvError::Lagged(_))) => vec![Told::Gap],
            (Some(Watched::Firm(firm)), Ok(changes)) => {
                self.priced.extend(&changes.priced);
                self.changed(firm, &changes)?
            }
            (Some(Watched::All), Ok(changes)) => {
                let room = (CHANGES_MAX + 1).saturating_sub(self.gathered.len());
                self.gathered.extend(changes.positions().take(room));
                return Ok(());
            }
        };
        self.send(socket, told).await
    }

    /// Whose trading the user may read. Staff, who may read everybody's, are told of positions alone.
    fn watched(&self) -> Option<Watched> {
        let state = self.api.state();
        let user = state.active_user(&self.ticket.user)?;
        match Operation::ListOrders.access().scope_of(&user.roles)? {
            Scope::All => Some(Watched::All),
            Scope::Firm => user.firm.map(Watched::Firm),
            Scope::Own => None,
        }
    }

    fn changed(&self, firm: FirmId, changes: &Changes) -> Result<Vec<Told>, End> {
        let Some(touched) = changes.of(&firm) else { return Ok(Vec::new()) };
        if touched.is_too_much() {
            return Ok(vec![Told::Gap]);
        }
        let model = self.api.model();
        let mut told = Vec::with_capacity(touched.orders.len() + touched.fills.len());
        for order in &touched.orders {
            if let Some(row) = model.order(*order).map_err(|_| End::Failed)? {
                told.push(Told::Order { order: Box::new(trading::order_view(row)) });
            }
        }
        for fill in &touched.fills {
            if let Some(row) = model.execution(*fill).map_err(|_| End::Failed)? {
                told.push(Told::Fill { fill: trading::execution_view(row) });
            }
        }
        told.extend(self.positions(&touched.positions, Some(&firm))?);
        Ok(told)
    }

    /// How positions stand now, those of `firm` if one is named.
    fn positions(
        &self,
        touched: &BTreeSet<(LedgerCode, Asset)>,
        firm: Option<&FirmId>,
    ) -> Result<Vec<Told>, End> {
        let model = self.api.model();
        let mut told = Vec::with_capacity(touched.len());
        for (code, asset) in touched {
            // Read first: what is in the row is then at least of this position.
            let position = model.position();
            let row = model.account(code.as_str(), asset.as_str()).map_err(|_| End::Failed)?;
            let own = |firm: &FirmId| row.as_ref().and_then(|row| row.firm.as_deref()) == Some(firm.as_str());
            if !firm.is_none_or(own) {
                continue;
            }
            told.extend(row.map(|row| Told::Position { position: wallets::standing_now(&row, position) }));
            if let Some(account) = firm.and_then(|_| code.as_str().strip_prefix("client:")) {
                let row = model.account_position(account, asset.as_str()).map_err(|_| End::Failed)?;
                told.extend(row.map(|row| Told::Profit { profit: Box::new(positions::position_view(row)) }));
            }
        }
        Ok(told)
    }

    /// What open positions of the firm are worth at prices that changed since the last look. One with more than are told at a
    /// time reads the list.
    fn priced(&mut self) -> Result<Vec<Told>, End> {
        let priced = std::mem::take(&mut self.priced);
        let firm = if priced.is_empty() { None } else { self.watched() };
        let Some(Watched::Firm(firm)) = firm else { return Ok(Vec::new()) };
        let open = RowFilter::default().equal("firm", Some(firm.as_str())).on_side(None);
        let slice = Slice { after: None, limit: CHANGES_MAX + 1, descending: false };
        let rows = self.api.model().positions(open, &slice).map_err(|_| End::Failed)?;
        if rows.len() > CHANGES_MAX {
            return Ok(Vec::new());
        }
        let of_priced =
            rows.into_iter().filter(|row| Symbol::new(&row.symbol).is_ok_and(|s| priced.contains(&s)));
        Ok(of_priced.map(|row| Told::Profit { profit: Box::new(positions::position_view(row)) }).collect())
    }

    /// Nothing leaves before what it tells is durable.
    async fn send(&self, socket: &mut WebSocket, told: Vec<Told>) -> Result<(), End> {
        if told.is_empty() {
            return Ok(());
        }
        self.api.durable(self.api.settled()).await.map_err(|_| End::Failed)?;
        for message in told {
            let text = serde_json::to_string(&message).map_err(|_| End::Failed)?;
            post(socket, Message::Text(text.into())).await?;
        }
        Ok(())
    }
}

async fn post(socket: &mut WebSocket, message: Message) -> Result<(), End> {
    match tokio::time::timeout(SEND_WAIT, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(End::Gone),
    }
}
