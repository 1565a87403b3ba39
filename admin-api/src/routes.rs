//! The handlers, by what they are about. Each reads its input, asks the state or submits a command, and shows the outcome.

pub(crate) mod access_review;
pub(crate) mod alerts;
pub(crate) mod api_keys;
pub(crate) mod audit_trail;
pub(crate) mod balance_interest;
pub(crate) mod bank;
pub(crate) mod beneficiaries;
pub(crate) mod compliance;
pub(crate) mod deliveries;
pub(crate) mod deposits;
pub(crate) mod document;
pub(crate) mod fee_schedules;
pub(crate) mod firms;
pub(crate) mod first_administrator;
pub(crate) mod fix_sessions;
pub(crate) mod jobs;
pub(crate) mod kyc;
pub(crate) mod kyc_form;
pub(crate) mod kyc_provider;
pub(crate) mod kyc_review;
pub(crate) mod ledger;
pub(crate) mod live;
pub(crate) mod loan_decisions;
pub(crate) mod loan_products;
pub(crate) mod loan_terms;
pub(crate) mod loans;
pub(crate) mod locates;
pub(crate) mod me;
pub(crate) mod movements;
pub(crate) mod notifications;
pub(crate) mod orders;
pub(crate) mod payments;
mod portfolio;
pub(crate) mod positions;
pub(crate) mod proposals;
pub(crate) mod reason;
pub(crate) mod reconciliation;
pub(crate) mod registration;
pub(crate) mod report_runs;
pub(crate) mod reports;
pub(crate) mod risk_controls;
pub(crate) mod second_factor;
pub(crate) mod sessions;
pub(crate) mod staged_orders;
pub(crate) mod statement_pdf;
mod statements;
pub(crate) mod system;
pub(crate) mod trade_amendments;
pub(crate) mod trading;
pub(crate) mod transfers;
pub(crate) mod user_view;
pub(crate) mod users;
pub(crate) mod wallets;
pub(crate) mod webhooks;
pub(crate) mod withdrawals;
mod words;

use crate::api::Api;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// Every route.
pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    document::base()
        .merge(sessions::routes())
        .merge(compliance::routes())
        .merge(audit_trail::routes())
        .merge(first_administrator::routes())
        .merge(registration::routes())
        .merge(me::routes())
        .merge(second_factor::routes())
        .merge(api_keys::routes())
        .merge(users::routes())
        .merge(access_review::routes())
        .merge(reports::routes())
        .merge(report_runs::routes())
        .merge(kyc::routes())
        .merge(kyc_review::routes())
        .merge(kyc_provider::routes())
        .merge(notifications::routes())
        .merge(deliveries::routes())
        .merge(alerts::routes())
        .merge(live::routes())
        .merge(webhooks::routes())
        .merge(jobs::routes())
        .merge(system::routes())
        .merge(proposals::routes())
        .merge(firms::routes())
        .merge(trading::routes())
        .merge(trade_amendments::routes())
        .merge(orders::routes())
        .merge(staged_orders::routes())
        .merge(positions::routes())
        .merge(portfolio::routes())
        .merge(fix_sessions::routes())
        .merge(risk_controls::routes())
        .merge(locates::routes())
        .merge(wallets::routes())
        .merge(statements::routes())
        .merge(deposits::routes())
        .merge(payments::routes())
        .merge(withdrawals::routes())
        .merge(transfers::routes())
        .merge(movements::routes())
        .merge(beneficiaries::routes())
        .merge(fee_schedules::routes())
        .merge(balance_interest::routes())
        .merge(ledger::routes())
        .merge(bank::routes())
        .merge(reconciliation::routes())
        .merge(loan_products::routes())
        .merge(loans::routes())
        .merge(loan_decisions::routes())
}
