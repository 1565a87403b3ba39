//! Fields of an order that are carried unread from the request into every report.

use fix_session::Message;
use std::sync::Arc;

/// What separates fields.
pub(crate) const SOH: char = '\x01';

/// Body fields of D and G that every 8 of the order repeats. All of them are fields of ExecutionReport(8).
const CARRIED: [u32; 16] = [15, 22, 48, 77, 167, 203, 207, 229, 377, 453, 526, 528, 529, 581, 582, 583];

/// Members of the Parties group, nested PtysSubGrp included.
const PARTY_MEMBERS: [u32; 6] = [447, 448, 452, 523, 802, 803];

/// Count of the Parties group.
const NO_PARTY_IDS: u32 = 453;

/// Collects carried fields of one request.
#[derive(Debug, Default)]
pub(crate) struct Carrying {
    text: String,
}

impl Carrying {
    /// Takes what is carried of every order. Text that is not UTF-8 (interop sessions allow any byte) cannot stand in a
    /// record's JSON and is left to the wire journal.
    pub(crate) fn of(message: &Message<'_>) -> Self {
        let mut carrying = Self::default();
        let mut in_parties = false;
        for field in message.fields() {
            in_parties = field.tag == NO_PARTY_IDS || in_parties && PARTY_MEMBERS.contains(&field.tag);
            if in_parties || CARRIED.contains(&field.tag) {
                carrying.keep(field.tag, field.value);
            }
        }
        carrying
    }

    /// Carries a field whose value Assay cannot hold, so that the refusal echoes it as received.
    pub(crate) fn keep(&mut self, tag: u32, value: &[u8]) {
        let Ok(value) = std::str::from_utf8(value) else { return };
        if !self.text.is_empty() {
            self.text.push(SOH);
        }
        self.text.push_str(&tag.to_string());
        self.text.push('=');
        self.text.push_str(value);
    }

    /// What an order's terms hold.
    pub(crate) fn finish(self) -> Option<Arc<str>> {
        (!self.text.is_empty()).then(|| self.text.into())
    }
}

/// Fields with a place of their own in a body: one field, or a group from its count to its last member.
pub(crate) fn pieces(carried: &str) -> impl Iterator<Item = (u32, &str)> {
    let mut rest = carried;
    std::iter::from_fn(move || {
        let tag = lead_tag(rest)?;
        let end = if tag == NO_PARTY_IDS { group_end(rest) } else { field_end(rest) };
        let (piece, after) = rest.split_at(end);
        rest = after.strip_prefix(SOH).unwrap_or(after);
        Some((tag, piece))
    })
}

fn lead_tag(text: &str) -> Option<u32> {
    text.split_once('=')?.0.parse().ok()
}

fn field_end(text: &str) -> usize {
    text.find(SOH).unwrap_or(text.len())
}

fn group_end(text: &str) -> usize {
    let mut end = field_end(text);
    while let Some(member) = text.get(end + 1..) {
        match lead_tag(member) {
            Some(tag) if PARTY_MEMBERS.contains(&tag) => end += 1 + field_end(member),
            _ => break,
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stay_together() {
        let carried = "583=L|453=2|448=A|447=D|452=1|448=B|447=D|452=3|528=A".replace('|', "\x01");
        let pieces: Vec<_> = pieces(&carried).map(|(tag, piece)| (tag, piece.replace(SOH, "|"))).collect();
        assert_eq!(pieces[0], (583, "583=L".to_owned()));
        assert_eq!(pieces[1], (453, "453=2|448=A|447=D|452=1|448=B|447=D|452=3".to_owned()));
        assert_eq!(pieces[2], (528, "528=A".to_owned()));
        assert_eq!(pieces.len(), 3);
    }

    #[test]
    fn nothing_carried_is_nothing() {
        assert_eq!(pieces("").count(), 0);
        assert_eq!(Carrying::default().finish(), None);
    }
}
