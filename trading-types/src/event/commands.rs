//! Commands of the back office, and what became of each: records of `admin`.

use crate::{ApiKeyId, CommandId, LoginId, ProposalId, UserId};
use serde::{Deserialize, Serialize};

/// Who asks for what, as the API found it. It stands in every command; the API has authenticated it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Its name, unique for ever.
    pub id: CommandId,
    /// Operation of the API, as its document names it: `invite_user`.
    pub operation: String,
    /// Who asks; nobody for what needs no login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// The login it came through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<LoginId>,
    /// The API key it came through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<ApiKeyId>,
    /// The client's network address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Repeats of one request, told apart from new ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Idempotency>,
    /// Version that the entity must have (If-Match).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<u64>,
    /// Which rules decide on it: those of when it was asked, whatever came later, so that a log replays as it was decided
    /// (ADR 0011). 0 before rules were numbered.
    #[serde(default, skip_serializing_if = "crate::event::is_unnumbered")]
    pub rules: u32,
}

impl Command {
    /// The rules of this version:
    /// 1: administrators remove each other by two; what proves an owner ends older links and keys; a file that expired is kept
    /// from when it did.
    /// 2: risk answers on switches, limits, locates and breakers under the command's name; what is proposed lapses.
    /// 3: what follows from a command names its rules; what is asked of trades is judged by what the market knows of them now;
    /// deposits that never arrive end.
    pub const RULES: u32 = 3;

    /// One by nobody, under the rules of this version.
    pub fn new(id: CommandId, operation: &str) -> Self {
        Self {
            id,
            operation: operation.to_owned(),
            by: None,
            login: None,
            api_key: None,
            address: None,
            idempotency: None,
            expected_version: None,
            rules: Self::RULES,
        }
    }

    /// Whether these rules have risk answer on what it is asked.
    pub fn is_answered_by_risk(&self) -> bool {
        self.rules >= 2
    }
}

/// An Idempotency-Key and the content it came with first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idempotency {
    /// The client's key.
    pub key: String,
    /// SHA-256 of method, path and body, hex.
    pub digest: String,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandDecided {
    /// The command.
    pub command: CommandId,
    /// What was asked.
    pub operation: String,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// Done or refused.
    pub decision: Decision,
}

/// Done, proposed or refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It has effect.
    Done {
        /// Id of what it made or changed.
        subject: String,
        /// Version of that afterwards, from 1.
        version: u64,
    },
    /// It waits for a second person.
    Proposed {
        /// Under this name.
        proposal: ProposalId,
    },
    /// It has none.
    Refused {
        /// Why.
        refusal: AdminRefusal,
        /// In words.
        detail: String,
    },
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $number:literal $code:literal;)*) => {
        /// Why a command has no effect. Codes and numbers are stable; a retired one keeps its slot. Where several hold,
        /// the one that stands first here is given.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[repr(u16)]
        pub enum AdminRefusal { $($(#[$doc])* #[serde(rename = $code)] $name = $number,)* }

        impl AdminRefusal {
            /// Every refusal, in order of precedence.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its code, as in records and answers.
            pub const fn code(&self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

refusals! {
    /// The Idempotency-Key was used with other content.
    IdempotencyConflict = 1 "IDEMPOTENCY_CONFLICT";
    /// Whoever asks has been deactivated, or the login has ended.
    NotSignedIn = 2 "NOT_SIGNED_IN";
    /// No such thing, or not one that whoever asks may know of.
    NotFound = 3 "NOT_FOUND";
    /// The entity has another version than If-Match says.
    VersionConflict = 4 "VERSION_CONFLICT";
    /// There is an administrator already.
    AdministratorExists = 5 "ADMINISTRATOR_EXISTS";
    /// The e-mail address belongs to a user.
    EmailTaken = 6 "EMAIL_TAKEN";
    /// The user name belongs to another user.
    UsernameTaken = 7 "USERNAME_TAKEN";
    /// The one-time token is unknown, spent, expired or for something else.
    TokenInvalid = 8 "TOKEN_INVALID";
    /// A spent refresh token came again: the whole login is ended.
    TokenReused = 9 "TOKEN_REUSED";
    /// The user may not log in: deactivated, or the address is not confirmed.
    UserInactive = 10 "USER_INACTIVE";
    /// Too many failures; it opens by itself.
    LockedOut = 11 "LOCKED_OUT";
    /// The password changed meanwhile.
    CredentialsChanged = 12 "CREDENTIALS_CHANGED";
    /// A second factor is needed.
    SecondFactorNeeded = 13 "SECOND_FACTOR_NEEDED";
    /// The code was used already.
    SecondFactorUsed = 14 "SECOND_FACTOR_USED";
    /// Nobody changes their own roles or state.
    OwnUser = 15 "OWN_USER";
    /// It would leave no active administrator.
    LastAdministrator = 16 "LAST_ADMINISTRATOR";
    /// The role belongs to a firm's user and there is no firm, or the other way round.
    RoleMisfit = 17 "ROLE_MISFIT";
    /// Whoever proposed it may not decide on it.
    MakerIsChecker = 18 "MAKER_IS_CHECKER";
    /// It has been decided already, or is in a state that does not allow it.
    WrongState = 19 "WRONG_STATE";
    /// More of them than one may have.
    TooMany = 20 "TOO_MANY";
    /// It exists already.
    Exists = 21 "EXISTS";
}
