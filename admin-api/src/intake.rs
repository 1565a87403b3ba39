//! What every request goes through before its handler, and every answer before it leaves.
//!
//! ```text
//! request id, trace -> host -> operation (none: 404, 405) -> body, bounded -> who -> budget -> may they -> handler
//! answer <- headers <- everything it depends on is durable <-----------------------------------------------+
//! ```

use crate::access_token;
use crate::api::Api;
use crate::asked::{Asked, Caller};
use crate::browser;
use crate::call_log::Call;
use crate::listener::Peer;
use crate::operation::{Access, Operation, Scope};
use crate::problem::{Problem, ProblemKind};
use crate::rate_limit::Allowance;
use crate::secrets::SecretOf;
use crate::signature::{SCHEME, Signed};
use crate::state::User;
use assay_trading_types::{AccessRefused, ApiKeyId, LoginId, TraceId, UserId};
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tracing::{Instrument, field};

/// Longest request id, Idempotency-Key or trace that is taken from a client.
const NAME_MAX: usize = 128;

/// Longest that a body may take to come in: nobody holds a place by sending slowly.
const BODY_WAIT: Duration = Duration::from_secs(60);

/// Cancels and stops, an hour and user, from a budget of their own: whoever has used up the other may still end harm.
const STOPS_PER_H: u32 = 10_000;

/// Words of processors on payments, an hour and address: ten a second.
const PAYMENT_NOTICES_PER_H: u32 = 36_000;

/// Bytes of a body that is too large which are read and thrown away: whoever still sends does not read the answer.
const DISCARDED_BYTES_MAX: usize = 64 << 20;

/// The middleware.
pub(crate) async fn intake(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let request_id = request_id(&api, request.headers());
    let began = api.now();
    let mut call = Call {
        at: began,
        request_id: request_id.clone(),
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        address: address(&api, &request),
        ..Call::default()
    };
    // Whatever is logged on the way names the call.
    let span =
        tracing::error_span!("request", id = request_id, trace = field::Empty, operation = field::Empty);
    let response = taken(&api, request, next, request_id, &mut call).instrument(span).await;
    note_refused_access(&api, &call, &response);
    if let Some(log) = &api.call_log {
        call.status = response.status().as_u16();
        call.took_us = api.now().since_ns(began) / 1_000;
        log.note(call);
    }
    response
}

/// What a known caller may not do stands in the log, whatever becomes of files.
fn note_refused_access(api: &Api, call: &Call, response: &Response) {
    let is_refused = matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    let (Some(user), Some(operation), Some(trace), true) =
        (call.user, call.operation, call.trace, is_refused)
    else {
        return;
    };
    let Some(unrecorded) = api.refused_access().take(user, operation, api.now()) else { return };
    let why = response.extensions().get::<ProblemKind>().map_or("", |kind| kind.slug());
    let (operation, address, why) = (operation.name().to_owned(), call.address.to_string(), why.to_owned());
    api.write_down_by(user, trace, AccessRefused { user, operation, address, why, unrecorded }.into());
}

/// Pages that need no login and change nothing: from the budget of strangers, with the headers of every answer.
pub(crate) async fn pages(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let request_id = request_id(&api, request.headers());
    let is_script_page = request.uri().path().starts_with("/api/docs");
    let address = address(&api, &request);
    let (mut response, allowance) = match take_anonymous(&api, address) {
        Err(problem) => (problem.into_response(), None),
        Ok(allowance) => (next.run(request).await, Some(allowance)),
    };
    if is_script_page {
        response.headers_mut().insert("content-security-policy", HeaderValue::from_static(SCRIPTS));
    }
    decorated(response, &api, &request_id, allowance, None)
}

async fn taken(
    api: &Arc<Api>,
    request: Request,
    next: Next,
    request_id: String,
    call: &mut Call,
) -> Response {
    let origin = allowed_origin(api, request.headers());
    if request.method() == Method::OPTIONS {
        return decorated(preflight(origin.is_some()), api, &request_id, None, origin);
    }
    // Held until the answer is made: a large body and what is made of it take memory as long.
    let large = operation(&request).is_ok_and(|operation| operation.body_bytes_max().is_some());
    let _room = match large.then(|| api.uploads.try_acquire()).transpose() {
        Ok(room) => room,
        Err(_) => {
            let busy = Problem::later(ProblemKind::Unavailable, 1).into_response();
            return decorated(busy, api, &request_id, None, origin);
        }
    };
    let (response, allowance) = match admit(api, request, call).await {
        Err(problem) => (problem.into_response(), None),
        Ok(Admitted { request, allowance, csrf }) => {
            let response = next.run(request).await;
            // What the handler read may not be on disk yet.
            let mut response = match api.durable(api.settled()).await {
                Ok(()) => response,
                Err(problem) => problem.into_response(),
            };
            if let Some(token) = csrf.and_then(|token| HeaderValue::from_str(&token).ok()) {
                response.headers_mut().insert(browser::CSRF_HEADER, token);
            }
            (response, Some(allowance))
        }
    };
    tracing::debug!(status = response.status().as_u16(), "answered");
    decorated(response, api, &request_id, allowance, origin)
}

/// A request that may go on.
struct Admitted {
    request: Request,
    allowance: Allowance,
    /// What writes of a browser's login must show, told with every answer to it.
    csrf: Option<String>,
}

/// Everything before the handler.
async fn admit(api: &Arc<Api>, request: Request, call: &mut Call) -> Result<Admitted, Problem> {
    if !is_served_host(api, request.headers()) {
        return Err(Problem::new(ProblemKind::UnknownHost));
    }
    let operation = operation(&request)?;
    call.operation = Some(operation);
    tracing::Span::current().record("operation", operation.name());
    if !api.is_recovered() {
        return Err(Problem::later(ProblemKind::Unavailable, 1));
    }
    let address = call.address;
    let trace = trace(request.headers()).unwrap_or_else(|| api.ids.bytes());
    call.trace = Some(trace);
    tracing::Span::current().record("trace", hex::encode(trace));
    let (mut parts, body) = request.into_parts();
    let bytes_max = match operation.body_bytes_max() {
        None => api.config.body_bytes_max,
        // So much is read from nobody who is not logged in, and not from many at a time.
        Some(bytes_max) => {
            if !is_logged_in(api, &parts.headers) {
                take_anonymous(api, address)?;
                return Err(Problem::new(ProblemKind::Unauthenticated));
            }
            bytes_max
        }
    };
    let body = tokio::time::timeout(BODY_WAIT, whole(body, bytes_max)).await;
    let body = body.map_err(|_| Problem::later(ProblemKind::Unavailable, 1))??;
    let target = parts.uri.path_and_query().map_or("/", |t| t.as_str()).to_owned();
    let credentials = credentials(api, &parts.headers, address, &parts.method, &target, &body, operation);
    let caller = match (operation.access(), credentials) {
        (Access::Public, _) => None,
        (_, Ok(caller)) => Some(caller),
        (_, Err(problem)) => {
            // Guessing credentials costs from the budget of strangers.
            take_anonymous(api, address)?;
            return Err(problem);
        }
    };
    let allowance = match &caller {
        None if operation == Operation::TakePaymentNotice => take_payments(api, address)?,
        None if matches!(operation, Operation::LogIn | Operation::Refresh) => {
            take_signing_in(api, address, operation)?
        }
        None => match ticket_holder(api, operation, parts.uri.query()) {
            Some(user) => take(api, user.as_str(), api.config.rates.user_per_h)?,
            None => take_anonymous(api, address)?,
        },
        Some(caller) => take_users(api, caller, operation)?,
    };
    if let Some(known) = &caller {
        call.user = Some(known.caller.user);
    }
    let caller = caller.map(|caller| permitted(caller, operation)).transpose()?;
    let csrf = caller.as_ref().and_then(|caller| caller.csrf.clone());
    let asked = Asked {
        operation,
        trace,
        address,
        digest: digest(&parts.method, &target, &body),
        idempotency_key: name_header(&parts.headers, "idempotency-key")?,
        expected_version: expected_version(&parts.headers)?,
        caller: caller.map(|c| c.caller),
        peer: None,
    };
    parts.extensions.insert(Arc::new(asked));
    Ok(Admitted { request: Request::from_parts(parts, Body::from(body)), allowance, csrf })
}

/// A body that is not larger than it may be. One that is larger is read on for a while, so that its sender hears why.
async fn whole(mut body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    let (mut kept, mut seen) = (BytesMut::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let broken = |_| Problem::field("body", "ended before its end");
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        seen = seen.saturating_add(data.len());
        if seen <= bytes_max {
            kept.extend_from_slice(&data);
        } else if seen > bytes_max.max(DISCARDED_BYTES_MAX) {
            break;
        } else {
            kept = BytesMut::new();
        }
    }
    if seen > bytes_max { Err(Problem::new(ProblemKind::TooLarge)) } else { Ok(kept.freeze()) }
}

fn operation(request: &Request) -> Result<Operation, Problem> {
    let not_found = || Problem::new(ProblemKind::NotFound);
    let path = request.extensions().get::<MatchedPath>().ok_or_else(not_found)?.as_str();
    Operation::of(request.method(), path).ok_or_else(|| {
        let elsewhere = Operation::ALL.iter().any(|op| op.path() == path);
        if elsewhere { Problem::new(ProblemKind::Method) } else { not_found() }
    })
}

/// A caller, and what its credentials are limited to.
struct Credentials {
    caller: Caller,
    /// Only good for setting up a second factor.
    enrolling: bool,
    /// Operations that a key may call; all for a login.
    scopes: Option<Vec<String>>,
    /// What writes must show when the login is a browser's.
    csrf: Option<String>,
}

fn credentials(
    api: &Api,
    headers: &HeaderMap,
    address: IpAddr,
    method: &Method,
    target: &str,
    body: &Bytes,
    operation: Operation,
) -> Result<Credentials, Problem> {
    let refuse = || Problem::new(ProblemKind::Unauthenticated);
    let Some(text) = headers.get(header::AUTHORIZATION) else { return by_cookie(api, headers, method) };
    let text = text.to_str().map_err(|_| refuse())?;
    let (scheme, value) = text.split_once(' ').ok_or_else(refuse)?;
    if scheme.eq_ignore_ascii_case("Bearer") {
        return by_token(api, value).ok_or_else(refuse);
    }
    if scheme != SCHEME || operation.access() == Access::Enrolling {
        return Err(refuse());
    }
    let signed = Signed::parse(value).ok_or_else(refuse)?;
    let secret = api.secrets.token(SecretOf::ApiKey, signed.key.as_str());
    let body_digest = hex::encode(Sha256::digest(body));
    if !signed.verifies(&secret, method.as_str(), target, &body_digest) {
        return Err(refuse());
    }
    let found = by_key(api, &signed.key, address).ok_or_else(refuse)?;
    let mut nonces = api.nonces.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !nonces.take(&signed, api.started, api.now()) {
        return Err(refuse());
    }
    Ok(found)
}

/// A browser's login. What a page of another origin could have sent without knowing its answer is refused (CSRF).
fn by_cookie(api: &Api, headers: &HeaderMap, method: &Method) -> Result<Credentials, Problem> {
    let refuse = || Problem::new(ProblemKind::Unauthenticated);
    let token = browser::cookie(headers, browser::ACCESS).ok_or_else(refuse)?;
    let found = by_token(api, token).ok_or_else(refuse)?;
    let login = found.caller.login.ok_or_else(refuse)?;
    let csrf = browser::csrf(&api.secrets, &login);
    if !method.is_safe() && !browser::shows(headers, &csrf) {
        return Err(Problem::new(ProblemKind::Csrf));
    }
    Ok(Credentials { csrf: Some(csrf), ..found })
}

fn is_logged_in(api: &Api, headers: &HeaderMap) -> bool {
    if headers.get(header::AUTHORIZATION).is_none() {
        return browser::cookie(headers, browser::ACCESS).is_some_and(|token| by_token(api, token).is_some());
    }
    let text = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let token = text
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    token.is_some_and(|(_, token)| by_token(api, token).is_some())
}

fn by_token(api: &Api, token: &str) -> Option<Credentials> {
    let now = api.now();
    let state = api.state();
    let claims = access_token::verify(&state.identity, token, now)?;
    let login = state.identity.login(&claims.sid).filter(|l| l.user == claims.sub && l.is_live(now))?;
    let user = state.active_user(&claims.sub)?;
    Some(Credentials {
        caller: caller(user, Some(login.id), None),
        enrolling: login.enrolling,
        scopes: None,
        csrf: None,
    })
}

fn by_key(api: &Api, id: &ApiKeyId, address: IpAddr) -> Option<Credentials> {
    let state = api.state();
    let key = state.identity.api_key(id).filter(|key| key.is_live(api.now()))?;
    let networks = key.addresses.iter().filter_map(|text| crate::network::Network::parse(text).ok());
    if !key.addresses.is_empty() && !networks.into_iter().any(|net| net.contains(address)) {
        return None;
    }
    let user = state.active_user(&key.user)?;
    let scopes = Some(key.scopes.iter().cloned().collect());
    Some(Credentials { caller: caller(user, None, Some(*id)), enrolling: false, scopes, csrf: None })
}

fn caller(user: &User, login: Option<LoginId>, api_key: Option<ApiKeyId>) -> Caller {
    Caller { user: user.id, login, api_key, firm: user.firm, roles: user.roles.clone(), scope: Scope::Own }
}

fn permitted(mut credentials: Credentials, operation: Operation) -> Result<Credentials, Problem> {
    let forbidden = || Problem::new(ProblemKind::Forbidden);
    if credentials.enrolling && operation.access() != Access::Enrolling {
        return Err(Problem::new(ProblemKind::Enrol));
    }
    if let Some(scopes) = &credentials.scopes {
        if operation.takes_a_person() {
            let words = "a key for a machine may not do this: log in with a second factor";
            return Err(Problem::because(ProblemKind::Forbidden, words));
        }
        if !scopes.iter().any(|scope| scope == operation.name()) {
            return Err(forbidden());
        }
    }
    let scope = operation.access().scope_of(&credentials.caller.roles).ok_or_else(forbidden)?;
    credentials.caller.scope = scope;
    Ok(credentials)
}

fn take_anonymous(api: &Api, address: IpAddr) -> Result<Allowance, Problem> {
    take(api, &network_of(address), api.config.rates.anonymous_per_h)
}

/// Whoever shows a ticket costs from the own budget: an office has one address and many users.
fn ticket_holder(api: &Api, operation: Operation, query: Option<&str>) -> Option<UserId> {
    let query = query.filter(|_| operation == Operation::OpenLive)?;
    let ticket = query.split('&').find_map(|pair| pair.strip_prefix("ticket="))?;
    api.live.holder(ticket, api.now())
}

/// A processor calls for all its clients, from few addresses; what is not signed costs us a hash.
fn take_payments(api: &Api, address: IpAddr) -> Result<Allowance, Problem> {
    take(api, &format!("{} payments", network_of(address)), PAYMENT_NOTICES_PER_H)
}

/// Who comes in, or stays in, does not share a budget with strangers of the same address; those who stay in are many at
/// the address of an office.
fn take_signing_in(api: &Api, address: IpAddr, operation: Operation) -> Result<Allowance, Problem> {
    let rates = &api.config.rates;
    let per_h = if operation == Operation::Refresh { rates.user_per_h } else { rates.anonymous_per_h };
    take(api, &format!("{} {}", network_of(address), operation.name()), per_h)
}

fn take_users(api: &Api, credentials: &Credentials, operation: Operation) -> Result<Allowance, Problem> {
    let rates = &api.config.rates;
    let user = credentials.caller.user;
    let by_role = credentials.caller.roles.iter().filter_map(|role| rates.roles_per_h.get(role)).max();
    let per_h = by_role.copied().unwrap_or(0).max(rates.user_per_h);
    if operation.ends_harm() {
        return take(api, &format!("{user} stops"), STOPS_PER_H.max(per_h));
    }
    if let Some(per_h) = rates.operations_per_h.get(&operation) {
        take(api, &format!("{user} {}", operation.name()), *per_h)?;
    }
    take(api, user.as_str(), per_h)
}

fn take(api: &Api, caller: &str, per_h: u32) -> Result<Allowance, Problem> {
    let now = api.now();
    api.limiter().take(caller, per_h, now).map_err(|seconds| Problem::later(ProblemKind::RateLimit, seconds))
}

/// Whoever has an IPv6 address has 2^64 of them.
fn network_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("{:x}::/64", v6.to_bits() >> 64),
    }
}

/// Who sent it: the peer, or behind proxies that are trusted the last who is none of them.
fn address(api: &Api, request: &Request) -> IpAddr {
    let connected = request.extensions().get::<ConnectInfo<Peer>>();
    let peer =
        connected.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(Peer(peer))| peer.ip().to_canonical());
    let is_proxy = |address: &IpAddr| api.config.trusted_proxies.iter().any(|net| net.contains(*address));
    if !is_proxy(&peer) {
        return peer;
    }
    let named = request.headers().get_all("x-forwarded-for").into_iter().filter_map(|v| v.to_str().ok());
    let hops: Vec<IpAddr> = named
        .flat_map(|line| line.split(','))
        .map_while(|hop| hop.trim().parse::<IpAddr>().ok())
        .map(|hop| hop.to_canonical())
        .collect();
    hops.into_iter().rev().find(|hop| !is_proxy(hop)).unwrap_or(peer)
}

fn is_served_host(api: &Api, headers: &HeaderMap) -> bool {
    let hosts = &api.config.hosts;
    let host = headers.get(header::HOST).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    hosts.is_empty() || hosts.iter().any(|served| served.eq_ignore_ascii_case(name))
}

fn digest(method: &Method, target: &str, body: &Bytes) -> String {
    let mut hash = Sha256::new();
    hash.update(method.as_str());
    hash.update("\n");
    hash.update(target);
    hash.update("\n");
    hash.update(body);
    hex::encode(hash.finalize())
}

fn name_header(headers: &HeaderMap, name: &str) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = value.to_str().ok().filter(|t| is_name(t));
    text.map(|t| Some(t.to_owned()))
        .ok_or_else(|| Problem::field(name, "must have 1 to 128 printable characters"))
}

fn is_name(text: &str) -> bool {
    (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// If-Match: `"3"` for version 3; `*` for any.
fn expected_version(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    match headers.get(header::IF_MATCH).map(|v| v.to_str().unwrap_or_default()) {
        None | Some("*") => Ok(None),
        Some(tag) => {
            let digits = tag.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
            let version = digits.and_then(|d| d.parse().ok());
            version
                .map(Some)
                .ok_or_else(|| Problem::field("if-match", "must be an ETag as given, e.g. \"3\""))
        }
    }
}

fn request_id(api: &Api, headers: &HeaderMap) -> String {
    let given = headers.get("x-request-id").and_then(|v| v.to_str().ok()).filter(|t| is_name(t));
    given.map_or_else(|| hex::encode(api.ids.bytes()), str::to_owned)
}

/// The trace id of a `traceparent` (W3C Trace Context).
fn trace(headers: &HeaderMap) -> Option<[u8; 16]> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, id, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if version.len() != 2 || version == "ff" || parent.len() != 16 || flags.len() != 2 {
        return None;
    }
    TraceId::from_hex(id).map(|trace| trace.0).filter(|trace| *trace != [0; 16])
}

pub(crate) fn allowed_origin(api: &Api, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    api.config
        .cors_origins
        .iter()
        .any(|allowed| allowed.as_bytes() == origin.as_bytes())
        .then(|| origin.clone())
}

fn preflight(allowed: bool) -> Response {
    if !allowed {
        return Problem::new(ProblemKind::Forbidden).into_response();
    }
    let allow = [
        ("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE"),
        (
            "access-control-allow-headers",
            "assay-position, authorization, content-type, idempotency-key, if-match, traceparent, x-csrf-token, x-request-id",
        ),
        ("access-control-max-age", "600"),
    ];
    (StatusCode::NO_CONTENT, allow).into_response()
}

/// The page that tries operations out has scripts and styles of its own, and calls this host.
const SCRIPTS: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                       connect-src 'self'; frame-ancestors 'none'";

/// What scripts of pages of other origins may read of an answer.
const EXPOSED: &str = "assay-position, etag, location, ratelimit-limit, ratelimit-remaining, ratelimit-reset, retry-after, \
                       x-csrf-token, x-request-id";

/// Headers of every answer (OPS rule 1).
const SECURITY: [(&str, &str); 9] = [
    ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("x-xss-protection", "0"),
    ("referrer-policy", "no-referrer"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

fn decorated(
    mut response: Response,
    api: &Api,
    request_id: &str,
    allowance: Option<Allowance>,
    origin: Option<HeaderValue>,
) -> Response {
    let headers = response.headers_mut();
    for (name, value) in SECURITY {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-request-id", id);
    }
    headers.insert("assay-position", HeaderValue::from(api.settled().0));
    if let Some(Allowance { limit, remaining, reset_s }) = allowance {
        headers.insert("ratelimit-limit", HeaderValue::from(limit));
        headers.insert("ratelimit-remaining", HeaderValue::from(remaining));
        headers.insert("ratelimit-reset", HeaderValue::from(reset_s));
    }
    if let Some(origin) = origin {
        headers.insert("access-control-allow-origin", origin);
        headers.insert("access-control-allow-credentials", HeaderValue::from_static("true"));
        headers.insert("access-control-expose-headers", HeaderValue::from_static(EXPOSED));
        headers.insert("vary", HeaderValue::from_static("origin"));
    }
    response
}
