//! Logins: their beginning, their refresh tokens, their end; failures and the lock they lead to.

use super::{Expiring, Identity, Login, Totp, User};
use crate::state::{Changed, Refused};
use assay_trading_types::{AdminRefusal, Command, IdentityAction, LoginId, SecondFactor, Timestamp, UserId};

/// Failures that are forgiven; the next one locks.
const FAILURES_MAX: u32 = 5;

/// First lock; each further failure doubles it.
const LOCK_NS: i64 = 30_000_000_000;

/// Longest lock.
pub const LOCK_MAX_NS: i64 = 3_600_000_000_000;

/// Logins of one user at a time; one more ends the oldest.
const LOGINS_MAX: usize = 20;

impl Identity {
    pub(super) fn log_in(
        &mut self,
        action: &IdentityAction,
        command: &Command,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        let IdentityAction::LogIn { user, login, credentials, factor, agent, expires } = action else {
            unreachable!("called for this action only")
        };
        let found = self.user_mut(user)?;
        may_log_in(found, *credentials, at)?;
        use_factor(&mut found.totp, factor.as_ref())?;
        found.failures = 0;
        found.locked_until = None;
        found.last_login = Some(at);
        let enrolling = found.is_privileged() && !found.totp.is_active();
        let made = Login {
            id: *login,
            user: *user,
            generation: 1,
            enrolling,
            address: command.address.clone(),
            agent: agent.clone(),
            created: at,
            refreshed: at,
            expires: *expires,
            ended: None,
        };
        self.end_oldest_login(*user, at);
        self.logins.insert(*login, made);
        self.expiries.insert((*expires, Expiring::Login(*login)));
        Ok((login.to_string(), 1))
    }

    fn end_oldest_login(&mut self, user: UserId, at: Timestamp) {
        let live = |login: &&mut Login| login.user == user && login.is_live(at);
        if self.logins.values_mut().filter(live).count() >= LOGINS_MAX
            && let Some(oldest) = self.logins.values_mut().find(live)
        {
            oldest.ended = Some(at);
        }
    }

    pub(super) fn note_failed_log_in(&mut self, user: Option<&UserId>, at: Timestamp) -> Changed {
        let Some(user) = user.and_then(|id| self.users.get_mut(id)) else {
            return ("nobody".to_owned(), 1);
        };
        user.failures = user.failures.saturating_add(1);
        if user.failures >= FAILURES_MAX {
            let doublings = (user.failures - FAILURES_MAX).min(16);
            user.locked_until = Some(at.plus_ns((LOCK_NS << doublings).min(LOCK_MAX_NS)));
        }
        (user.id.to_string(), user.version)
    }

    pub(super) fn refresh(
        &mut self,
        id: &LoginId,
        generation: u64,
        expires: Timestamp,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        let gone = || Refused::new(AdminRefusal::TokenInvalid, "the login has ended");
        let active = self.logins.get(id).is_some_and(|l| self.users.get(&l.user).is_some_and(|u| u.active));
        let login = self.logins.get_mut(id).filter(|l| active && l.is_live(at)).ok_or_else(gone)?;
        if generation != login.generation {
            // Whoever holds the older one, or the newer one, is a thief: neither goes on.
            login.ended = Some(at);
            return Err(Refused::new(
                AdminRefusal::TokenReused,
                "a spent token came again; the login is ended",
            ));
        }
        self.expiries.remove(&(login.expires, Expiring::Login(*id)));
        login.generation += 1;
        login.refreshed = at;
        login.expires = expires;
        self.expiries.insert((expires, Expiring::Login(*id)));
        Ok((id.to_string(), login.generation))
    }

    pub(super) fn end_login(&mut self, id: &LoginId, at: Timestamp) -> Result<Changed, Refused> {
        let login = self.logins.get_mut(id).ok_or_else(|| Refused::not_found("login"))?;
        login.ended.get_or_insert(at);
        Ok((id.to_string(), login.generation))
    }

    /// Ends all logins of a user but one.
    pub(super) fn end_logins(
        &mut self,
        user: &UserId,
        but: Option<LoginId>,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        let version = self.users.get(user).ok_or_else(|| Refused::not_found("user"))?.version;
        for login in self.logins.values_mut().filter(|l| l.user == *user && Some(l.id) != but) {
            login.ended.get_or_insert(at);
        }
        Ok((user.to_string(), version))
    }
}

fn may_log_in(user: &User, credentials: u64, at: Timestamp) -> Result<(), Refused> {
    let refuse = |refusal, why: &str| Err(Refused::new(refusal, why));
    if !user.active || !user.email_confirmed {
        return refuse(AdminRefusal::UserInactive, "deactivated, or the address is not confirmed");
    }
    if user.locked_until.is_some_and(|until| at < until) {
        return refuse(AdminRefusal::LockedOut, "too many failures; it opens by itself");
    }
    if user.credentials != credentials {
        return refuse(AdminRefusal::CredentialsChanged, "the password changed meanwhile");
    }
    Ok(())
}

/// Checks the second factor and spends it.
fn use_factor(totp: &mut Totp, factor: Option<&SecondFactor>) -> Result<(), Refused> {
    let Totp::Active { last_step, recovery, .. } = totp else { return Ok(()) };
    let used = || Refused::new(AdminRefusal::SecondFactorUsed, "the code was used already");
    match factor {
        None => Err(Refused::new(AdminRefusal::SecondFactorNeeded, "a second factor is needed")),
        Some(SecondFactor::Totp { step }) if *step > *last_step => {
            *last_step = *step;
            Ok(())
        }
        Some(SecondFactor::Recovery { digest }) if recovery.remove(digest) => Ok(()),
        Some(_) => Err(used()),
    }
}
