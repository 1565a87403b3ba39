//! Users, their logins and keys: commands of `admin`. They never hold a secret: passwords stand as argon2id PHC strings;
//! tokens, keys and second factors by their id alone, from which the node's key derives the secret.

use crate::{ApiKeyId, Command, FirmId, LoginId, Timestamp, TokenId, UserId};
use serde::{Deserialize, Serialize};

/// A command on users and their logins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityRequested {
    /// Who asks.
    pub command: Command,
    /// For what.
    pub action: IdentityAction,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityAction {
    /// The first administrator; refused once there is one.
    CreateFirstAdministrator(NewUser),
    /// Somebody registers; the address is confirmed by the token.
    Register {
        /// Who.
        user: NewUser,
        /// Confirms the address.
        token: OneTimeToken,
    },
    /// Somebody is invited and chooses a password with the token.
    Invite {
        /// Who.
        user: NewUser,
        /// Opens the invitation.
        token: OneTimeToken,
    },
    /// The address of a token is confirmed.
    ConfirmEmail {
        /// The token.
        token: TokenId,
    },
    /// An invited user chooses a password.
    AcceptInvitation {
        /// The token.
        token: TokenId,
        /// argon2id, PHC string.
        password_hash: String,
    },
    /// A user forgot the password.
    RequestPasswordReset {
        /// Whose.
        user: UserId,
        /// Allows the reset.
        token: OneTimeToken,
    },
    /// The password is set anew; every login ends.
    ResetPassword {
        /// The token.
        token: TokenId,
        /// argon2id, PHC string.
        password_hash: String,
    },
    /// Whoever asks chooses another password; every other login ends.
    ChangePassword {
        /// argon2id, PHC string.
        password_hash: String,
        /// Version of the credentials that the old password was checked against.
        credentials: u64,
    },
    /// The password was right; a login begins.
    LogIn {
        /// Who.
        user: UserId,
        /// The login.
        login: LoginId,
        /// Version of the credentials that were checked.
        credentials: u64,
        /// The second factor, when one was given and right.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        factor: Option<SecondFactor>,
        /// The client's own name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<String>,
        /// When the login ends unless refreshed.
        expires: Timestamp,
    },
    /// Somebody failed to log in.
    NoteFailedLogIn {
        /// Who, when the address is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<UserId>,
    },
    /// A refresh token is spent for the next.
    Refresh {
        /// The login.
        login: LoginId,
        /// Number of the token that is spent.
        generation: u64,
        /// When the login ends unless refreshed.
        expires: Timestamp,
    },
    /// A login ends.
    EndLogin {
        /// Which.
        login: LoginId,
    },
    /// All logins of a user end.
    EndLogins {
        /// Whose.
        user: UserId,
    },
    /// A second factor is prepared; its secret is derived from this command's id and the node's key.
    BeginTotp,
    /// The second factor is in force from here on.
    ConfirmTotp {
        /// Time step of the code that proved it.
        step: u64,
        /// SHA-256 of the recovery codes, hex.
        recovery: Vec<String>,
    },
    /// A user's second factor is taken away, for a lost device.
    RemoveTotp {
        /// Whose.
        user: UserId,
        /// Why.
        reason: String,
    },
    /// Whoever asks changes the own profile.
    ChangeProfile(ProfileChange),
    /// Another address is wished, in force when its token is confirmed.
    RequestEmailChange {
        /// The new address.
        email: String,
        /// Confirms it.
        token: OneTimeToken,
    },
    /// A user's roles and firm are others.
    SetRoles {
        /// Whose.
        user: UserId,
        /// All of them.
        roles: Vec<UserRole>,
        /// The firm of a firm's user.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        firm: Option<FirmId>,
        /// Why.
        reason: String,
    },
    /// A user may log in, or may not any more.
    SetActive {
        /// Whose.
        user: UserId,
        /// May log in.
        active: bool,
        /// Why.
        reason: String,
    },
    /// Preferences of whoever asks.
    SetPreferences(Preferences),
    /// A key for machines.
    CreateApiKey {
        /// Its id.
        key: ApiKeyId,
        /// What the user calls it.
        name: String,
        /// Operations it may call.
        scopes: Vec<String>,
        /// Addresses (CIDR) it may come from; any when empty.
        addresses: Vec<String>,
        /// When it ends.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
    },
    /// A key for machines ends.
    RevokeApiKey {
        /// Which.
        key: ApiKeyId,
    },
    /// Access tokens are signed with another key from here on.
    RotateSigningKey {
        /// Its id.
        kid: String,
        /// Ed25519 public key, hex.
        public: String,
    },
}

/// A user to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewUser {
    /// Its id.
    pub user: UserId,
    /// Address, in lower case: the name at login.
    pub email: String,
    /// Name that others see.
    pub username: String,
    /// First and last name, phone.
    #[serde(default)]
    pub profile: Profile,
    /// What it may do.
    pub roles: Vec<UserRole>,
    /// The firm of a firm's user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firm: Option<FirmId>,
    /// argon2id, PHC string; none before an invitation is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// Code others may register with, 8 of A-Z and 0-9.
    pub referral_code: String,
    /// Code it registered with; one that nobody has counts as none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referred_with: Option<String>,
}

/// What a user says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Phone.
    pub phone: String,
}

/// Fields of a profile to change; absent ones stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProfileChange {
    /// Name that others see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// How a user wants to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// By e-mail.
    pub email_enabled: bool,
    /// By push.
    pub push_enabled: bool,
    /// Not between these minutes of the day, in the user's time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet_minutes: Option<(u16, u16)>,
    /// BCP 47.
    pub language: String,
    /// IANA name.
    pub time_zone: String,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            email_enabled: true,
            push_enabled: true,
            quiet_minutes: None,
            language: "en".to_owned(),
            time_zone: "UTC".to_owned(),
        }
    }
}

/// A token that works once. Its secret part is derived from its id and the node's key and stands nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneTimeToken {
    /// Its id.
    pub id: TokenId,
    /// Until when it works.
    pub expires: Timestamp,
}

/// Proof of a second factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactor {
    /// A code of RFC 6238.
    Totp {
        /// Its time step; no step works twice.
        step: u64,
    },
    /// A recovery code, which works once.
    Recovery {
        /// SHA-256 of it, hex.
        digest: String,
    },
}

/// What a user is to the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserRole {
    /// Users, keys, configuration.
    Admin,
    /// Firms, accounts, money, jobs.
    Operations,
    /// Limits, kill switches, reference prices.
    Risk,
    /// Audit, reports, investigations; reads everything.
    Compliance,
    /// Loans.
    LoanOfficer,
    /// Identity files.
    KycReviewer,
    /// Reads everything, changes nothing.
    Auditor,
    /// A firm's own administrator.
    FirmAdmin,
    /// Trades for a firm.
    Trader,
    /// Sees what a firm does.
    Viewer,
}

impl UserRole {
    /// Every role.
    pub const ALL: [Self; 10] = [
        Self::Admin,
        Self::Operations,
        Self::Risk,
        Self::Compliance,
        Self::LoanOfficer,
        Self::KycReviewer,
        Self::Auditor,
        Self::FirmAdmin,
        Self::Trader,
        Self::Viewer,
    ];

    /// Whether it is a role of a firm's user, who needs a firm; the others are the venue's staff and have none.
    pub const fn is_firms(&self) -> bool {
        matches!(self, Self::FirmAdmin | Self::Trader | Self::Viewer)
    }

    /// Whether it asks for a second factor.
    pub const fn is_privileged(&self) -> bool {
        !matches!(self, Self::Trader | Self::Viewer)
    }
}

impl IdentityRequested {
    /// The user it is about, the record's key; `identity` where there is none.
    pub fn entity(&self) -> &str {
        use IdentityAction as A;
        let own = || self.command.by.as_ref().map(UserId::as_str);
        let user = match &self.action {
            A::CreateFirstAdministrator(new) => Some(new.user.as_str()),
            A::Register { user, .. } | A::Invite { user, .. } => Some(user.user.as_str()),
            A::RequestPasswordReset { user, .. }
            | A::LogIn { user, .. }
            | A::EndLogins { user }
            | A::RemoveTotp { user, .. }
            | A::SetRoles { user, .. }
            | A::SetActive { user, .. } => Some(user.as_str()),
            A::NoteFailedLogIn { user } => user.as_ref().map(UserId::as_str),
            _ => own(),
        };
        user.unwrap_or("identity")
    }
}

/// Somebody known asked for what the own rights do not reach. At most one a minute for a user and operation, and sixty in all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessRefused {
    /// Who.
    pub user: UserId,
    /// Operation of the API, as its document names it.
    pub operation: String,
    /// The client's network address.
    pub address: String,
    /// Kind of the problem that was answered: `forbidden`, `segregation`, `enrol-second-factor` ...
    pub why: String,
    /// Refusals since the record before that have none of their own.
    #[serde(default, skip_serializing_if = "is_none_left_out")]
    pub unrecorded: u64,
}

fn is_none_left_out(unrecorded: &u64) -> bool {
    *unrecorded == 0
}
