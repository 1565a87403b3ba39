//! A user, a login, a token, a key: what each holds.

use assay_trading_types::{
    ApiKeyId, CommandId, FirmId, LoginId, NewUser, Preferences, Profile, Timestamp, UserId, UserRole,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A user of the back office.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Address in lower case, the name at login.
    pub email: String,
    /// Whether the address is proven.
    pub email_confirmed: bool,
    /// Name that others see.
    pub username: String,
    /// First and last name, phone.
    pub profile: Profile,
    /// What it may do.
    pub roles: BTreeSet<UserRole>,
    /// The firm of a firm's user.
    pub firm: Option<FirmId>,
    /// May log in.
    pub active: bool,
    /// argon2id, PHC string; none before an invitation is accepted.
    pub password_hash: Option<String>,
    /// Grows with every change of password or second factor.
    pub credentials: u64,
    /// Second factor.
    pub totp: Totp,
    /// Failures to log in since the last success.
    pub failures: u32,
    /// No login before.
    pub locked_until: Option<Timestamp>,
    /// Last login.
    pub last_login: Option<Timestamp>,
    /// Code others may register with.
    pub referral_code: String,
    /// Whose code it registered with.
    pub referred_by: Option<UserId>,
    /// How it wants to be told.
    pub preferences: Preferences,
    /// Version of the preferences.
    pub preferences_version: u64,
    /// Version of the rest, for If-Match.
    pub version: u64,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

impl User {
    pub(super) fn new(new: &NewUser, referred_by: Option<UserId>, at: Timestamp) -> Self {
        Self {
            id: new.user,
            email: new.email.clone(),
            email_confirmed: false,
            username: new.username.clone(),
            profile: new.profile.clone(),
            roles: new.roles.iter().copied().collect(),
            firm: new.firm,
            active: true,
            password_hash: new.password_hash.clone(),
            credentials: 1,
            totp: Totp::None,
            failures: 0,
            locked_until: None,
            last_login: None,
            referral_code: new.referral_code.clone(),
            referred_by,
            preferences: Preferences::default(),
            preferences_version: 1,
            version: 1,
            created: at,
            updated: at,
        }
    }

    /// Whether it is an administrator of the venue.
    pub fn is_administrator(&self) -> bool {
        self.roles.contains(&UserRole::Admin)
    }

    /// Whether its roles ask for a second factor.
    pub fn is_privileged(&self) -> bool {
        self.roles.iter().any(UserRole::is_privileged)
    }

    pub(super) fn changed(&mut self, at: Timestamp) -> super::Changed {
        self.version += 1;
        self.updated = at;
        (self.id.to_string(), self.version)
    }
}

/// A second factor by time (RFC 6238).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Totp {
    /// None.
    #[default]
    None,
    /// Given out, not yet proven.
    Prepared {
        /// Command that asked for it; the node's key derives the secret from it.
        secret: CommandId,
    },
    /// In force.
    Active {
        /// Command that asked for it; the node's key derives the secret from it.
        secret: CommandId,
        /// Last time step used.
        last_step: u64,
        /// SHA-256 of the recovery codes left, hex.
        recovery: BTreeSet<String>,
    },
}

impl Totp {
    /// Whether it is in force.
    pub fn is_active(&self) -> bool {
        matches!(self, Self::Active { .. })
    }
}

/// A login: one chain of refresh tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Login {
    /// Its id.
    pub id: LoginId,
    /// Whose.
    pub user: UserId,
    /// Number of the refresh token that works.
    pub generation: u64,
    /// Only good for setting up the second factor, which the user's roles need.
    pub enrolling: bool,
    /// The client's network address at login.
    pub address: Option<String>,
    /// The client's own name.
    pub agent: Option<String>,
    /// When it began.
    pub created: Timestamp,
    /// Last refresh.
    pub refreshed: Timestamp,
    /// When it ends by itself.
    pub expires: Timestamp,
    /// When it was ended.
    pub ended: Option<Timestamp>,
}

impl Login {
    /// Whether it is good at `at`.
    pub fn is_live(&self, at: Timestamp) -> bool {
        self.ended.is_none() && at < self.expires
    }
}

/// What a one-time token allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Confirm the address of a registration.
    ConfirmEmail,
    /// Confirm a new address.
    ChangeEmail {
        /// The new one.
        email: String,
    },
    /// Choose a first password.
    AcceptInvitation,
    /// Choose another password.
    ResetPassword,
}

/// A one-time token that is not spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneTime {
    /// Whose.
    pub user: UserId,
    /// For what.
    pub purpose: Purpose,
    /// Until when.
    pub expires: Timestamp,
}

/// A key for machines. Its secret is derived from its id and the node's key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Whose rights it has.
    pub user: UserId,
    /// What the user calls it.
    pub name: String,
    /// Operations it may call.
    pub scopes: BTreeSet<String>,
    /// Addresses (CIDR) it may come from; any when empty.
    pub addresses: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// For If-Match.
    pub version: u64,
}

impl ApiKey {
    /// Whether it is good at `at`.
    pub fn is_live(&self, at: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|expires| at < expires)
    }
}

/// A key that access tokens are signed with; its secret is derived from its id and the node's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    /// Its id.
    pub kid: String,
    /// Ed25519 public key, hex.
    pub public: String,
    /// From when it signs.
    pub since: Timestamp,
    /// When the next one took over; what it signed works until it expires.
    pub retired: Option<Timestamp>,
}
