//! Who may do what is given and taken here.

use super::{Identity, Totp, User};
use crate::state::refused::check_version;
use crate::state::{Changed, Refused};
use assay_trading_types::{AdminRefusal, Command, FirmId, IdentityAction, Timestamp, UserId, UserRole};

impl Identity {
    /// Whether an action gives a privilege, or takes a guard away from one. Administrators check each other: whoever removed
    /// the others alone would be left alone to decide.
    pub(crate) fn is_privileged_change(&self, action: &IdentityAction) -> bool {
        match action {
            IdentityAction::Invite { user, .. } => user.roles.iter().any(UserRole::is_privileged),
            IdentityAction::SetRoles { user, roles, .. } => {
                let has = |role: &UserRole| self.users.get(user).is_some_and(|u| u.roles.contains(role));
                let takes = !roles.contains(&UserRole::Admin) && self.is_guarded_administrator(user);
                takes || roles.iter().any(|role| role.is_privileged() && !has(role))
            }
            IdentityAction::SetActive { user, active: false, .. } => self.is_guarded_administrator(user),
            IdentityAction::SetActive { user, active: true, .. }
            | IdentityAction::RemoveTotp { user, .. } => {
                self.users.get(user).is_some_and(User::is_privileged)
            }
            _ => false,
        }
    }

    /// Whether it takes two to remove a user, being an administrator.
    fn is_guarded_administrator(&self, user: &UserId) -> bool {
        self.rules >= 1 && self.users.get(user).is_some_and(User::is_administrator)
    }

    /// The user whose rights an action changes.
    pub(super) fn target<'a>(&self, action: &'a IdentityAction) -> Option<&'a UserId> {
        match action {
            IdentityAction::SetRoles { user, .. }
            | IdentityAction::SetActive { user, .. }
            | IdentityAction::RemoveTotp { user, .. } => Some(user),
            _ => None,
        }
    }

    pub(super) fn set_roles(
        &mut self,
        command: &Command,
        id: &UserId,
        roles: &[UserRole],
        firm: Option<FirmId>,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        self.checked(command, id)?;
        fit(roles, firm)?;
        if !roles.contains(&UserRole::Admin) {
            self.leaves_an_administrator(id)?;
        }
        let user = self.user_mut(id)?;
        user.roles = roles.iter().copied().collect();
        user.firm = firm;
        let changed = user.changed(at);
        // What was shown to a login under the old rights must not be reused under the new ones.
        self.end_logins(id, None, at)?;
        Ok(changed)
    }

    pub(super) fn set_active(
        &mut self,
        command: &Command,
        id: &UserId,
        active: bool,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        self.checked(command, id)?;
        if !active {
            self.leaves_an_administrator(id)?;
        }
        let user = self.user_mut(id)?;
        user.active = active;
        let changed = user.changed(at);
        if !active {
            self.revoke_api_keys(id, at);
        }
        self.end_logins(id, None, at)?;
        Ok(changed)
    }

    pub(super) fn remove_totp(
        &mut self,
        command: &Command,
        id: &UserId,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        self.checked(command, id)?;
        let user = self.user_mut(id)?;
        user.totp = Totp::None;
        user.credentials += 1;
        let changed = user.changed(at);
        self.end_logins(id, None, at)?;
        Ok(changed)
    }

    fn checked(&self, command: &Command, id: &UserId) -> Result<(), Refused> {
        let user = self.users.get(id).ok_or_else(|| Refused::not_found("user"))?;
        self.not_oneself(command, id)?;
        check_version(command.expected_version, user.version)
    }

    fn leaves_an_administrator(&self, id: &UserId) -> Result<(), Refused> {
        let another = |u: &User| u.id != *id && u.active && u.is_administrator();
        let is_one = self.users.get(id).is_some_and(User::is_administrator);
        if is_one && !self.users.values().any(another) {
            return Err(Refused::new(AdminRefusal::LastAdministrator, "it is the last active administrator"));
        }
        Ok(())
    }
}

/// Staff have no firm, a firm's users have one, and nobody is both.
pub(super) fn fit(roles: &[UserRole], firm: Option<FirmId>) -> Result<(), Refused> {
    let firms = roles.iter().filter(|role| role.is_firms()).count();
    let staff = roles.len() - firms;
    let misfit = |why| Err(Refused::new(AdminRefusal::RoleMisfit, why));
    match (firms == 0, staff == 0, firm) {
        (false, false, _) => misfit("nobody is both staff and a firm's user"),
        (false, true, None) => misfit("a firm's role needs a firm"),
        (true, false, Some(_)) => misfit("staff belong to no firm"),
        _ => Ok(()),
    }
}
