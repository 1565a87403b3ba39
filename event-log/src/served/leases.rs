//! Who appends as what: one at a time.

use crate::signal::Shared;
use std::collections::HashMap;
use std::sync::Arc;

/// The roles that are held, with who holds them.
#[derive(Debug, Clone, Default)]
pub(super) struct Leases(Arc<Shared<HashMap<String, String>>>);

impl Leases {
    /// Gives `role` to `holder`.
    ///
    /// # Errors
    /// Who holds it now.
    pub(super) fn take(&self, role: &str, holder: &str) -> Result<Held, String> {
        let mut held = self.0.lock();
        if let Some(other) = held.get(role) {
            return Err(other.clone());
        }
        held.insert(role.to_owned(), holder.to_owned());
        Ok(Held { leases: self.clone(), role: role.to_owned() })
    }
}

/// A role that is held until this is dropped.
#[derive(Debug)]
pub(super) struct Held {
    leases: Leases,
    role: String,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.leases.0.lock().remove(&self.role);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_one_holder_at_a_time() {
        let leases = Leases::default();
        let first = leases.take("risk", "a").unwrap();
        assert_eq!(leases.take("risk", "b").unwrap_err(), "a");
        let _other = leases.take("execution", "b").unwrap();
        drop(first);
        assert!(leases.take("risk", "b").is_ok());
    }
}
