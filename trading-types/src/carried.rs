//! What an order carries unread: fields as they stood in FIX, `tag=value` with SOH between them, groups whole.

/// What separates fields.
pub const SOH: char = '\x01';

/// Count of the Parties group.
pub const NO_PARTY_IDS: u32 = 453;

/// Count of the order attributes.
const NO_ORDER_ATTRIBUTES: u32 = 2593;

/// Groups that are carried whole: the count's tag and the members, nested ones included.
pub const GROUPS: [(u32, &[u32]); 2] =
    [(NO_PARTY_IDS, &[447, 448, 452, 523, 802, 803, 2376]), (NO_ORDER_ATTRIBUTES, &[2594, 2595])];

/// Fields of a header: whom a report goes to besides the session's peer (V-30).
const ROUTING: [u32; 10] = [50, 57, 115, 116, 128, 129, 142, 143, 144, 145];

/// Members of the group that `count_tag` counts; nothing when it is no group that is carried.
pub fn members(count_tag: u32) -> Option<&'static [u32]> {
    GROUPS.iter().find(|(tag, _)| *tag == count_tag).map(|(_, members)| *members)
}

/// Whether a field belongs into a report's header.
pub fn is_routing(tag: u32) -> bool {
    ROUTING.contains(&tag)
}

/// Fields with a place of their own in a body: one field, or a group from its count to its last member.
pub fn pieces(carried: &str) -> impl Iterator<Item = (u32, &str)> {
    all_pieces(carried).filter(|(tag, _)| !is_routing(*tag))
}

/// As [`pieces`], with the fields of the header.
pub fn all_pieces(carried: &str) -> impl Iterator<Item = (u32, &str)> {
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
        let carried =
            "583=L|453=2|448=A|447=D|452=1|2376=22|448=B|447=D|452=3|2593=1|2594=4|2595=Y|57=X|528=A"
                .replace('|', "\x01");
        let pieces: Vec<_> = pieces(&carried).map(|(tag, piece)| (tag, piece.replace(SOH, "|"))).collect();
        assert_eq!(pieces[0], (583, "583=L".to_owned()));
        assert_eq!(pieces[1], (453, "453=2|448=A|447=D|452=1|2376=22|448=B|447=D|452=3".to_owned()));
        assert_eq!(pieces[2], (2593, "2593=1|2594=4|2595=Y".to_owned()));
        assert_eq!(pieces[3], (528, "528=A".to_owned()));
        assert_eq!(pieces.len(), 4);
    }
}
