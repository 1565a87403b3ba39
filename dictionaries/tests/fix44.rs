//! The built-in FIX 4.4 is what its README says.

use assay_dictionaries::{Category, Dictionary, FieldType, Layout};

fn fix44() -> &'static Dictionary {
    Dictionary::fix44()
}

#[test]
fn counts_are_those_of_the_readme() {
    let dictionary = fix44();
    assert_eq!(dictionary.begin_string(), "FIX.4.4");
    assert_eq!(dictionary.messages().len(), 93);
    let admin = dictionary.messages().iter().filter(|m| m.category() == Category::Admin);
    assert_eq!(admin.map(|m| m.msg_type()).collect::<Vec<_>>().concat(), b"012345A");
    assert_eq!(dictionary.header().members().len(), 27);
    assert_eq!(dictionary.trailer().members().len(), 3);
    assert_eq!(dictionary.fields().len(), 912);
    assert_eq!(dictionary.groups().len(), 92);
    let counters = dictionary.fields().iter().filter(|f| f.kind() == FieldType::NumInGroup);
    assert_eq!(counters.count(), 59);
    let lists = dictionary.fields().iter().map(|f| f.values().len()).filter(|&n| n > 0);
    assert_eq!(lists.clone().count(), 273);
    assert_eq!(lists.sum::<usize>(), 2_276);
    for kind in FieldType::ALL {
        assert!(dictionary.fields().iter().any(|f| f.kind() == kind), "{kind:?}");
    }
}

#[test]
fn tags_resolve_and_holes_do_not() {
    for field in fix44().fields() {
        assert_eq!(fix44().field_of_tag(field.tag()).map(|f| f.name()), Some(field.name()));
    }
    for tag in [0, 101, 957, 5000, 16_383, 16_384, u32::MAX] {
        assert!(fix44().field_of_tag(tag).is_none(), "{tag}");
    }
}

#[test]
fn messages_are_found_by_case() {
    for message in fix44().messages() {
        assert_eq!(fix44().message(message.msg_type()).map(|m| m.name()), Some(message.name()));
    }
    assert_eq!(fix44().message(b"d").map(|m| m.name()), Some("SecurityDefinition"));
    assert_eq!(fix44().message(b"n").map(|m| m.category()), Some(Category::App));
    for unknown in [&b""[..], b"ae", b"AEE", b"\xff"] {
        assert!(fix44().message(unknown).is_none());
    }
}

#[test]
fn no_message_is_without_members_which_some_engines_refuse() {
    let empty = fix44().messages().iter().filter(|m| m.body().members().is_empty());
    assert_eq!(empty.map(|m| m.name()).collect::<Vec<_>>(), [""; 0]);
}

fn required(layout: &Layout) -> Vec<u32> {
    layout.required().iter().map(|m| m.tag).collect()
}

#[test]
fn requirement_needs_every_component_on_the_way() {
    let body = |msg_type: &[u8]| fix44().message(msg_type).map(|m| required(m.body())).unwrap_or_default();
    assert_eq!(required(fix44().header()), [8, 9, 35, 49, 56, 34, 52]);
    assert_eq!(required(fix44().trailer()), [10]);
    assert_eq!(body(b"D"), [11, 54, 60, 40]);
    assert_eq!(body(b"8"), [37, 17, 150, 39, 54, 151, 14, 6]);
    // C7: these groups are required by the message.
    assert!(body(b"AP").contains(&453) && body(b"AP").contains(&702) && body(b"AP").contains(&753));
    assert!(body(b"AK").contains(&711) && body(b"AK").contains(&555));
    assert!(!body(b"D").contains(&453));
}

#[test]
fn a_group_may_begin_with_a_field_of_a_component() {
    let request = fix44().message(b"V").unwrap().body();
    let symbols = request.members().iter().find(|m| m.tag == 146).and_then(|m| m.group).unwrap();
    assert_eq!(fix44().group(symbols).delimiter(), 55);
}

#[test]
fn each_data_field_knows_its_length() {
    let data: Vec<(u32, Option<u32>)> = fix44()
        .fields()
        .iter()
        .filter(|f| f.kind() == FieldType::Data)
        .map(|f| (f.tag(), f.partner()))
        .collect();
    let pairs = [
        (89, 93),
        (91, 90),
        (96, 95),
        (213, 212),
        (349, 348),
        (351, 350),
        (353, 352),
        (355, 354),
        (357, 356),
        (359, 358),
        (361, 360),
        (363, 362),
        (365, 364),
        (446, 445),
        (619, 618),
        (622, 621),
    ];
    assert_eq!(data, pairs.map(|(data, length)| (data, Some(length))));
    for (data, length) in pairs {
        assert_eq!(fix44().field_of_tag(length).and_then(|f| f.partner()), Some(data));
        assert!(fix44().tag(length).is_length() && fix44().tag(data).is_data());
    }
}

#[test]
fn lists_are_checked_by_the_fields_type() {
    let allows = |tag: u32, value: &str| fix44().field_of_tag(tag).unwrap().allows(value.as_bytes());
    assert!(allows(54, "1") && allows(54, "G") && !allows(54, "Z") && !allows(54, "11") && !allows(54, ""));
    assert!(allows(103, "12") && allows(103, "99") && allows(103, "012") && !allows(103, "98"));
    assert!(allows(18, "1") && allows(18, "1 G") && !allows(18, "1 ?") && !allows(18, "1  G"));
    assert!(allows(11, "anything"));
    assert!(!allows(39, "5"), "FIX 4.4 has no OrdStatus Replaced");
    assert_eq!(fix44().field_of_tag(54).unwrap().label(b"1"), Some("BUY"));
}
