//! FIX dictionaries.
/// Whether a message is replayed or gap filled (`msgcat`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// Session level: gap filled.
    Admin,
    /// Business level: resent.
    App,
}

/// A message type.
#[derive(Debug)]
pub struct MessageDef {
    category: Category,
}

impl MessageDef {
    /// Admin or app.
    pub fn category(&self) -> Category {
        self.category
    }
}

/// One FIX dictionary, compiled to flat tables.
#[derive(Debug)]
pub struct Dictionary {
    messages: Vec<MessageDef>,
}

impl Dictionary {
    /// The project's FIX 4.4.
    pub fn fix44() -> &'static Self {
        static FIX44: std::sync::OnceLock<Dictionary> = std::sync::OnceLock::new();
        FIX44.get_or_init(|| Dictionary { messages: Vec::new() })
    }

    /// The definition of a MsgType(35), case sensitive.
    pub fn message(&self, msg_type: &[u8]) -> Option<&MessageDef> {
        let _ = msg_type;
        self.messages.first()
    }
}
