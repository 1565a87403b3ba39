//! Mail to users: wished in the same step as what it tells, settled once delivered or given up. Records of `admin`.

use crate::{MailId, Timestamp, TokenId, UserId};
use serde::{Deserialize, Serialize};

/// A mail that must go out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRequested {
    /// Its id.
    pub mail: MailId,
    /// Whom it is for.
    pub user: UserId,
    /// Address.
    pub to: String,
    /// What it tells.
    pub letter: Letter,
}

/// What a mail tells. The words are made when it is sent; links get their secret part from the node's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Letter {
    /// Confirm the address of a registration.
    ConfirmEmail {
        /// The link's token.
        token: TokenId,
    },
    /// Confirm a new address.
    ConfirmNewEmail {
        /// The link's token.
        token: TokenId,
    },
    /// Choose a first password.
    Invitation {
        /// The link's token.
        token: TokenId,
    },
    /// Choose another password.
    PasswordReset {
        /// The link's token.
        token: TokenId,
    },
    /// Somebody tried to register with this address.
    AlreadyRegistered,
    /// The password was changed.
    PasswordChanged,
    /// The second factor was set up or taken away.
    SecondFactorChanged,
    /// Roles or firm were changed.
    RolesChanged,
    /// The address is another from here on; told to the old one.
    EmailChanged,
    /// Somebody logged in from an address that no login of the user came from.
    NewLogIn {
        /// The network address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<String>,
    },
    /// A notice stands in the product: what kind and what about, nothing personal.
    Notice {
        /// What it tells.
        kind: crate::NoticeKind,
        /// What it is about, by id.
        about: String,
    },
}

/// A mail was not taken, and is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailTried {
    /// The mail.
    pub mail: MailId,
    /// Number of the try, from 1.
    pub attempt: u32,
    /// What the next server said.
    pub error: String,
    /// When it is tried again.
    pub next: Timestamp,
}

/// What became of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailSettled {
    /// The mail.
    pub mail: MailId,
    /// Delivered to the next server, or given up.
    pub delivered: bool,
    /// Times it was tried.
    pub attempts: u32,
    /// What the last try said when it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
