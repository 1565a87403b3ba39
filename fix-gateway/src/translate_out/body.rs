//! A body that ascends by tag, with carried fields put in their places.

use assay_trading_types::carried::pieces;
use fix_session::Encoder;

/// Writes own fields in ascending order and carried ones between them.
pub(super) struct Body<'a> {
    out: &'a mut Encoder,
    carried: &'a str,
    /// Carried fields up to this tag are written.
    done: u32,
}

impl<'a> Body<'a> {
    pub(super) fn new(out: &'a mut Encoder, carried: Option<&'a str>) -> Self {
        Self { out, carried: carried.unwrap_or_default(), done: 0 }
    }

    /// A field of the report itself.
    #[inline]
    pub(super) fn own(&mut self, tag: u32, write: impl FnOnce(&mut Encoder)) {
        self.carried_below(tag);
        self.done = tag;
        write(self.out);
    }

    /// A field that repeats the order's; as received if it could not be held otherwise.
    #[inline]
    pub(super) fn echo(&mut self, tag: u32, write: impl FnOnce(&mut Encoder)) {
        self.carried_below(tag);
        if !self.carried.is_empty() && pieces(self.carried).any(|(carried, _)| carried == tag) {
            return self.carried_below(tag + 1);
        }
        self.done = tag;
        write(self.out);
    }

    /// The rest of what is carried.
    pub(super) fn end(&mut self) {
        self.carried_below(u32::MAX);
    }

    /// Carried fields after `done` and before `tag`, smallest first. There are few, so each is looked for anew instead of
    /// sorting into memory.
    fn carried_below(&mut self, tag: u32) {
        if self.carried.is_empty() {
            return;
        }
        while let Some((next, piece)) =
            pieces(self.carried).filter(|(t, _)| (self.done + 1..tag).contains(t)).min_by_key(|(t, _)| *t)
        {
            self.out.raw(piece.as_bytes()).raw(b"\x01");
            self.done = next;
        }
    }
}
