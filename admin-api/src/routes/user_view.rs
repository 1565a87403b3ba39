//! A user as others see it.

use crate::state::{AdminState, KycStanding, User};
use assay_trading_types::{FirmId, KycSubject, Timestamp, UserId, UserRole};
use serde::Serialize;
use utoipa::ToSchema;

/// A user, without secrets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserView {
    /// Its id.
    #[schema(value_type = String, example = "usr_0192f3a4b5c60123456789abcdef0123")]
    id: UserId,
    /// Address.
    #[schema(example = "ada@firm1.example")]
    email: String,
    /// Whether the address is proven.
    #[schema(example = true)]
    email_confirmed: bool,
    /// Name that others see.
    #[schema(example = "ada.king")]
    username: String,
    /// First name.
    #[schema(example = "Ada")]
    first_name: String,
    /// Last name.
    #[schema(example = "King")]
    last_name: String,
    /// Phone.
    #[schema(example = "+44 20 7946 0000")]
    phone: String,
    /// What it may do.
    #[schema(value_type = Vec<String>, example = json!(["trader"]))]
    roles: Vec<UserRole>,
    /// The firm of a firm's user.
    #[schema(value_type = Option<String>, example = "FIRM1")]
    firm: Option<FirmId>,
    /// May log in.
    #[schema(example = true)]
    active: bool,
    /// Has a second factor in force.
    #[schema(example = true)]
    second_factor: bool,
    /// How far the proof of its identity is.
    kyc_status: KycStanding,
    /// Whether its identity is proven.
    #[schema(example = true)]
    verified: bool,
    /// Code others may register with.
    #[schema(example = "AB12CD34")]
    referral_code: String,
    /// Whose code it registered with.
    #[schema(value_type = Option<String>, example = json!(null))]
    referred_by: Option<UserId>,
    /// Last login, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    last_login: Option<String>,
    /// When it was made, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    created: String,
    /// When it last changed, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    updated: String,
    /// For If-Match.
    #[schema(example = 1)]
    version: u64,
}

pub(super) fn view(state: &AdminState, user: &User, now: Timestamp) -> UserView {
    let kyc_status = state.kyc.standing(&KycSubject::User(user.id), now);
    UserView {
        id: user.id,
        email: user.email.clone(),
        email_confirmed: user.email_confirmed,
        username: user.username.clone(),
        first_name: user.profile.first_name.clone(),
        last_name: user.profile.last_name.clone(),
        phone: user.profile.phone.clone(),
        roles: user.roles.iter().copied().collect(),
        firm: user.firm,
        active: user.active,
        second_factor: user.totp.is_active(),
        kyc_status,
        verified: kyc_status == KycStanding::Approved,
        referral_code: user.referral_code.clone(),
        referred_by: user.referred_by,
        last_login: user.last_login.map(|at| at.to_string()),
        created: user.created.to_string(),
        updated: user.updated.to_string(),
        version: user.version,
    }
}
