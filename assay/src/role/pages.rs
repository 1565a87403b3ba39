//! Health of a process that waits: `/healthz` and `/readyz`, until its role leads and has pages of its own.

use crate::health;
use crate::node::NodeError;
use assay_admin_api::TlsPort;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tower::ServiceExt;

/// Serves for as long as the process lives.
pub(super) struct PhasePages {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    phase: Mutex<String>,
    pages: Arc<OnceLock<Router>>,
}

impl PhasePages {
    /// # Errors
    /// The address is taken.
    pub(super) fn serve(listen: SocketAddr, tls: Option<TlsPort>) -> Result<Self, NodeError> {
        let io = |source| NodeError::Io {
            doing: format!("listen on {listen} for health and metrics (--health names another address)"),
            source,
        };
        let (listener, address) = health::bind(listen).map_err(io)?;
        let shared = Arc::new(Shared::default());
        let app = Router::new().fallback(page).with_state(Arc::clone(&shared));
        std::thread::Builder::new()
            .name("health".to_owned())
            .spawn(move || {
                if let Err(error) = health::serve(listener, tls, app, std::future::pending()) {
                    tracing::error!(%error, "health is served no longer");
                }
            })
            .map_err(io)?;
        Ok(Self { address, shared })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the process does now.
    pub(super) fn say(&self, phase: &str) {
        phase.clone_into(&mut self.shared.phase.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Where the pages of the role go.
    pub(super) fn slot(&self) -> Arc<OnceLock<Router>> {
        Arc::clone(&self.shared.pages)
    }
}

async fn page(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    if let Some(pages) = shared.pages.get() {
        // A router answers everything.
        return pages.clone().oneshot(request).await.into_response();
    }
    let phase = shared.phase.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match request.uri().path() {
        "/healthz" => "ok\n".into_response(),
        "/readyz" => (StatusCode::SERVICE_UNAVAILABLE, format!("{phase}\n")).into_response(),
        _ => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
