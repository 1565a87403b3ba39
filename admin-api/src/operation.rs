//! Every operation of the API, and the one table of who may call it.
//!
//! A route that is not in this table is not served, whatever the router says; the tests walk all of it with every role.

use assay_trading_types::UserRole::{
    self, Admin, Auditor, Compliance, FirmAdmin, KycReviewer, LoanOfficer, Operations, Risk, Trader, Viewer,
};
use axum::http::Method;

/// Whose things a caller may see or change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The caller's own.
    Own,
    /// Those of the caller's firm.
    Firm,
    /// Everybody's.
    All,
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody (AUTH-9 keeps this list short).
    Public,
    /// Whoever is logged in, even while a second factor is still to be set up.
    Enrolling,
    /// Whoever is logged in, on own things.
    SignedIn,
    /// Whoever is logged in, on own things; these roles on things in their scope.
    OwnOr(&'static [(UserRole, Scope)]),
    /// These roles, on things in their scope.
    Roles(&'static [(UserRole, Scope)]),
}

impl Access {
    /// The widest scope that roles have here; nothing when none of them may.
    pub fn scope_of<'a>(self, roles: impl IntoIterator<Item = &'a UserRole>) -> Option<Scope> {
        match self {
            Self::Public | Self::Enrolling | Self::SignedIn => Some(Scope::Own),
            Self::OwnOr(table) => Some(widest(table, roles).unwrap_or(Scope::Own)),
            Self::Roles(table) => widest(table, roles),
        }
    }
}

fn widest<'a>(table: &[(UserRole, Scope)], roles: impl IntoIterator<Item = &'a UserRole>) -> Option<Scope> {
    let scope_of = |role| table.iter().find(|(r, _)| r == role).map(|(_, scope)| *scope);
    roles.into_iter().filter_map(scope_of).max()
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident $text:literal $method:ident $path:literal $access:expr;)*) => {
        /// An operation: one method on one path.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation { $($(#[$doc])* $name,)* }

        impl Operation {
            /// Every operation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name, as `operationId` in the document and in records.
            pub const fn name(self) -> &'static str { match self { $(Self::$name => $text,)* } }

            /// Its method.
            pub const fn method(self) -> Method { match self { $(Self::$name => Method::$method,)* } }

            /// Its path, with `{names}` for what varies.
            pub const fn path(self) -> &'static str { match self { $(Self::$name => $path,)* } }

            /// Who may call it.
            pub const fn access(self) -> Access { match self { $(Self::$name => $access,)* } }
        }
    };
}

/// Four documents of 10 MiB and what is written beside them (kyc.md, limits).
const SUBMISSION_BYTES_MAX: usize = 4 * (10 << 20) + (256 << 10);

/// A statement of as many lines as one may have, in base64.
const BANK_FILE_BYTES_MAX: usize = 8 << 20;

/// Staff who look after users.
const USERS_READ: Access = Access::Roles(&[
    (Admin, Scope::All),
    (Compliance, Scope::All),
    (Auditor, Scope::All),
    (FirmAdmin, Scope::Firm),
]);
const USERS_WRITE: Access = Access::Roles(&[(Admin, Scope::All), (FirmAdmin, Scope::Firm)]);
const ADMIN: Access = Access::Roles(&[(Admin, Scope::All)]);
/// Whoever takes part in changes that need two.
const PROPOSALS_READ: Access = Access::Roles(&[
    (Admin, Scope::All),
    (Operations, Scope::All),
    (Risk, Scope::All),
    (Compliance, Scope::All),
    (KycReviewer, Scope::All),
    (Auditor, Scope::All),
]);
const PROPOSALS_WRITE: Access = Access::Roles(&[
    (Admin, Scope::All),
    (Operations, Scope::All),
    (Risk, Scope::All),
    (Compliance, Scope::All),
    (KycReviewer, Scope::All),
]);
pub(crate) const REVIEW: Access =
    Access::Roles(&[(Admin, Scope::All), (Compliance, Scope::All), (Auditor, Scope::All)]);

/// Who sees what firms do: staff all of it, a firm's users their own.
pub(crate) const TRADING_READ: Access = Access::Roles(&[
    (Admin, Scope::All),
    (Operations, Scope::All),
    (Risk, Scope::All),
    (Compliance, Scope::All),
    (Auditor, Scope::All),
    (FirmAdmin, Scope::Firm),
    (Trader, Scope::Firm),
    (Viewer, Scope::Firm),
]);
/// Who trades for a firm.
const ORDERS_WRITE: Access = Access::Roles(&[(FirmAdmin, Scope::Firm), (Trader, Scope::Firm)]);
/// Who ends an order: its firm, and staff that sees harm.
const ORDERS_CANCEL: Access = Access::Roles(&[
    (Operations, Scope::All),
    (Risk, Scope::All),
    (FirmAdmin, Scope::Firm),
    (Trader, Scope::Firm),
]);
const OPERATIONS: Access = Access::Roles(&[(Operations, Scope::All)]);
/// Personal data: nobody but owners, reviewers and compliance (KYC-8).
const KYC_TABLE: &[(UserRole, Scope)] = &[(KycReviewer, Scope::All), (Compliance, Scope::All)];
const KYC_QUEUE: Access = Access::Roles(KYC_TABLE);
const KYC_FILE: Access = Access::OwnOr(KYC_TABLE);
const KYC_REVIEW: Access = Access::Roles(&[(KycReviewer, Scope::All)]);
const COMPLIANCE: Access = Access::Roles(&[(Compliance, Scope::All)]);
const COMPLIANCE_READ: Access = Access::Roles(&[(Compliance, Scope::All), (Auditor, Scope::All)]);
/// Officers: whoever answers for what reports say. Who made one does not certify it.
const CERTIFY: Access =
    Access::Roles(&[(Admin, Scope::All), (Operations, Scope::All), (Compliance, Scope::All)]);
const JOBS_READ: Access =
    Access::Roles(&[(Admin, Scope::All), (Operations, Scope::All), (Auditor, Scope::All)]);
/// Whoever looks after the node, and those who judge what it does.
const OPERATOR_VIEW: Access = Access::Roles(&[
    (Admin, Scope::All),
    (Operations, Scope::All),
    (Risk, Scope::All),
    (Compliance, Scope::All),
    (Auditor, Scope::All),
]);
/// One's own mail, or everybody's for those who run the venue.
const MAIL_READ: Access =
    Access::OwnOr(&[(Admin, Scope::All), (Operations, Scope::All), (Auditor, Scope::All)]);
/// One's own alerts, or the venue's for operators.
const ALERTS: Access = Access::OwnOr(&[
    (Admin, Scope::All),
    (Operations, Scope::All),
    (Risk, Scope::All),
    (Compliance, Scope::All),
]);
const RISK: Access = Access::Roles(&[(Risk, Scope::All)]);

/// Whoever looks at FIX sessions: staff at all, a firm's administrator at its own.
const FIX_SESSIONS_READ: Access = Access::Roles(&[
    (Admin, Scope::All),
    (Operations, Scope::All),
    (Risk, Scope::All),
    (Compliance, Scope::All),
    (Auditor, Scope::All),
    (FirmAdmin, Scope::Firm),
]);
const FIX_SESSIONS_WRITE: Access = Access::Roles(&[(Admin, Scope::All), (Operations, Scope::All)]);
/// Whoever sees harm may stop a session.
const FIX_SESSIONS_STOP: Access = Access::Roles(&[
    (Admin, Scope::All),
    (Operations, Scope::All),
    (Risk, Scope::All),
    (FirmAdmin, Scope::Firm),
]);
/// Operator, risk or the counterparty's administrator.
const SWITCHES_WRITE: Access = Access::Roles(&[
    (Admin, Scope::All),
    (Operations, Scope::All),
    (Risk, Scope::All),
    (FirmAdmin, Scope::Firm),
]);
const LIMITS_WRITE: Access = Access::Roles(&[(Admin, Scope::All), (Risk, Scope::All)]);
/// Whoever moves a firm's money: its administrator, or operations on its word.
const MONEY_ASK: Access = Access::Roles(&[(Operations, Scope::All), (FirmAdmin, Scope::Firm)]);
/// Loans: staff see all, a firm's users their own.
pub(crate) const LOANS_READ: Access = Access::Roles(&[
    (LoanOfficer, Scope::All),
    (Admin, Scope::All),
    (Operations, Scope::All),
    (Risk, Scope::All),
    (Compliance, Scope::All),
    (Auditor, Scope::All),
    (FirmAdmin, Scope::Firm),
    (Trader, Scope::Firm),
    (Viewer, Scope::Firm),
]);
/// What is offered, for everybody; what waits of it, for those who look after it.
const LOAN_PRODUCTS_READ: Access = Access::OwnOr(&[
    (LoanOfficer, Scope::All),
    (Admin, Scope::All),
    (Risk, Scope::All),
    (Compliance, Scope::All),
    (Auditor, Scope::All),
]);
const LOAN_OFFICER: Access = Access::Roles(&[(LoanOfficer, Scope::All)]);
const LOAN_QUEUE: Access = Access::Roles(&[(LoanOfficer, Scope::All), (Auditor, Scope::All)]);
/// Nobody but the borrower: a firm's own administrator.
const BORROWER: Access = Access::Roles(&[(FirmAdmin, Scope::Firm)]);
/// Whoever may see any report; each report has its own table of who.
const REPORTS: Access = Access::Roles(&[
    (Admin, Scope::All),
    (Operations, Scope::All),
    (Risk, Scope::All),
    (Compliance, Scope::All),
    (Auditor, Scope::All),
    (LoanOfficer, Scope::All),
    (KycReviewer, Scope::All),
    (FirmAdmin, Scope::Firm),
    (Trader, Scope::Firm),
    (Viewer, Scope::Firm),
]);
/// The house's books.
pub(crate) const LEDGER_READ: Access = Access::Roles(&[
    (Admin, Scope::All),
    (Operations, Scope::All),
    (Compliance, Scope::All),
    (Auditor, Scope::All),
]);

operations! {
    /// The API's document.
    ReadDocument "read_document" GET "/api/v1/openapi.json" Access::Public;
    /// Public halves of the token signing keys.
    ReadJwks "read_jwks" GET "/api/v1/auth/jwks" Access::Public;
    /// The first administrator, by whoever can read the node's key.
    CreateFirstAdministrator "create_first_administrator" POST "/api/v1/auth/first-administrator" Access::Public;
    /// Somebody registers.
    Register "register" POST "/api/v1/auth/register" Access::Public;
    /// Password (and second factor) for tokens.
    LogIn "log_in" POST "/api/v1/auth/login" Access::Public;
    /// A refresh token for the next pair.
    Refresh "refresh" POST "/api/v1/auth/refresh" Access::Public;
    /// Confirm an address.
    ConfirmEmail "confirm_email" POST "/api/v1/auth/confirm-email" Access::Public;
    /// Choose the first password.
    AcceptInvitation "accept_invitation" POST "/api/v1/auth/accept-invitation" Access::Public;
    /// Ask for a reset link.
    RequestPasswordReset "request_password_reset" POST "/api/v1/auth/password-reset" Access::Public;
    /// Use a reset link.
    ConfirmPasswordReset "confirm_password_reset" POST "/api/v1/auth/password-reset-confirm" Access::Public;
    /// End this login.
    LogOut "log_out" POST "/api/v1/auth/logout" Access::Enrolling;
    /// Own user.
    ReadMe "read_me" GET "/api/v1/auth/me" Access::Enrolling;
    /// Change own profile.
    ChangeMe "change_me" PATCH "/api/v1/auth/me" Access::SignedIn;
    /// Change own password.
    ChangePassword "change_password" POST "/api/v1/auth/me/password" Access::SignedIn;
    /// Wish another address.
    ChangeEmail "change_email" POST "/api/v1/auth/me/email" Access::SignedIn;
    /// Prepare a second factor.
    BeginTotp "begin_totp" POST "/api/v1/auth/me/totp" Access::Enrolling;
    /// Prove it.
    ConfirmTotp "confirm_totp" POST "/api/v1/auth/me/totp/confirm" Access::Enrolling;
    /// Own preferences.
    ReadPreferences "read_preferences" GET "/api/v1/auth/me/preferences" Access::SignedIn;
    /// Change them.
    SetPreferences "set_preferences" PUT "/api/v1/auth/me/preferences" Access::SignedIn;
    /// Own logins.
    ListLogins "list_logins" GET "/api/v1/auth/me/logins" Access::SignedIn;
    /// End all own logins.
    EndLogins "end_logins" DELETE "/api/v1/auth/me/logins" Access::SignedIn;
    /// End one of them.
    EndLogin "end_login" DELETE "/api/v1/auth/me/logins/{id}" Access::SignedIn;
    /// Own keys for machines.
    ListApiKeys "list_api_keys" GET "/api/v1/auth/me/api-keys" Access::SignedIn;
    /// Make one.
    CreateApiKey "create_api_key" POST "/api/v1/auth/me/api-keys" Access::SignedIn;
    /// Revoke one.
    RevokeApiKey "revoke_api_key" DELETE "/api/v1/auth/me/api-keys/{id}" Access::SignedIn;
    /// Sign tokens with a new key.
    RotateSigningKey "rotate_signing_key" POST "/api/v1/auth/signing-keys" ADMIN;
    /// Users.
    ListUsers "list_users" GET "/api/v1/users" USERS_READ;
    /// Invite one.
    InviteUser "invite_user" POST "/api/v1/users" USERS_WRITE;
    /// One user.
    ReadUser "read_user" GET "/api/v1/users/{id}" USERS_READ;
    /// Change roles and firm.
    SetRoles "set_roles" PUT "/api/v1/users/{id}/roles" USERS_WRITE;
    /// Let a user log in again.
    ActivateUser "activate_user" POST "/api/v1/users/{id}/activate" USERS_WRITE;
    /// Let a user log in no more.
    DeactivateUser "deactivate_user" POST "/api/v1/users/{id}/deactivate" USERS_WRITE;
    /// End all logins of a user.
    EndUserLogins "end_user_logins" DELETE "/api/v1/users/{id}/logins" USERS_WRITE;
    /// Take away a lost second factor.
    RemoveTotp "remove_totp" DELETE "/api/v1/users/{id}/totp" USERS_WRITE;
    /// Who may do what, as of now.
    AccessReview "access_review" GET "/api/v1/reports/access-review" REVIEW;
    /// What reports there are.
    ListReports "list_reports" GET "/api/v1/reports" REPORTS;
    /// Make one.
    RunReport "run_report" GET "/api/v1/reports/{name}" REPORTS;
    /// What was made.
    ListReportRuns "list_report_runs" GET "/api/v1/report-runs" REPORTS;
    /// One of them.
    ReadReportRun "read_report_run" GET "/api/v1/report-runs/{id}" REPORTS;
    /// Make the same again.
    RepeatReport "repeat_report" GET "/api/v1/report-runs/{id}/content" REPORTS;
    /// What waits for a second person, and what was decided.
    ListProposals "list_proposals" GET "/api/v1/proposals" PROPOSALS_READ;
    /// One of them.
    ReadProposal "read_proposal" GET "/api/v1/proposals/{id}" PROPOSALS_READ;
    /// Do it.
    ApproveProposal "approve_proposal" POST "/api/v1/proposals/{id}/approve" PROPOSALS_WRITE;
    /// Do not.
    RejectProposal "reject_proposal" POST "/api/v1/proposals/{id}/reject" PROPOSALS_WRITE;
    /// Forget it.
    WithdrawProposal "withdraw_proposal" POST "/api/v1/proposals/{id}/withdraw" PROPOSALS_WRITE;
    /// Firms.
    ListFirms "list_firms" GET "/api/v1/firms" TRADING_READ;
    /// One firm.
    ReadFirm "read_firm" GET "/api/v1/firms/{id}" TRADING_READ;
    /// A firm, or other terms of one.
    OpenFirm "open_firm" PUT "/api/v1/firms/{id}" OPERATIONS;
    /// Money or a position for an account.
    CreditAccount "credit_account" POST "/api/v1/firms/{id}/credits" OPERATIONS;
    /// Instruments.
    ListInstruments "list_instruments" GET "/api/v1/instruments" Access::SignedIn;
    /// An instrument, or other terms of one.
    ListInstrument "list_instrument" PUT "/api/v1/instruments/{id}" OPERATIONS;
    /// A reference price.
    SetReferencePrice "set_reference_price" PUT "/api/v1/instruments/{id}/reference-price" RISK;
    /// Orders.
    ListOrders "list_orders" GET "/api/v1/orders" TRADING_READ;
    /// An order of the own firm.
    PlaceOrder "place_order" POST "/api/v1/orders" ORDERS_WRITE;
    /// Prepare one that waits.
    StageOrder "stage_order" POST "/api/v1/orders/staged" ORDERS_WRITE;
    /// Orders that wait.
    ListStagedOrders "list_staged_orders" GET "/api/v1/orders/staged" TRADING_READ;
    /// Place one of them.
    ReleaseOrder "release_order" POST "/api/v1/orders/staged/{id}/release" ORDERS_WRITE;
    /// Give one of them up.
    DiscardOrder "discard_order" DELETE "/api/v1/orders/staged/{id}" ORDERS_WRITE;
    /// Other terms for one.
    ReplaceOrder "replace_order" PATCH "/api/v1/orders/{id}" ORDERS_WRITE;
    /// An end to one.
    CancelOrder "cancel_order" DELETE "/api/v1/orders/{id}" ORDERS_CANCEL;
    /// The same.
    CancelOrderByPost "cancel_order_by_post" POST "/api/v1/orders/{id}/cancel" ORDERS_CANCEL;
    /// One order.
    ReadOrder "read_order" GET "/api/v1/orders/{id}" TRADING_READ;
    /// Fills.
    ListExecutions "list_executions" GET "/api/v1/executions" TRADING_READ;
    /// What accounts have of instruments, and what it gained.
    ListPositions "list_positions" GET "/api/v1/positions" TRADING_READ;
    /// One of them.
    ReadPosition "read_position" GET "/api/v1/positions/{account}/{symbol}" TRADING_READ;
    /// An end to it.
    ClosePosition "close_position" POST "/api/v1/positions/{account}/{symbol}/close" ORDERS_WRITE;
    /// Money and positions together.
    ReadPortfolio "read_portfolio" GET "/api/v1/portfolio" TRADING_READ;
    /// How a firm trades.
    ReadPerformance "read_performance" GET "/api/v1/orders/performance_metrics" TRADING_READ;
    /// Hand in an identity file.
    SubmitKyc "submit_kyc" POST "/api/v1/kyc/submit" Access::SignedIn;
    /// How far the own proof is.
    ReadKycStatus "read_kyc_status" GET "/api/v1/kyc/status" Access::SignedIn;
    /// Identity files, those that wait first.
    ListKycFiles "list_kyc_files" GET "/api/v1/kyc/pending" KYC_QUEUE;
    /// One of them.
    ReadKycFile "read_kyc_file" GET "/api/v1/kyc/{id}" KYC_FILE;
    /// A document of one.
    ReadKycImage "read_kyc_image" GET "/api/v1/kyc/{id}/files/{kind}" KYC_FILE;
    /// Take a file, or give it back.
    AssignKyc "assign_kyc" POST "/api/v1/kyc/{id}/assign" KYC_QUEUE;
    /// Ask for another.
    RequestMoreKyc "request_more_kyc" POST "/api/v1/kyc/{id}/request-more" KYC_REVIEW;
    /// The client is who the file says.
    ApproveKyc "approve_kyc" POST "/api/v1/kyc/{id}/approve" KYC_REVIEW;
    /// The client is not.
    RejectKyc "reject_kyc" POST "/api/v1/kyc/{id}/reject" KYC_REVIEW;
    /// An approved file counts no more.
    RevokeKyc "revoke_kyc" POST "/api/v1/kyc/{id}/revoke" COMPLIANCE;
    /// Destroy a file's key.
    EraseKyc "erase_kyc" POST "/api/v1/kyc/{id}/erase" COMPLIANCE;
    /// A provider's word on a file.
    TakeKycAdvice "take_kyc_advice" POST "/api/v1/kyc/provider/callback" Access::Public;
    /// Own notices.
    ListNotices "list_notices" GET "/api/v1/notifications" Access::SignedIn;
    /// One was read.
    MarkNoticeRead "mark_notice_read" POST "/api/v1/notifications/{id}/read" Access::SignedIn;
    /// All were read.
    MarkAllNoticesRead "mark_all_notices_read" POST "/api/v1/notifications/read-all" Access::SignedIn;
    /// How notices reach oneself.
    ReadNoticeChannels "read_notice_channels" GET "/api/v1/notifications/preferences" Access::SignedIn;
    /// Change that.
    SetNoticeChannels "set_notice_channels" PUT "/api/v1/notifications/preferences" Access::SignedIn;
    /// What became of mail.
    ListMailDeliveries "list_mail_deliveries" GET "/api/v1/notifications/deliveries" MAIL_READ;
    /// Own alert rules.
    ListAlertRules "list_alert_rules" GET "/api/v1/alerts/rules" Access::SignedIn;
    /// One more.
    CreateAlertRule "create_alert_rule" POST "/api/v1/alerts/rules" Access::SignedIn;
    /// One of them.
    ReadAlertRule "read_alert_rule" GET "/api/v1/alerts/rules/{id}" Access::SignedIn;
    /// Make it another.
    ChangeAlertRule "change_alert_rule" PATCH "/api/v1/alerts/rules/{id}" Access::SignedIn;
    /// End one.
    DeleteAlertRule "delete_alert_rule" DELETE "/api/v1/alerts/rules/{id}" Access::SignedIn;
    /// Alerts.
    ListAlerts "list_alerts" GET "/api/v1/alerts" ALERTS;
    /// Look after one.
    AcknowledgeAlert "acknowledge_alert" POST "/api/v1/alerts/{id}/acknowledge" ALERTS;
    /// It is over.
    ResolveAlert "resolve_alert" POST "/api/v1/alerts/{id}/resolve" ALERTS;
    /// A ticket for the live channel.
    IssueTicket "issue_ticket" POST "/api/v1/ws/tickets" Access::SignedIn;
    /// The live channel; the ticket says whose.
    OpenLive "open_live" GET "/api/v1/ws/notifications" Access::Public;
    /// Own webhooks.
    ListWebhooks "list_webhooks" GET "/api/v1/webhooks" Access::SignedIn;
    /// Make one.
    CreateWebhook "create_webhook" POST "/api/v1/webhooks" Access::SignedIn;
    /// One of them.
    ReadWebhook "read_webhook" GET "/api/v1/webhooks/{id}" Access::SignedIn;
    /// Make it another.
    ChangeWebhook "change_webhook" PUT "/api/v1/webhooks/{id}" Access::SignedIn;
    /// End one.
    DeleteWebhook "delete_webhook" DELETE "/api/v1/webhooks/{id}" Access::SignedIn;
    /// Another secret for one.
    RollWebhookSecret "roll_webhook_secret" POST "/api/v1/webhooks/{id}/roll-secret" Access::SignedIn;
    /// Send it a trial.
    TryWebhook "try_webhook" POST "/api/v1/webhooks/{id}/try" Access::SignedIn;
    /// What it was told.
    ListWebhookDeliveries "list_webhook_deliveries" GET "/api/v1/webhooks/{id}/deliveries" Access::SignedIn;
    /// Tell it again.
    Redeliver "redeliver" POST "/api/v1/webhooks/{id}/deliveries/{delivery}/redeliver" Access::SignedIn;
    /// Jobs, their last and next runs.
    ListJobs "list_jobs" GET "/api/v1/system/jobs" JOBS_READ;
    /// Run one now.
    RunJob "run_job" POST "/api/v1/system/jobs/{name}/run" OPERATIONS;
    /// How business stands.
    ReadSystemHealth "read_system_health" GET "/api/v1/system/health" OPERATOR_VIEW;
    /// Figures of the whole.
    ReadSystemMetrics "read_system_metrics" GET "/api/v1/system/metrics" OPERATOR_VIEW;
    /// FIX sessions.
    ListFixSessions "list_fix_sessions" GET "/api/v1/fix-sessions" FIX_SESSIONS_READ;
    /// One of them.
    ReadFixSession "read_fix_session" GET "/api/v1/fix-sessions/{id}" FIX_SESSIONS_READ;
    /// Make one.
    CreateFixSession "create_fix_session" POST "/api/v1/fix-sessions" FIX_SESSIONS_WRITE;
    /// Change its settings.
    ChangeFixSession "change_fix_session" PATCH "/api/v1/fix-sessions/{id}" FIX_SESSIONS_WRITE;
    /// Replace its keys.
    RekeyFixSession "rekey_fix_session" PUT "/api/v1/fix-sessions/{id}/keys" FIX_SESSIONS_WRITE;
    /// Replace its hours.
    ScheduleFixSession "schedule_fix_session" PUT "/api/v1/fix-sessions/{id}/schedule" FIX_SESSIONS_WRITE;
    /// Log it out for now.
    SuspendFixSession "suspend_fix_session" POST "/api/v1/fix-sessions/{id}/suspend" FIX_SESSIONS_STOP;
    /// Let it log on again.
    ResumeFixSession "resume_fix_session" POST "/api/v1/fix-sessions/{id}/resume" FIX_SESSIONS_WRITE;
    /// Begin its numbers at 1.
    ResetFixSession "reset_fix_session" POST "/api/v1/fix-sessions/{id}/reset" FIX_SESSIONS_WRITE;
    /// Set its numbers.
    SetFixSessionNumbers "set_fix_session_numbers" PUT "/api/v1/fix-sessions/{id}/numbers" FIX_SESSIONS_WRITE;
    /// Stop a scope, or let it go on.
    SetRiskSwitch "set_risk_switch" PUT "/api/v1/risk/switches" SWITCHES_WRITE;
    /// Ask for other limits.
    ProposeLimits "propose_limits" POST "/api/v1/risk/limit-changes" LIMITS_WRITE;
    /// Approve of them.
    ApproveLimits "approve_limits" POST "/api/v1/risk/limit-changes/{id}/approve" LIMITS_WRITE;
    /// Turn them down.
    DeclineLimits "decline_limits" POST "/api/v1/risk/limit-changes/{id}/decline" LIMITS_WRITE;
    /// Close what repeated executions opened.
    ResetBreaker "reset_breaker" POST "/api/v1/risk/breakers/reset" LIMITS_WRITE;
    /// Shares located for short sales.
    ListLocates "list_locates" GET "/api/v1/risk/locates" TRADING_READ;
    /// Ask that located shares be counted.
    ProposeLocate "propose_locate" POST "/api/v1/risk/locates" LIMITS_WRITE;
    /// Let them count.
    ApproveLocate "approve_locate" POST "/api/v1/risk/locates/{id}/approve" LIMITS_WRITE;
    /// Turn them down.
    DeclineLocate "decline_locate" POST "/api/v1/risk/locates/{id}/decline" LIMITS_WRITE;
    /// Give them back.
    ReleaseLocate "release_locate" POST "/api/v1/risk/locates/{id}/release" LIMITS_WRITE;
    /// Ask that a trade be undone.
    BustTrade "bust_trade" POST "/api/v1/executions/{id}/bust" OPERATIONS;
    /// Ask that a trade have another price.
    CorrectTrade "correct_trade" POST "/api/v1/executions/{id}/correct" OPERATIONS;
    /// What accounts have of each asset.
    ListWallets "list_wallets" GET "/api/v1/wallets" TRADING_READ;
    /// What one account has of one asset, now or then.
    ReadWallet "read_wallet" GET "/api/v1/wallets/{account}/{asset}" TRADING_READ;
    /// What came and went there.
    ListWalletEntries "list_wallet_entries" GET "/api/v1/wallets/{account}/{asset}/entries" TRADING_READ;
    /// The same over days, with what was there before and after.
    ReadStatement "read_statement" GET "/api/v1/wallets/{account}/{asset}/statement" TRADING_READ;
    /// Announce money.
    CreateDeposit "create_deposit" POST "/api/v1/deposits" MONEY_ASK;
    /// Deposits.
    ListDeposits "list_deposits" GET "/api/v1/deposits" TRADING_READ;
    /// One of them.
    ReadDeposit "read_deposit" GET "/api/v1/deposits/{id}" TRADING_READ;
    /// It has arrived.
    ConfirmDeposit "confirm_deposit" POST "/api/v1/deposits/{id}/confirm" OPERATIONS;
    /// It will not.
    RejectDeposit "reject_deposit" POST "/api/v1/deposits/{id}/reject" OPERATIONS;
    /// Take it back.
    CancelDeposit "cancel_deposit" POST "/api/v1/deposits/{id}/cancel" MONEY_ASK;
    /// A processor's word on a deposit.
    TakePaymentNotice "take_payment_notice" POST "/api/v1/payments/{processor}/callback" Access::Public;
    /// Ask for money.
    RequestWithdrawal "request_withdrawal" POST "/api/v1/withdrawals" MONEY_ASK;
    /// Withdrawals.
    ListWithdrawals "list_withdrawals" GET "/api/v1/withdrawals" TRADING_READ;
    /// One of them.
    ReadWithdrawal "read_withdrawal" GET "/api/v1/withdrawals/{id}" TRADING_READ;
    /// Let it go out.
    ApproveWithdrawal "approve_withdrawal" POST "/api/v1/withdrawals/{id}/approve" OPERATIONS;
    /// Do not.
    RejectWithdrawal "reject_withdrawal" POST "/api/v1/withdrawals/{id}/reject" OPERATIONS;
    /// Take it back.
    CancelWithdrawal "cancel_withdrawal" POST "/api/v1/withdrawals/{id}/cancel" MONEY_ASK;
    /// It was handed over.
    SendWithdrawal "send_withdrawal" POST "/api/v1/withdrawals/{id}/send" OPERATIONS;
    /// It has arrived.
    CompleteWithdrawal "complete_withdrawal" POST "/api/v1/withdrawals/{id}/complete" OPERATIONS;
    /// It will not arrive.
    FailWithdrawal "fail_withdrawal" POST "/api/v1/withdrawals/{id}/fail" OPERATIONS;
    /// Move money to another account.
    CreateTransfer "create_transfer" POST "/api/v1/transfers" MONEY_ASK;
    /// Make money another currency.
    CreateConversion "create_conversion" POST "/api/v1/conversions" MONEY_ASK;
    /// Charge a fee.
    ChargeFee "charge_fee" POST "/api/v1/fees" OPERATIONS;
    /// Movements of money of every kind.
    ListTransactions "list_transactions" GET "/api/v1/transactions" TRADING_READ;
    /// One of them.
    ReadTransaction "read_transaction" GET "/api/v1/transactions/{id}" TRADING_READ;
    /// Let happen what waits.
    ApproveTransaction "approve_transaction" POST "/api/v1/transactions/{id}/approve" OPERATIONS;
    /// Do not.
    RejectTransaction "reject_transaction" POST "/api/v1/transactions/{id}/reject" OPERATIONS;
    /// Take it back.
    CancelTransaction "cancel_transaction" POST "/api/v1/transactions/{id}/cancel" MONEY_ASK;
    /// Undo it.
    ReverseTransaction "reverse_transaction" POST "/api/v1/transactions/{id}/reverse" OPERATIONS;
    /// Where a firm withdraws to.
    ListBeneficiaries "list_beneficiaries" GET "/api/v1/beneficiaries" MONEY_ASK;
    /// One more.
    AddBeneficiary "add_beneficiary" POST "/api/v1/beneficiaries" MONEY_ASK;
    /// One less.
    RemoveBeneficiary "remove_beneficiary" DELETE "/api/v1/beneficiaries/{id}" MONEY_ASK;
    /// Rates in force.
    ListConversionRates "list_conversion_rates" GET "/api/v1/conversion-rates" Access::SignedIn;
    /// Set one.
    SetConversionRate "set_conversion_rate" PUT "/api/v1/conversion-rates" RISK;
    /// What trades cost.
    ListFeeSchedules "list_fee_schedules" GET "/api/v1/fee-schedules" TRADING_READ;
    /// Set it.
    SetFeeSchedule "set_fee_schedule" PUT "/api/v1/fee-schedules" OPERATIONS;
    /// What the house pays on balances.
    ListBalanceInterest "list_balance_interest" GET "/api/v1/balance-interest" Access::SignedIn;
    /// Set it.
    SetBalanceInterest "set_balance_interest" PUT "/api/v1/balance-interest" OPERATIONS;
    /// Accounts of the books.
    ListLedgerAccounts "list_ledger_accounts" GET "/api/v1/ledger/accounts" LEDGER_READ;
    /// Entries of one.
    ListLedgerEntries "list_ledger_entries" GET "/api/v1/ledger/accounts/{id}/entries" LEDGER_READ;
    /// What compliance checks found.
    ListViolations "list_violations" GET "/api/v1/compliance/violations" COMPLIANCE_READ;
    /// One of them.
    ReadViolation "read_violation" GET "/api/v1/compliance/violations/{id}" COMPLIANCE_READ;
    /// Says something of it, looks after it, or is done with it.
    ChangeViolation "change_violation" PATCH "/api/v1/compliance/violations/{id}" COMPLIANCE;
    /// What laws and codes ask, and whether it is so.
    ListControls "list_controls" GET "/api/v1/compliance/controls" COMPLIANCE_READ;
    /// What is looked into.
    ListCases "list_cases" GET "/api/v1/compliance/cases" COMPLIANCE_READ;
    /// Something is to be looked into.
    OpenCase "open_case" POST "/api/v1/compliance/cases" COMPLIANCE;
    /// One case.
    ReadCase "read_case" GET "/api/v1/compliance/cases/{id}" COMPLIANCE_READ;
    /// More is known of it.
    NoteCase "note_case" POST "/api/v1/compliance/cases/{id}/notes" COMPLIANCE;
    /// Its records must be kept, or no longer.
    HoldCase "hold_case" PUT "/api/v1/compliance/cases/{id}/hold" COMPLIANCE;
    /// It is over.
    CloseCase "close_case" POST "/api/v1/compliance/cases/{id}/close" COMPLIANCE;
    /// All that happened to what it is about.
    ReadCaseTimeline "read_case_timeline" GET "/api/v1/compliance/cases/{id}/timeline" COMPLIANCE_READ;
    /// Records, with their hashes.
    ListAuditTrail "list_audit_trail" GET "/api/v1/compliance/audit-trail" COMPLIANCE_READ;
    /// Whether nobody changed them.
    VerifyAuditTrail "verify_audit_trail" GET "/api/v1/compliance/audit-trail/verify" COMPLIANCE_READ;
    /// An officer stands for a report.
    CertifyReport "certify_report" POST "/api/v1/report-runs/{id}/certify" CERTIFY;
    /// Debits and credits.
    ReadTrialBalance "read_trial_balance" GET "/api/v1/ledger/trial-balance" LEDGER_READ;
    /// The books against what they come from.
    ReadReconciliation "read_reconciliation" GET "/api/v1/ledger/reconciliation" LEDGER_READ;
    /// The same as the job found it.
    ListReconciliations "list_reconciliations" GET "/api/v1/ledger/reconciliations" LEDGER_READ;
    /// Statements of the house's banks.
    ListBankStatements "list_bank_statements" GET "/api/v1/ledger/bank-statements" LEDGER_READ;
    /// Bring one in.
    ImportBankStatement "import_bank_statement" POST "/api/v1/ledger/bank-statements" OPERATIONS;
    /// Their lines.
    ListBankLines "list_bank_lines" GET "/api/v1/ledger/bank-lines" LEDGER_READ;
    /// Say what a line is.
    ResolveBankLine "resolve_bank_line" POST "/api/v1/ledger/bank-lines/{id}/resolve" OPERATIONS;
    /// Loan products.
    ListLoanProducts "list_loan_products" GET "/api/v1/loan-products" LOAN_PRODUCTS_READ;
    /// One more, if another person approves.
    ProposeLoanProduct "propose_loan_product" POST "/api/v1/loan-products" LOAN_OFFICER;
    /// One of them.
    ReadLoanProduct "read_loan_product" GET "/api/v1/loan-products/{id}" LOAN_PRODUCTS_READ;
    /// Other terms, or none any more.
    ChangeLoanProduct "change_loan_product" PATCH "/api/v1/loan-products/{id}" LOAN_OFFICER;
    /// Put proposed terms in force.
    ApproveLoanProduct "approve_loan_product" POST "/api/v1/loan-products/{id}/approve" LOAN_OFFICER;
    /// Turn proposed terms down.
    DeclineLoanProduct "decline_loan_product" POST "/api/v1/loan-products/{id}/decline" LOAN_OFFICER;
    /// Take own proposed terms back.
    WithdrawLoanProduct "withdraw_loan_product" POST "/api/v1/loan-products/{id}/withdraw" LOAN_OFFICER;
    /// What a loan would cost.
    QuoteLoan "quote_loan" GET "/api/v1/loan-products/{id}/quote" Access::SignedIn;
    /// Apply for a loan.
    ApplyForLoan "apply_for_loan" POST "/api/v1/loans" BORROWER;
    /// Loans.
    ListLoans "list_loans" GET "/api/v1/loans" LOANS_READ;
    /// Applications that wait.
    ListPendingLoans "list_pending_loans" GET "/api/v1/loans/pending" LOAN_QUEUE;
    /// One loan.
    ReadLoan "read_loan" GET "/api/v1/loans/{id}" LOANS_READ;
    /// Its instalments to come.
    ReadLoanSchedule "read_loan_schedule" GET "/api/v1/loans/{id}/schedule" LOANS_READ;
    /// The terms it was made under.
    ReadLoanTerms "read_loan_terms" GET "/api/v1/loans/{id}/terms" LOANS_READ;
    /// Take an application back.
    CancelLoan "cancel_loan" POST "/api/v1/loans/{id}/cancel" BORROWER;
    /// Agree to one.
    ApproveLoan "approve_loan" POST "/api/v1/loans/{id}/approve" LOAN_OFFICER;
    /// Decline one.
    RejectLoan "reject_loan" POST "/api/v1/loans/{id}/reject" LOAN_OFFICER;
    /// Pay out.
    DisburseLoan "disburse_loan" POST "/api/v1/loans/{id}/disburse" LOAN_OFFICER;
    /// Pay back.
    RepayLoan "repay_loan" POST "/api/v1/loans/{id}/repay" BORROWER;
    /// Add collateral.
    PledgeCollateral "pledge_collateral" POST "/api/v1/loans/{id}/pledge" BORROWER;
    /// Take collateral back.
    ReleaseCollateral "release_collateral" POST "/api/v1/loans/{id}/release" BORROWER;
    /// Ask to give a loan up.
    ProposeLoanWriteOff "propose_loan_write_off" POST "/api/v1/loans/{id}/write-off" LOAN_OFFICER;
    /// Give it up.
    WriteOffLoan "write_off_loan" POST "/api/v1/loans/{id}/write-off/approve" LOAN_OFFICER;
    /// Payments on loans.
    ListLoanRepayments "list_loan_repayments" GET "/api/v1/loan-repayments" LOANS_READ;
    /// What became of an own command.
    ReadCommand "read_command" GET "/api/v1/commands/{id}" Access::Enrolling;
}

impl Operation {
    /// The operation of a method on a route of the router.
    pub fn of(method: &Method, path: &str) -> Option<Self> {
        // A HEAD is a GET whose body is not sent.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        Self::ALL.iter().copied().find(|op| op.path() == path && op.method() == *method)
    }

    /// From its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|op| op.name() == name)
    }

    /// Largest body it takes, where that is more than the configured one.
    pub fn body_bytes_max(self) -> Option<usize> {
        match self {
            Self::SubmitKyc => Some(SUBMISSION_BYTES_MAX),
            Self::ImportBankStatement => Some(BANK_FILE_BYTES_MAX),
            _ => None,
        }
    }

    /// Whether a person must do it, with a second factor, and no key for a machine: where money goes, and the second
    /// person's word.
    pub(crate) fn takes_a_person(self) -> bool {
        use Operation as O;
        self.name().starts_with("approve_")
            || matches!(
                self,
                O::RequestWithdrawal
                    | O::AddBeneficiary
                    | O::ConfirmDeposit
                    | O::ReverseTransaction
                    | O::DisburseLoan
                    | O::WriteOffLoan
                    | O::CertifyReport
                    | O::ResetBreaker
            )
    }

    /// Whether it ends harm, or an order: it stops a scope, a session, somebody's way in or money on its way out. That waits
    /// for no budget that other calls have used up.
    pub(crate) fn ends_harm(self) -> bool {
        use Operation as O;
        matches!(
            self,
            O::CancelOrder
                | O::CancelOrderByPost
                | O::SetRiskSwitch
                | O::SuspendFixSession
                | O::DeactivateUser
                | O::EndUserLogins
                | O::EndLogin
                | O::EndLogins
                | O::RevokeApiKey
                | O::RejectWithdrawal
                | O::CancelWithdrawal
                | O::RejectTransaction
                | O::CancelTransaction
                | O::RemoveBeneficiary
        )
    }

    /// Whether it changes something.
    pub fn is_write(self) -> bool {
        self.method() != Method::GET
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_routes_are_unique_and_found() {
        for op in Operation::ALL {
            assert_eq!(Operation::of(&op.method(), op.path()), Some(*op));
            assert_eq!(Operation::from_name(op.name()), Some(*op));
        }
    }

    #[test]
    fn several_roles_have_the_widest_scope() {
        assert_eq!(USERS_READ.scope_of(&[FirmAdmin, Auditor]), Some(Scope::All));
        assert_eq!(USERS_READ.scope_of(&[FirmAdmin, Viewer]), Some(Scope::Firm));
        assert_eq!(USERS_READ.scope_of(&[Viewer]), None);
        assert_eq!(USERS_READ.scope_of(&[]), None);
    }

    /// Each is a write that takes something away: a budget of its own for anything else would be a way round the others.
    #[test]
    fn what_ends_harm_is_named() {
        let ends_harm = |op: &&Operation| op.ends_harm();
        let names: Vec<&str> = Operation::ALL.iter().filter(ends_harm).map(|op| op.name()).collect();
        let named = [
            "end_logins",
            "end_login",
            "revoke_api_key",
            "deactivate_user",
            "end_user_logins",
            "cancel_order",
            "cancel_order_by_post",
            "suspend_fix_session",
            "set_risk_switch",
            "reject_withdrawal",
            "cancel_withdrawal",
            "reject_transaction",
            "cancel_transaction",
            "remove_beneficiary",
        ];
        let sorted = |mut names: Vec<&'static str>| {
            names.sort_unstable();
            names
        };
        assert_eq!(sorted(names), sorted(named.to_vec()));
    }

    /// An auditor reads and changes nothing but what is its own.
    #[test]
    fn an_auditor_changes_nothing() {
        for op in Operation::ALL.iter().filter(|op| op.is_write()) {
            if let Access::Roles(_) = op.access() {
                assert_eq!(op.access().scope_of(&[Auditor]), None, "{}", op.name());
            }
        }
    }
}
