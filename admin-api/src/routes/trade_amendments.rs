//! Trades that are undone or priced anew (M-26, M-27): one of operations asks, another approves, the market decides.

use super::reason;
use super::reason::Reason;
use crate::answer::{Receipt, changed};
use crate::api::Api;
use crate::asked::Asked;
use crate::body::Body;
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use assay_trading_types::{ControlAction, ExecId, Price, TradeWanted};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(bust_trade)).routes(routes!(correct_trade))
}

/// Another price for a trade.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TradeCorrection {
    /// The price that it is to have, a decimal.
    #[schema(value_type = String, example = "9.98")]
    price: Price,
    /// For the record.
    #[schema(example = "wrong price")]
    reason: String,
}

/// Asks that a trade be undone, named by the ExecID(17) of either side's fill. Once somebody else approves, both sides get
/// 150=H, and the postings of its settlement are turned back.
#[utoipa::path(post, path = "/api/v1/executions/{id}/bust", operation_id = "bust_trade", tag = "trading",
    params(("id" = String, Path, description = "ExecID(17) of the fill", example = "E000000000000002D")),
    request_body = Reason, responses((status = 200, body = Receipt)))]
async fn bust_trade(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<Reason>,
) -> Result<Response, Problem> {
    propose(&api, &asked, &id, None, given.checked()?).await
}

/// Asks that a trade have another price, named by the ExecID(17) of either side's fill. Once somebody else approves, both sides
/// get 150=G, and the difference is posted.
#[utoipa::path(post, path = "/api/v1/executions/{id}/correct", operation_id = "correct_trade", tag = "trading",
    params(("id" = String, Path, description = "ExecID(17) of the fill", example = "E000000000000002D")),
    request_body = TradeCorrection, responses((status = 200, body = Receipt)))]
async fn correct_trade(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<TradeCorrection>,
) -> Result<Response, Problem> {
    let reason = reason::checked(&given.reason)?;
    if given.price.units() <= 0 {
        return Err(Problem::field("price", "must be above zero"));
    }
    propose(&api, &asked, &id, Some(given.price), reason).await
}

/// Only a trade that there is, and that is settled, is proposed; how it stands is read again when it is approved. A repeat is
/// what it was.
async fn propose(
    api: &Api,
    asked: &Asked,
    id: &str,
    price: Option<Price>,
    reason: String,
) -> Result<Response, Problem> {
    asked.caller()?;
    let wanted = match api.wanted_before(asked) {
        Some(wanted) => wanted,
        None => {
            let exec_id = ExecId::parse(id).ok_or(Problem::new(ProblemKind::NotFound))?;
            let sides = api.trade_sides(exec_id).await?;
            let (symbol, trade) = (sides[0].terms.symbol, sides[0].fill.trade);
            TradeWanted { exec_id, symbol, trade, price, reason }
        }
    };
    api.submit(asked, ControlAction::AmendTrade(wanted)).await.map(changed)
}
