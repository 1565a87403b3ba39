//! What a replace makes of the fields that its order carries: what it leaves out stays, and who trades in which
//! capacity does not change (4.2).

use assay_trading_types::Carried;
use assay_trading_types::carried::{NO_PARTY_IDS, SOH, all_pieces, is_routing, pieces};

/// What may not change: OrderCapacity(528), and whose account it is by AccountType(581).
const FIXED: [(u32, &str); 2] = [(528, "OrderCapacity"), (581, "AccountType")];

/// PartyRole(452) of the entering trader, who may be another.
const ENTERING_TRADER: &str = "36";

/// A party: PartyID(448), PartyIDSource(447), PartyRole(452), and all that is said of it.
#[derive(Debug, Clone, Copy)]
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
    let differs = |tag| of(before, tag).zip(of(stated, tag)).is_some_and(|(was, is)| was != is);
    if let Some((_, name)) = FIXED.iter().find(|(tag, _)| differs(*tag)) {
        return Err(name);
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

/// The order's parties with the entering trader that is stated, if one is. Others that are stated must be the order's, with
/// all that is said of them; who is named alone is meant as the order has it.
fn parties_after(before: &str, stated: &str) -> Result<String, &'static str> {
    let is_trader = |party: &Party<'_>| party.role == ENTERING_TRADER;
    let known: Vec<Party<'_>> = parties(before).collect();
    let repeats = |party: &Party<'_>| known.iter().any(|known| known.is(party));
    if !parties(stated).all(|party| is_trader(&party) || repeats(&party)) {
        return Err("parties but the entering trader");
    }
    let trader = parties(stated).find(is_trader).map(|party| party.text);
    let mut all: Vec<&str> =
        known.iter().map(|party| trader.filter(|_| is_trader(party)).unwrap_or(party.text)).collect();
    if !known.iter().any(is_trader) {
        all.extend(trader);
    }
    let mut text = format!("{NO_PARTY_IDS}={}", all.len());
    for party in all {
        text.push(SOH);
        text.push_str(party);
    }
    Ok(text)
}

impl Party<'_> {
    /// Whether another is this one: named alike, and with nothing else said of it than is said of this.
    fn is(&self, other: &Self) -> bool {
        const NAMES: usize = 3;
        let named = (self.id, self.source, self.role) == (other.id, other.source, other.role);
        named && (other.text == self.text || other.text.split(SOH).count() == NAMES)
    }
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

    const PARTIES: &str = "453=2|448=T1|447=D|452=36|448=C1|447=D|452=3|2376=23";

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
        assert_eq!(after("581=1", "581=3"), Err("AccountType"));
        assert_eq!(after("", "528=P"), Ok("528=P".to_owned()), "said for the first time");
        let err = Err("parties but the entering trader");
        assert_eq!(after(&order, "453=1|448=C2|447=D|452=3"), err);
        assert_eq!(after(&order, "453=1|448=X|447=D|452=12"), err);
        assert_eq!(after("528=A", "453=1|448=C1|447=D|452=3"), err);
        assert_eq!(after(&order, "453=1|448=C1|447=D|452=3"), Ok(order.clone()), "repeated in part");
        assert_eq!(after(&order, "453=1|448=C1|447=D|452=3|2376=24"), err, "another kind of client");
        let other = "453=2|448=T2|447=D|452=36|448=C1|447=D|452=3|2376=23|528=A";
        assert_eq!(after(&order, "453=1|448=T2|447=D|452=36"), Ok(other.to_owned()));
        assert_eq!(
            after("528=A", "453=1|448=T2|447=D|452=36"),
            Ok("528=A|453=1|448=T2|447=D|452=36".to_owned())
        );
    }
}
