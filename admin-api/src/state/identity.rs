//! Users and how they prove who they are.

mod accounts;
mod logging_in;
mod model;
mod roles;

pub use model::{ApiKey, Login, OneTime, Purpose, SigningKey, Totp, User};

use super::{Changed, Refused, Wanted};
use assay_trading_types::{
    AdminRefusal, ApiKeyId, Command, IdentityAction, LoginId, Timestamp, TokenId, UserId,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub use logging_in::LOCK_MAX_NS;

/// Recovery codes given out with a second factor.
pub const RECOVERY_CODES: usize = 10;

/// All users, logins, one-time tokens and keys.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    users: BTreeMap<UserId, User>,
    by_email: HashMap<String, UserId>,
    by_username: HashMap<String, UserId>,
    by_referral_code: HashMap<String, UserId>,
    logins: BTreeMap<LoginId, Login>,
    tokens: HashMap<TokenId, OneTime>,
    api_keys: BTreeMap<ApiKeyId, ApiKey>,
    signing_keys: Vec<SigningKey>,
    /// What is forgotten, and when.
    expiries: BTreeSet<(Timestamp, Expiring)>,
    /// Rules of the command that is being decided on.
    #[serde(default)]
    rules: u32,
}

/// What ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Expiring {
    Login(LoginId),
    Token(TokenId),
}

impl Identity {
    /// A user.
    pub fn user(&self, id: &UserId) -> Option<&User> {
        self.users.get(id)
    }

    /// Whose address this is; in lower case.
    pub fn user_of_email(&self, email: &str) -> Option<&User> {
        self.by_email.get(email).and_then(|id| self.users.get(id))
    }

    /// All users, by id, which is by time.
    pub fn users(&self) -> impl DoubleEndedIterator<Item = &User> {
        self.users.values()
    }

    /// A login that has not ended by itself.
    pub fn login(&self, id: &LoginId) -> Option<&Login> {
        self.logins.get(id)
    }

    /// Logins of a user, by time.
    pub fn logins_of(&self, user: UserId) -> impl DoubleEndedIterator<Item = &Login> {
        self.logins.values().filter(move |login| login.user == user)
    }

    /// A one-time token that has not been spent.
    pub fn token(&self, id: &TokenId) -> Option<&OneTime> {
        self.tokens.get(id)
    }

    /// Links for a purpose that were mailed on a user's behalf and work.
    pub(crate) fn links_of(&self, user: UserId, is_for: impl Fn(&Purpose) -> bool, at: Timestamp) -> usize {
        let works = |token: &&OneTime| token.user == user && at < token.expires && is_for(&token.purpose);
        self.tokens.values().filter(works).count()
    }

    /// A key for machines.
    pub fn api_key(&self, id: &ApiKeyId) -> Option<&ApiKey> {
        self.api_keys.get(id)
    }

    /// All keys for machines, by time.
    pub fn api_keys(&self) -> impl DoubleEndedIterator<Item = &ApiKey> {
        self.api_keys.values()
    }

    /// Keys that access tokens are or were signed with, the newest last.
    pub fn signing_keys(&self) -> &[SigningKey] {
        &self.signing_keys
    }

    /// Whether there is an administrator, active or not.
    pub fn has_administrator(&self) -> bool {
        self.users.values().any(User::is_administrator)
    }

    pub(crate) fn is_sole_administrator(&self, by: Option<&UserId>) -> bool {
        let mut active = self.users.values().filter(|user| user.active && user.is_administrator());
        let first = active.next();
        first.is_some_and(|user| Some(&user.id) == by) && active.next().is_none()
    }

    /// Whether whoever asks still may: the check at the API was a moment ago.
    pub(crate) fn require_standing(&self, command: &Command, at: Timestamp) -> Result<(), Refused> {
        let gone = || Refused::new(AdminRefusal::NotSignedIn, "the login has ended");
        let Some(by) = command.by else { return Ok(()) };
        self.users.get(&by).filter(|user| user.active).ok_or_else(gone)?;
        if let Some(login) = &command.login {
            self.logins.get(login).filter(|l| l.user == by && l.is_live(at)).ok_or_else(gone)?;
        }
        if let Some(key) = &command.api_key {
            self.api_keys.get(key).filter(|k| k.user == by && k.is_live(at)).ok_or_else(gone)?;
        }
        Ok(())
    }

    /// Decides by these rules from here on.
    pub(crate) fn decide_by(&mut self, rules: u32) {
        self.rules = rules;
    }

    /// Which rules count.
    pub(crate) fn rules(&self) -> u32 {
        self.rules
    }

    /// Forgets what has ended by itself; how many that were.
    pub(crate) fn forget_expired(&mut self, at: Timestamp) -> usize {
        let before = self.expiries.len();
        while let Some((when, what)) = self.expiries.first().copied().filter(|(when, _)| *when <= at) {
            self.expiries.remove(&(when, what));
            match what {
                Expiring::Login(id) => drop(self.logins.remove(&id)),
                Expiring::Token(id) => drop(self.tokens.remove(&id)),
            }
        }
        before - self.expiries.len()
    }

    pub(crate) fn perform(
        &mut self,
        command: &Command,
        action: &IdentityAction,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        use IdentityAction as A;
        match action {
            A::CreateFirstAdministrator(new) => self.create_first_administrator(new, at),
            A::Register { user, token } => self.register(user, token, at),
            A::Invite { user, token } => self.invite(user, token, at),
            A::ConfirmEmail { token } => self.confirm_email(token, at),
            A::AcceptInvitation { token, password_hash } => self.accept_invitation(token, password_hash, at),
            A::RequestPasswordReset { user, token } => self.request_password_reset(user, token),
            A::ResetPassword { token, password_hash } => self.reset_password(token, password_hash, at),
            A::ChangePassword { password_hash, credentials } => {
                self.change_password(command, password_hash, *credentials, at)
            }
            A::LogIn { .. } => self.log_in(action, command, at),
            A::NoteFailedLogIn { user } => Ok(self.note_failed_log_in(user.as_ref(), at)),
            A::Refresh { login, generation, expires } => self.refresh(login, *generation, *expires, at),
            A::EndLogin { login } => self.end_login(login, at),
            A::EndLogins { user } => self.end_logins(user, None, at),
            A::BeginTotp => self.begin_totp(command, at),
            A::ConfirmTotp { step, recovery } => self.confirm_totp(command, *step, recovery, at),
            A::RemoveTotp { user, .. } => self.remove_totp(command, user, at),
            A::ChangeProfile(change) => self.change_profile(command, change, at),
            A::RequestEmailChange { email, token } => self.request_email_change(command, email, token),
            A::SetRoles { user, roles, firm, .. } => self.set_roles(command, user, roles, *firm, at),
            A::SetActive { user, active, .. } => self.set_active(command, user, *active, at),
            A::SetPreferences(preferences) => self.set_preferences(command, preferences),
            A::CreateApiKey { .. } => self.create_api_key(command, action, at),
            A::RevokeApiKey { key } => self.revoke_api_key(key, at),
            A::RotateSigningKey { kid, public } => Ok(self.rotate_signing_key(kid, public, at)),
        }
    }

    /// What must hold before a change waits for a second person; everything else is checked when it is approved.
    pub(crate) fn may_propose(&self, command: &Command, wanted: &Wanted) -> Result<(), Refused> {
        let Wanted::Identity(action) = wanted else { return Ok(()) };
        let Some(user) = self.target(action) else { return Ok(()) };
        let user = self.users.get(user).ok_or_else(|| Refused::not_found("user"))?;
        self.not_oneself(command, &user.id)?;
        super::refused::check_version(command.expected_version, user.version)
    }

    /// Sends no more notices to an address that mail comes back from. Whether there were any.
    pub(super) fn stop_mail(&mut self, user: &UserId, to: &str) -> bool {
        let own = self.users.get_mut(user).filter(|user| user.email == to && user.preferences.email_enabled);
        let Some(user) = own else { return false };
        user.preferences.email_enabled = false;
        user.preferences_version += 1;
        true
    }

    fn not_oneself(&self, command: &Command, user: &UserId) -> Result<(), Refused> {
        match command.by == Some(*user) {
            true => Err(Refused::new(AdminRefusal::OwnUser, "nobody changes their own rights")),
            false => Ok(()),
        }
    }

    fn user_mut(&mut self, id: &UserId) -> Result<&mut User, Refused> {
        self.users.get_mut(id).ok_or_else(|| Refused::not_found("user"))
    }

    fn asking(&mut self, command: &Command) -> Result<&mut User, Refused> {
        let by = command.by.ok_or_else(|| Refused::not_found("user"))?;
        self.user_mut(&by)
    }
}
