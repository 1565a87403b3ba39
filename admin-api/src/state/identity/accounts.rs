//! How users come to be and what they change about themselves.

use super::{Expiring, Identity, OneTime, Purpose, Totp, User};
use crate::state::refused::check_version;
use crate::state::{Changed, Refused};
use assay_trading_types::{
    AdminRefusal, ApiKeyId, Command, IdentityAction, NewUser, OneTimeToken, Preferences, ProfileChange,
    Timestamp, TokenId, UserId,
};

/// Keys for machines that a user may have live at a time.
const API_KEYS_MAX: usize = 50;

/// Signing keys remembered: the one in force, and retired ones whose tokens may still be about.
const SIGNING_KEYS_MAX: usize = 8;

impl Identity {
    pub(super) fn create_first_administrator(
        &mut self,
        new: &NewUser,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        if self.has_administrator() {
            return Err(Refused::new(AdminRefusal::AdministratorExists, "there is an administrator already"));
        }
        let changed = self.add_user(new, at)?;
        self.user_mut(&new.user)?.email_confirmed = true;
        Ok(changed)
    }

    pub(super) fn register(
        &mut self,
        new: &NewUser,
        token: &OneTimeToken,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        let changed = self.add_user(new, at)?;
        self.give(token, new.user, Purpose::ConfirmEmail);
        Ok(changed)
    }

    pub(super) fn invite(
        &mut self,
        new: &NewUser,
        token: &OneTimeToken,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        let changed = self.add_user(new, at)?;
        self.give(token, new.user, Purpose::AcceptInvitation);
        Ok(changed)
    }

    fn add_user(&mut self, new: &NewUser, at: Timestamp) -> Result<Changed, Refused> {
        // The name first, which others see: a taken one must answer alike whether or not the address has a user.
        if self.by_username.contains_key(&new.username.to_ascii_lowercase()) {
            return Err(Refused::new(AdminRefusal::UsernameTaken, "the name belongs to another user"));
        }
        if self.by_email.contains_key(&new.email) {
            return Err(Refused::new(AdminRefusal::EmailTaken, "the address belongs to a user"));
        }
        super::roles::fit(&new.roles, new.firm)?;
        if self.users.contains_key(&new.user) || self.by_referral_code.contains_key(&new.referral_code) {
            return Err(Refused::new(AdminRefusal::Exists, "ids have met; try again"));
        }
        // Decided; from here on nothing fails.
        let referrer = new.referred_with.as_ref().and_then(|code| self.by_referral_code.get(code)).copied();
        let user = User::new(new, referrer, at);
        self.by_email.insert(user.email.clone(), user.id);
        self.by_username.insert(user.username.to_ascii_lowercase(), user.id);
        self.by_referral_code.insert(user.referral_code.clone(), user.id);
        self.users.insert(user.id, user);
        Ok((new.user.to_string(), 1))
    }

    fn give(&mut self, token: &OneTimeToken, user: UserId, purpose: Purpose) {
        self.tokens.insert(token.id, OneTime { user, purpose, expires: token.expires });
        self.expiries.insert((token.expires, Expiring::Token(token.id)));
    }

    /// Spends a token that is good for what `fits` says.
    fn spend(
        &mut self,
        id: &TokenId,
        fits: impl Fn(&Purpose) -> bool,
        at: Timestamp,
    ) -> Result<OneTime, Refused> {
        let invalid =
            || Refused::new(AdminRefusal::TokenInvalid, "the link is spent, expired or not one of ours");
        let token = self.tokens.get(id).filter(|t| fits(&t.purpose) && at < t.expires).ok_or_else(invalid)?;
        let active = self.users.get(&token.user).is_some_and(|user| user.active);
        if !active {
            return Err(invalid());
        }
        self.expiries.remove(&(token.expires, Expiring::Token(*id)));
        self.tokens.remove(id).ok_or_else(invalid)
    }

    /// Links sent before somebody took the user back must not give it away again.
    fn void_tokens(&mut self, user: &UserId) {
        if self.rules < 1 {
            return;
        }
        let expiries = &mut self.expiries;
        self.tokens.retain(|id, token| {
            let stays = token.user != *user;
            if !stays {
                expiries.remove(&(token.expires, Expiring::Token(*id)));
            }
            stays
        });
    }

    pub(super) fn confirm_email(&mut self, token: &TokenId, at: Timestamp) -> Result<Changed, Refused> {
        if let Some(OneTime { purpose: Purpose::ChangeEmail { email }, .. }) = self.tokens.get(token)
            && self.by_email.contains_key(email)
        {
            return Err(Refused::new(AdminRefusal::EmailTaken, "the address belongs to a user"));
        }
        let spent =
            self.spend(token, |p| matches!(p, Purpose::ConfirmEmail | Purpose::ChangeEmail { .. }), at)?;
        if let Purpose::ChangeEmail { email } = spent.purpose {
            self.void_tokens(&spent.user);
            let old = std::mem::replace(&mut self.user_mut(&spent.user)?.email, email.clone());
            self.by_email.remove(&old);
            self.by_email.insert(email, spent.user);
        }
        let user = self.user_mut(&spent.user)?;
        user.email_confirmed = true;
        Ok(user.changed(at))
    }

    pub(super) fn accept_invitation(
        &mut self,
        token: &TokenId,
        hash: &str,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        let spent = self.spend(token, |p| *p == Purpose::AcceptInvitation, at)?;
        let user = self.user_mut(&spent.user)?;
        user.email_confirmed = true;
        Ok(set_password(user, hash, at))
    }

    pub(super) fn request_password_reset(
        &mut self,
        user: &UserId,
        token: &OneTimeToken,
    ) -> Result<Changed, Refused> {
        let version = self.users.get(user).ok_or_else(|| Refused::not_found("user"))?.version;
        self.give(token, *user, Purpose::ResetPassword);
        Ok((user.to_string(), version))
    }

    pub(super) fn reset_password(
        &mut self,
        token: &TokenId,
        hash: &str,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        let spent = self.spend(token, |p| *p == Purpose::ResetPassword, at)?;
        let user = self.user_mut(&spent.user)?;
        user.email_confirmed = true;
        user.failures = 0;
        user.locked_until = None;
        let changed = set_password(user, hash, at);
        self.void_tokens(&spent.user);
        self.revoke_api_keys(&spent.user, at);
        self.end_logins(&spent.user, None, at)?;
        Ok(changed)
    }

    pub(super) fn change_password(
        &mut self,
        command: &Command,
        hash: &str,
        credentials: u64,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        let user = self.asking(command)?;
        if user.credentials != credentials {
            return Err(Refused::new(AdminRefusal::CredentialsChanged, "the password changed meanwhile"));
        }
        let id = user.id;
        let changed = set_password(user, hash, at);
        self.void_tokens(&id);
        self.end_logins(&id, command.login, at)?;
        Ok(changed)
    }

    pub(super) fn change_profile(
        &mut self,
        command: &Command,
        change: &ProfileChange,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        let (id, old) = {
            let user = self.asking(command)?;
            check_version(command.expected_version, user.version)?;
            (user.id, user.username.to_ascii_lowercase())
        };
        if let Some(name) = &change.username {
            let key = name.to_ascii_lowercase();
            if self.by_username.get(&key).is_some_and(|owner| *owner != id) {
                return Err(Refused::new(AdminRefusal::UsernameTaken, "the name belongs to another user"));
            }
            self.by_username.remove(&old);
            self.by_username.insert(key, id);
        }
        let user = self.user_mut(&id)?;
        let take = |field: &mut String, value: &Option<String>| {
            if let Some(value) = value {
                field.clone_from(value);
            }
        };
        take(&mut user.username, &change.username);
        take(&mut user.profile.first_name, &change.first_name);
        take(&mut user.profile.last_name, &change.last_name);
        take(&mut user.profile.phone, &change.phone);
        Ok(user.changed(at))
    }

    pub(super) fn request_email_change(
        &mut self,
        command: &Command,
        email: &str,
        token: &OneTimeToken,
    ) -> Result<Changed, Refused> {
        let user = self.asking(command)?;
        check_version(command.expected_version, user.version)?;
        let (id, version) = (user.id, user.version);
        self.give(token, id, Purpose::ChangeEmail { email: email.to_owned() });
        Ok((id.to_string(), version))
    }

    pub(super) fn set_preferences(
        &mut self,
        command: &Command,
        wanted: &Preferences,
    ) -> Result<Changed, Refused> {
        let user = self.asking(command)?;
        check_version(command.expected_version, user.preferences_version)?;
        user.preferences = wanted.clone();
        user.preferences_version += 1;
        Ok((user.id.to_string(), user.preferences_version))
    }

    pub(super) fn begin_totp(&mut self, command: &Command, at: Timestamp) -> Result<Changed, Refused> {
        let user = self.asking(command)?;
        if user.totp.is_active() {
            return Err(Refused::new(AdminRefusal::WrongState, "a second factor is in force already"));
        }
        user.totp = Totp::Prepared { secret: command.id };
        Ok(user.changed(at))
    }

    pub(super) fn confirm_totp(
        &mut self,
        command: &Command,
        step: u64,
        recovery: &[String],
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        let user = self.asking(command)?;
        let Totp::Prepared { secret } = user.totp else {
            return Err(Refused::new(AdminRefusal::WrongState, "no second factor waits to be proven"));
        };
        user.totp = Totp::Active { secret, last_step: step, recovery: recovery.iter().cloned().collect() };
        let changed = user.changed(at);
        if let Some(login) = command.login.as_ref().and_then(|id| self.logins.get_mut(id)) {
            login.enrolling = false;
        }
        Ok(changed)
    }

    pub(super) fn create_api_key(
        &mut self,
        command: &Command,
        action: &IdentityAction,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        let IdentityAction::CreateApiKey { key, name, scopes, addresses, expires } = action else {
            unreachable!("called for this action only")
        };
        let user = self.asking(command)?.id;
        if self.api_keys.values().filter(|k| k.user == user && k.is_live(at)).count() >= API_KEYS_MAX {
            return Err(Refused::new(
                AdminRefusal::TooMany,
                format!("at most {API_KEYS_MAX} keys at a time"),
            ));
        }
        let made = super::ApiKey {
            id: *key,
            user,
            name: name.clone(),
            scopes: scopes.iter().cloned().collect(),
            addresses: addresses.clone(),
            created: at,
            expires: *expires,
            revoked: None,
            version: 1,
        };
        self.api_keys.insert(*key, made);
        Ok((key.to_string(), 1))
    }

    pub(super) fn revoke_api_key(&mut self, id: &ApiKeyId, at: Timestamp) -> Result<Changed, Refused> {
        let key = self.api_keys.get_mut(id).ok_or_else(|| Refused::not_found("key"))?;
        if key.revoked.is_none() {
            key.revoked = Some(at);
            key.version += 1;
        }
        Ok((id.to_string(), key.version))
    }

    /// Ends every key of a user, which may have been made by whoever had no right to.
    pub(super) fn revoke_api_keys(&mut self, user: &UserId, at: Timestamp) {
        if self.rules < 1 {
            return;
        }
        for key in self.api_keys.values_mut().filter(|key| key.user == *user && key.revoked.is_none()) {
            key.revoked = Some(at);
            key.version += 1;
        }
    }

    pub(super) fn rotate_signing_key(&mut self, kid: &str, public: &str, at: Timestamp) -> Changed {
        if let Some(last) = self.signing_keys.last_mut() {
            last.retired = Some(at);
        }
        let (kid, public) = (kid.to_owned(), public.to_owned());
        self.signing_keys.push(super::SigningKey { kid: kid.clone(), public, since: at, retired: None });
        let surplus = self.signing_keys.len().saturating_sub(SIGNING_KEYS_MAX);
        self.signing_keys.drain(..surplus);
        (kid, 1)
    }
}

fn set_password(user: &mut User, hash: &str, at: Timestamp) -> Changed {
    user.password_hash = Some(hash.to_owned());
    user.credentials += 1;
    user.changed(at)
}
