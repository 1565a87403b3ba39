//! Logins of browsers: tokens in cookies that no script reads and no other site sends, and a token against writes that
//! another site makes the browser send (AUTH-13).

use crate::access_token;
use crate::secrets::{SecretOf, Secrets};
use assay_trading_types::LoginId;
use axum::http::{HeaderMap, HeaderValue, header};
use subtle::ConstantTimeEq;

/// The access token: to every path of this host, and no other host's.
pub(crate) const ACCESS: &str = "__Host-assay-access";

/// The refresh token: only to where logins begin and end.
pub(crate) const REFRESH: &str = "__Secure-assay-refresh";

const REFRESH_PATH: &str = "/api/v1/auth";

/// Seconds that a refresh token works (AUTH-2: a day).
const REFRESH_S: i64 = 86_400;

/// Where writes show that the page behind them knows this host's answers.
pub(crate) const CSRF_HEADER: &str = "x-csrf-token";

/// What writes of a login must show.
pub(crate) fn csrf(secrets: &Secrets, login: &LoginId) -> String {
    hex::encode(secrets.derive(SecretOf::Csrf, login.as_str()))
}

/// Whether a request shows it.
pub(crate) fn shows(headers: &HeaderMap, csrf: &str) -> bool {
    let given = headers.get(CSRF_HEADER).map(HeaderValue::as_bytes).unwrap_or_default();
    given.ct_eq(csrf.as_bytes()).into()
}

/// A cookie's value.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// Puts a pair of tokens into a browser.
pub(crate) fn keep(headers: &mut HeaderMap, access: &str, refresh: &str) {
    set(headers, ACCESS, access, "/", access_token::LIFETIME_S);
    set(headers, REFRESH, refresh, REFRESH_PATH, REFRESH_S);
}

/// Takes them out again.
pub(crate) fn forget(headers: &mut HeaderMap) {
    set(headers, ACCESS, "", "/", 0);
    set(headers, REFRESH, "", REFRESH_PATH, 0);
}

fn set(headers: &mut HeaderMap, name: &str, value: &str, path: &str, age_s: i64) {
    let text = format!("{name}={value}; Path={path}; Max-Age={age_s}; Secure; HttpOnly; SameSite=Strict");
    headers.append(header::SET_COOKIE, HeaderValue::from_str(&text).expect("tokens are printable ASCII"));
}
