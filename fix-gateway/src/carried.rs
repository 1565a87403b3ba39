//! Fields of an order that are carried unread from the request into every report.

use assay_trading_types::carried::{GROUPS, NO_PARTY_IDS, SOH, all_pieces, is_routing, members};
use fix_session::{Message, Routing};
use std::sync::Arc;

/// Body fields of D and G that every 8 of the order repeats. All of them are fields of ExecutionReport(8).
const CARRIED: [u32; 19] =
    [15, 22, 48, 77, 167, 203, 207, 229, 377, 526, 528, 529, 581, 582, 583, 1028, 1031, 1724, 1727];

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

#[cfg(test)]
mod tests {
    use super::*;
    use assay_trading_types::carried::pieces;

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
