//! Fields of an order that are carried unread from the request into every report.

use fix_session::{Message, Routing};
use std::sync::Arc;

/// What separates fields.
pub(crate) const SOH: char = '\x01';

/// Body fields of D and G that every 8 of the order repeats. All of them are fields of ExecutionReport(8).
const CARRIED: [u32; 19] =
    [15, 22, 48, 77, 167, 203, 207, 229, 377, 526, 528, 529, 581, 582, 583, 1028, 1031, 1724, 1727];

/// Groups that are carried whole: the count's tag and the members, nested ones included.
const GROUPS: [(u32, &[u32]); 2] =
    [(NO_PARTY_IDS, &[447, 448, 452, 523, 802, 803, 2376]), (NO_ORDER_ATTRIBUTES, &[2594, 2595])];

/// Routing fields of the request's header and those of an answer to it that repeat their values (V-30).
const ROUTING: [(u32, u32); 10] = [
    (50, 57),
    (57, 50),
    (115, 128),
    (116, 129),
    (128, 115),
    (129, 116),
    (142, 143),
    (143, 142),
    (144, 145),
    (145, 144),
];

/// Count of the Parties group.
const NO_PARTY_IDS: u32 = 453;

/// Count of the order attributes.
const NO_ORDER_ATTRIBUTES: u32 = 2593;

/// Members of the group that `count_tag` counts; nothing when it is no group that is carried.
fn members(count_tag: u32) -> Option<&'static [u32]> {
    GROUPS.iter().find(|(tag, _)| *tag == count_tag).map(|(_, members)| *members)
}

/// Collects carried fields of one request.
#[derive(Debug, Default)]
pub(crate) struct Carrying {
    text: String,
}

impl Carrying {
    /// Takes what is carried of every order. Text that is not UTF-8 (interop sessions allow any byte) cannot stand in a
    /// record's JSON and is left to the wire journal.
    pub(crate) fn of(message: &Message<'_>) -> Self {
        let groups = GROUPS.map(|(tag, _)| tag);
        Self::take(message, &groups, &CARRIED)
    }

    /// Takes the parties alone.
    pub(crate) fn of_parties(message: &Message<'_>) -> Self {
        Self::take(message, &[NO_PARTY_IDS], &[])
    }

    fn take(message: &Message<'_>, groups: &[u32], fields: &[u32]) -> Self {
        let mut carrying = Self::default();
        let mut group: Option<&[u32]> = None;
        for field in message.fields() {
            if groups.contains(&field.tag) {
                group = members(field.tag);
            } else if !group.is_some_and(|members| members.contains(&field.tag)) {
                group = None;
            }
            if group.is_some() || fields.contains(&field.tag) {
                carrying.keep(field.tag, field.value);
            } else if let Some((_, answer)) = ROUTING.iter().find(|(tag, _)| *tag == field.tag) {
                carrying.keep(*answer, field.value);
            }
        }
        carrying
    }

    /// As [`Carrying::finish`], with more fields behind.
    pub(crate) fn finish_with(mut self, more: Option<&str>) -> Option<Arc<str>> {
        if let Some(more) = more {
            if !self.text.is_empty() {
                self.text.push(SOH);
            }
            self.text.push_str(more);
        }
        self.finish()
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

/// The routing of a report on the request, already reversed; sub ids and locations only where that is agreed (V-30).
pub(crate) fn routing(carried: &str, swap_sub_ids: bool) -> Routing<'_> {
    let mut routing = Routing::default();
    for (tag, piece) in all_pieces(carried).filter(|(tag, _)| is_routing(*tag)) {
        let value = piece.split_once('=').map_or("", |(_, value)| value).as_bytes();
        match tag {
            50 if swap_sub_ids => routing.sender_sub_id = value,
            57 if swap_sub_ids => routing.target_sub_id = value,
            142 if swap_sub_ids => routing.sender_location_id = value,
            143 if swap_sub_ids => routing.target_location_id = value,
            115 => routing.on_behalf_of_comp_id = value,
            116 => routing.on_behalf_of_sub_id = value,
            128 => routing.deliver_to_comp_id = value,
            129 => routing.deliver_to_sub_id = value,
            144 => routing.on_behalf_of_location_id = value,
            145 => routing.deliver_to_location_id = value,
            _ => {}
        }
    }
    routing
}

fn is_routing(tag: u32) -> bool {
    ROUTING.iter().any(|(_, answer)| *answer == tag)
}

/// Fields with a place of their own in a body: one field, or a group from its count to its last member.
pub(crate) fn pieces(carried: &str) -> impl Iterator<Item = (u32, &str)> {
    all_pieces(carried).filter(|(tag, _)| !is_routing(*tag))
}

fn all_pieces(carried: &str) -> impl Iterator<Item = (u32, &str)> {
    let mut rest = carried;
    std::iter::from_fn(move || {
        let tag = lead_tag(rest)?;
        let end = match members(tag) {
            Some(members) => group_end(rest, members),
            None => field_end(rest),
        };
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

fn group_end(text: &str, members: &[u32]) -> usize {
    let mut end = field_end(text);
    while let Some(member) = text.get(end + 1..) {
        match lead_tag(member) {
            Some(tag) if members.contains(&tag) => end += 1 + field_end(member),
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
        let carried = "583=L|453=2|448=A|447=D|452=1|2376=22|448=B|447=D|452=3|2593=1|2594=4|2595=Y|528=A"
            .replace('|', "\x01");
        let pieces: Vec<_> = pieces(&carried).map(|(tag, piece)| (tag, piece.replace(SOH, "|"))).collect();
        assert_eq!(pieces[0], (583, "583=L".to_owned()));
        assert_eq!(pieces[1], (453, "453=2|448=A|447=D|452=1|2376=22|448=B|447=D|452=3".to_owned()));
        assert_eq!(pieces[2], (2593, "2593=1|2594=4|2595=Y".to_owned()));
        assert_eq!(pieces[3], (528, "528=A".to_owned()));
        assert_eq!(pieces.len(), 4);
    }

    #[test]
    fn v_30_routing_is_kept_apart_from_the_body() {
        let carried = "128=FUND|57=desk|15=USD|145=LDN".replace('|', "\x01");
        assert_eq!(pieces(&carried).map(|(tag, _)| tag).collect::<Vec<_>>(), [15]);
        let reversed =
            Routing { deliver_to_comp_id: b"FUND", deliver_to_location_id: b"LDN", ..Routing::default() };
        assert_eq!(routing(&carried, false), reversed);
        assert_eq!(routing(&carried, true), Routing { target_sub_id: b"desk", ..reversed });
    }

    #[test]
    fn nothing_carried_is_nothing() {
        assert_eq!(pieces("").count(), 0);
        assert_eq!(Carrying::default().finish(), None);
    }
}
