//! Tables that the sessions of a thread share: a thousand idle sessions need none of their own.

use super::FieldIndex;
use std::cell::Cell;
use std::ops::{Deref, DerefMut};

thread_local! {
    /// The tables, while nobody reads a message.
    static KEPT: Cell<Option<Box<FieldIndex>>> = const { Cell::new(None) };
}

/// The thread's tables for as long as messages are read; they hold nothing of the message before. Who takes them while they
/// are lent gets new ones.
#[derive(Debug)]
pub(crate) struct LentIndex(Option<Box<FieldIndex>>);

impl LentIndex {
    pub(crate) fn take() -> Self {
        Self(Some(KEPT.take().unwrap_or_default()))
    }
}

impl Drop for LentIndex {
    fn drop(&mut self) {
        KEPT.set(self.0.take());
    }
}

impl Deref for LentIndex {
    type Target = FieldIndex;

    fn deref(&self) -> &FieldIndex {
        self.0.as_deref().expect("it is given back by Drop alone")
    }
}

impl DerefMut for LentIndex {
    fn deref_mut(&mut self) -> &mut FieldIndex {
        self.0.as_deref_mut().expect("it is given back by Drop alone")
    }
}
