//! The pages that links in mails lead to: a token and, where one is chosen, a password, sent to the API by the browser.
//!
//! Nothing happens by opening a link, for what scans mail opens links. The script is in the page, allowed by its digest, and
//! takes the token out of the address before anything else.

use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// A page: the link's path, what it is for, where it sends the token, and whether a password is chosen.
struct LinkPage {
    path: &'static str,
    title: &'static str,
    button: &'static str,
    sends_to: &'static str,
    chooses_password: bool,
}

const PAGES: [LinkPage; 3] = [
    LinkPage {
        path: "/accept-invitation",
        title: "You are invited",
        button: "Choose this password",
        sends_to: "/api/v1/auth/accept-invitation",
        chooses_password: true,
    },
    LinkPage {
        path: "/confirm-email",
        title: "Confirm your address",
        button: "Confirm",
        sends_to: "/api/v1/auth/confirm-email",
        chooses_password: false,
    },
    LinkPage {
        path: "/password-reset",
        title: "Choose a new password",
        button: "Choose this password",
        sends_to: "/api/v1/auth/password-reset-confirm",
        chooses_password: true,
    },
];

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:26em;margin:4em auto;padding:0 1em;color:#1a1a1a}\
label{display:block;margin:1em 0}input{display:block;width:100%;font:inherit;padding:.4em;box-sizing:border-box}\
button{font:inherit;padding:.4em 1em}";

const SCRIPT: &str = r#"
const token = new URLSearchParams(location.search).get("token") ?? "";
history.replaceState(null, "", location.pathname);
const form = document.querySelector("form"), said = document.querySelector("output");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = { token, ...Object.fromEntries(new FormData(form)) };
  said.textContent = "";
  try {
    const answer = await fetch(form.dataset.to, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    if (answer.ok) {
      form.hidden = true;
      said.textContent = "Done. You can close this page.";
      return;
    }
    const problem = await answer.json();
    const faults = (problem.errors ?? []).map((fault) => fault.field + ": " + fault.message);
    said.textContent = [problem.title, problem.detail, ...faults].filter(Boolean).join(". ");
  } catch {
    said.textContent = "There was no answer. Try again.";
  }
});
"#;

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let digest = BASE64_STANDARD.encode(Sha256::digest(SCRIPT));
    format!(
        "default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; connect-src 'self'; \
         form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
});

/// All of them.
pub(crate) fn routes() -> Router {
    PAGES.iter().fold(Router::new(), |router, page| router.route(page.path, get(async || shown(page))))
}

fn shown(page: &LinkPage) -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY.as_str()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, Html(html(page))).into_response()
}

fn html(page: &LinkPage) -> String {
    let LinkPage { title, button, sends_to, .. } = page;
    let passwords = if page.chooses_password {
        "<label>Password, at least 12 characters\
         <input type=\"password\" name=\"password\" autocomplete=\"new-password\" minlength=\"12\" required></label>\
         <label>The same once more\
         <input type=\"password\" name=\"password_confirmation\" autocomplete=\"new-password\" required></label>"
    } else {
        ""
    };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>\
         <form data-to=\"{sends_to}\">{passwords}<button>{button}</button></form><p><output></output></p>\
         <noscript>This page needs JavaScript.</noscript><script>{SCRIPT}</script></body></html>\n"
    )
}
