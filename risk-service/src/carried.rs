//! What a replace makes of the fields that its order carries: what it leaves out stays, and who trades in which
//! capacity does not change (4.2).

use assay_trading_types::Carried;
use assay_trading_types::carried::{NO_PARTY_IDS, SOH, all_pieces, is_routing, pieces};

/// OrderCapacity(528).
const ORDER_CAPACITY: u32 = 528;

/// PartyRole(452) of the entering trader, who may be another.
const ENTERING_TRADER: &str = "36";

/// A party: PartyID(448), PartyIDSource(447), PartyRole(452), and all that is said of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Party<'a> {
    id: &'a str,
    source: &'a str,
    role: &'a str,
    text: &'a str,
}

/// The fields after a replace that states some; the routing is that of the newest message.
///
/// # Errors
/// The name of what may not change.
pub(crate) fn amended(before: Option<&str>, stated: Option<&str>) -> Result<Carried, &'static str> {
    let (before, stated) = (before.unwrap_or_default(), stated.unwrap_or_default());
    let of = |carried, wanted| pieces(carried).find(|(tag, _)| *tag == wanted).map(|(_, piece)| piece);
    let differs =
        of(before, ORDER_CAPACITY).zip(of(stated, ORDER_CAPACITY)).is_some_and(|(was, is)| was != is);
    if differs {
        return Err("OrderCapacity");
    }
    let parties = match (of(before, NO_PARTY_IDS), of(stated, NO_PARTY_IDS)) {
        (was, Some(stated)) => Some(parties_after(was.unwrap_or_default(), stated)?),
        (_, None) => None,
    };
    let mut after = String::new();
    let mut put = |piece: &str| {
        if !after.is_empty() {
            after.push(SOH);
        }
        after.push_str(piece);
    };
    for (tag, piece) in pieces(before) {
        match &parties {
            Some(parties) if tag == NO_PARTY_IDS => put(parties),
            _ => put(of(stated, tag).unwrap_or(piece)),
        }
    }
    for (tag, piece) in all_pieces(stated) {
        match &parties {
            _ if !is_routing(tag) && of(before, tag).is_some() => {}
            Some(parties) if tag == NO_PARTY_IDS => put(parties),
            _ => put(piece),
        }
    }
    Ok((!after.is_empty()).then(|| after.into()))
}

/// The order's parties with the entering trader that is stated, if one is. Others that are stated must be the order's.
fn parties_after(before: &str, stated: &str) -> Result<String, &'static str> {
    let is_trader = |party: &Party<'_>| party.role == ENTERING_TRADER;
    let known: Vec<Party<'_>> = parties(before).collect();
    let same = |party: &Party<'_>| {
        known.iter().any(|known| Party { text: "", ..*known } == Party { text: "", ..*party })
    };
    if !parties(stated).filter(|party| !is_trader(party)).all(|party| same(&party)) {
        return Err("parties but the entering trader");
    }
    let trader = parties(stated).find(is_trader);
    let kept = known.iter().filter(|party| trader.is_none() || !is_trader(party)).map(|party| party.text);
    let all: Vec<&str> = kept.chain(trader.map(|party| party.text)).collect();
    let mut text = format!("{NO_PARTY_IDS}={}", all.len());
    for party in all {
        text.push(SOH);
        text.push_str(party);
    }
    Ok(text)
}

/// Parties of a group as it is carried: each begins with PartyID(448).
fn parties(group: &str) -> impl Iterator<Item = Party<'_>> {
    const BEGIN: &str = "\x01448=";
    let starts: Vec<usize> = group.match_indices(BEGIN).map(|(at, _)| at + 1).collect();
    let ends: Vec<usize> = starts.iter().skip(1).map(|next| next - 1).chain([group.len()]).collect();
    starts.into_iter().zip(ends).map(move |(start, end)| {
        let text = &group[start..end];
        let value = |tag: &str| text.split(SOH).find_map(|field| field.strip_prefix(tag)).unwrap_or_default();
        Party { id: value("448="), source: value("447="), role: value("452="), text }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(before: &str, stated: &str) -> Result<String, &'static str> {
        let (before, stated) = (before.replace('|', "\x01"), stated.replace('|', "\x01"));
        let carried = amended(Some(&before).filter(|t| !t.is_empty()).map(|t| t.as_str()), Some(&stated));
        carried.map(|carried| carried.unwrap_or_default().replace(SOH, "|"))
    }

    const PARTIES: &str = "453=2|448=C1|447=D|452=3|2376=23|448=T1|447=D|452=36";

    #[test]
    fn what_a_replace_leaves_out_stays() {
        let order = format!("583=LNK|{PARTIES}|528=A|582=1|57=desk");
        assert_eq!(after(&order, ""), Ok(format!("583=LNK|{PARTIES}|528=A|582=1")));
        assert_eq!(
            after(&order, "582=2|526=X|128=FUND"),
            Ok(format!("583=LNK|{PARTIES}|528=A|582=2|526=X|128=FUND"))
        );
        assert_eq!(amended(None, None), Ok(None));
        assert_eq!(after("", "583=L|128=FUND"), Ok("583=L|128=FUND".to_owned()));
    }

    #[test]
    fn capacity_and_parties_are_the_orders_but_for_the_entering_trader() {
        let order = format!("{PARTIES}|528=A");
        assert_eq!(after(&order, "528=A"), Ok(order.clone()));
        assert_eq!(after(&order, "528=P"), Err("OrderCapacity"));
        assert_eq!(after("", "528=P"), Ok("528=P".to_owned()), "said for the first time");
        let err = Err("parties but the entering trader");
        assert_eq!(after(&order, "453=1|448=C2|447=D|452=3"), err);
        assert_eq!(after(&order, "453=1|448=X|447=D|452=12"), err);
        assert_eq!(after("528=A", "453=1|448=C1|447=D|452=3"), err);
        assert_eq!(after(&order, "453=1|448=C1|447=D|452=3"), Ok(order.clone()), "repeated in part");
        let other = "453=2|448=C1|447=D|452=3|2376=23|448=T2|447=D|452=36|528=A";
        assert_eq!(after(&order, "453=1|448=T2|447=D|452=36"), Ok(other.to_owned()));
        assert_eq!(
            after("528=A", "453=1|448=T2|447=D|452=36"),
            Ok("528=A|453=1|448=T2|447=D|452=36".to_owned())
        );
    }
}
