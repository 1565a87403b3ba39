//! The extensions of the rules of engagement, and what an overlay may and may not do.

use assay_dictionaries::{Dictionary, DictionaryFault};

fn assay() -> &'static Dictionary {
    Dictionary::assay()
}

fn has(msg_type: &[u8], tag: u32) -> bool {
    let body = assay().message(msg_type).unwrap().body();
    body.members().iter().any(|m| m.tag == tag)
}

#[test]
fn every_tag_marked_x_is_a_member_where_the_rules_have_it() {
    let order = [1028, 1031, 1724, 1727, 2593];
    for (msg_type, tags) in [
        (&b"A"[..], &[9700, 9701, 9702][..]),
        (b"D", &order),
        (b"G", &order),
        (b"8", &order),
        (b"q", &[1]),
        (b"AF", &[9705]),
        (b"d", &[969]),
    ] {
        for tag in tags {
            assert!(has(msg_type, *tag), "{tag} in {}", msg_type.escape_ascii());
            let before = Dictionary::fix44().message(msg_type).unwrap().body().members().iter();
            assert!(before.map(|m| m.tag).all(|t| t != *tag), "{tag} is not of the standard");
        }
    }
}

fn group(count: u32, first: u32) -> Vec<u32> {
    let groups = assay().groups().iter().filter(|g| g.count_tag() == count);
    let layouts = groups.map(|g| g.layout().members().iter().map(|m| m.tag).collect::<Vec<_>>());
    layouts.into_iter().find(|tags| tags[0] == first).unwrap()
}

#[test]
fn members_added_to_a_group_stand_where_the_overlay_says() {
    assert_eq!(group(453, 448), [448, 447, 452, 2376, 802]);
    assert_eq!(group(2593, 2594), [2594, 2595]);
    let list = assay()
        .groups()
        .iter()
        .find(|g| g.count_tag() == 146 && g.layout().members().iter().any(|m| m.tag == 969));
    let tags: Vec<u32> = list.unwrap().layout().members().iter().map(|m| m.tag).collect();
    let at = |tag| tags.iter().position(|t| *t == tag).unwrap();
    assert_eq!(at(969), at(562) + 1);
}

#[test]
fn listed_values_are_added_and_the_others_stay() {
    for (tag, added, listed, stranger) in
        [(447, &b"N"[..], &b"D"[..], &b"Z"[..]), (447, b"P", b"B", b"Y"), (452, b"122", b"38", b"121")]
    {
        let field = assay().field_of_tag(tag).unwrap();
        assert!(field.allows(added) && field.allows(listed) && !field.allows(stranger), "{tag}");
        assert!(!Dictionary::fix44().field_of_tag(tag).unwrap().allows(added));
    }
}

#[test]
fn nothing_else_changes() {
    let base = Dictionary::fix44();
    assert_eq!(assay().messages().len(), base.messages().len());
    assert_eq!(assay().fields().len(), base.fields().len() + 13);
    for message in base.messages() {
        let now = assay().message(message.msg_type()).unwrap();
        let tags =
            |m: &assay_dictionaries::MessageDef| m.body().members().iter().map(|m| m.tag).collect::<Vec<_>>();
        let mut kept = tags(now);
        kept.retain(|tag| tags(message).contains(tag));
        assert_eq!(kept, tags(message), "{}", message.name());
        assert_eq!(now.body().required().len(), message.body().required().len(), "{}", message.name());
    }
}

const BASE: &str = r#"<fix major="4" minor="4"><header/><trailer/><messages>
<message name="M" msgtype="M" msgcat="app"><field name="A" required="N"/></message></messages>
<fields><field number="1" name="A" type="INT"/><field number="2" name="B" type="INT"/></fields></fix>"#;

fn overlaid(inner: &str) -> Result<Dictionary, DictionaryFault> {
    let overlay = format!(r#"<fix major="4" minor="4">{inner}</fix>"#);
    Dictionary::parse_with_overlay(BASE, &overlay).map_err(|e| e.fault)
}

#[test]
fn a_message_may_be_added() {
    let new = r#"<messages><message name="N" msgtype="N" msgcat="app"><field name="B" required="Y"/></message></messages>"#;
    let dictionary = overlaid(new).unwrap();
    assert_eq!(dictionary.message(b"N").unwrap().body().required()[0].tag, 2);
}

#[test]
fn what_is_there_is_not_redefined() {
    let duplicate = |what, name: &str| DictionaryFault::Duplicate { what, name: name.to_owned() };
    for (overlay, fault) in [
        (r#"<fields><field number="1" name="C" type="INT"/></fields>"#, duplicate("field number", "1")),
        (r#"<fields><field number="3" name="A" type="INT"/></fields>"#, duplicate("field", "A")),
        (
            r#"<messages><message name="M" msgtype="M" msgcat="app"><field name="A" required="N"/></message></messages>"#,
            duplicate("member", "A"),
        ),
        (
            r#"<messages><message name="N" msgtype="M" msgcat="app"><field name="A" required="N"/></message></messages>"#,
            duplicate("MsgType", "M"),
        ),
        (
            r#"<messages><message name="M" msgtype="M" msgcat="app"><field name="B" required="N" after="Z"/></message></messages>"#,
            DictionaryFault::UnknownField("Z".to_owned()),
        ),
    ] {
        assert_eq!(overlaid(overlay).unwrap_err(), fault, "{overlay}");
    }
}
