//! Users' own files: what loads, and what is refused with which line.

use assay_dictionaries::{Dictionary, DictionaryFault as Fault, FieldType};

const MEMBERS: &str = r#"<field name="A" required="Y"/>"#;

/// A small file; `members` go into message M, `components` and `fields` into their parts. Members start on line 4.
fn file(members: &str, components: &str, fields: &str) -> String {
    format!(
        "<fix type=\"FIX\" major=\"4\" minor=\"4\">\n<header/><trailer/><messages>\n\
         <message name=\"M\" msgtype=\"U1\" msgcat=\"app\">\n{members}\n</message></messages>\n\
         <components>\n{components}\n</components>\n<fields>\n\
         <field number=\"1\" name=\"A\" type=\"STRING\"/>\n<field number=\"2\" name=\"NoB\" type=\"NUMINGROUP\"/>\n\
         <field number=\"3\" name=\"C\" type=\"INT\"/>\n{fields}\n</fields></fix>"
    )
}

fn refusal(xml: &str) -> (u32, Fault) {
    let error = Dictionary::parse(xml).expect_err(xml);
    (error.line, error.fault)
}

#[test]
fn what_is_unknown_is_ignored() {
    let xml = file(
        r#"<!-- a note --><field name="A" required="Y" color="red"/><extra name="none"/>"#,
        "",
        r#"<field number="20001" name="Mine" type="Utcdate" added="4.9"/>"#,
    );
    let dictionary = Dictionary::parse(&xml).unwrap();
    assert_eq!(dictionary.field_of_tag(20_001).map(|f| f.name()), Some("Mine"));
    assert_eq!(dictionary.message(b"U1").unwrap().body().required().len(), 1);
}

#[test]
fn an_open_list_is_advisory() {
    let list = |open: &str| {
        let field = format!(
            r#"<field number="9" name="E" type="CHAR" {open}><value enum="1" description="ONE"/></field>"#
        );
        let dictionary = Dictionary::parse(&file(MEMBERS, "", &field)).unwrap();
        dictionary.field_of_tag(9).unwrap().allows(b"2")
    };
    assert!(!list(""));
    assert!(!list(r#"allowOtherValues="N""#));
    assert!(list(r#"allowOtherValues="Y""#));
}

#[test]
fn type_names_of_other_versions_load() {
    for kind in [
        "MULTIPLEVALUESTRING",
        "MultipleStringValue",
        "UTCDATE",
        "utcdateonly",
        "TIME",
        "DATE",
        "DayOfMonth",
        "XMLDATA",
    ] {
        let field = format!(r#"<field number="9" name="E" type="{kind}"/>"#);
        assert!(Dictionary::parse(&file(MEMBERS, "", &field)).is_ok(), "{kind}");
    }
}

#[test]
fn a_counter_of_a_loose_type_counts() {
    let group = r#"<group name="N" required="N"><field name="A" required="N"/></group>"#;
    for kind in ["NUMINGROUP", "INT", "STRING"] {
        let counter = format!(r#"<field number="9" name="N" type="{kind}"/>"#);
        let dictionary = Dictionary::parse(&file(group, "", &counter)).unwrap();
        assert_eq!(dictionary.field_of_tag(9).map(|f| f.kind()), Some(FieldType::NumInGroup), "{kind}");
    }
    let other = file(group, "", r#"<field number="9" name="N" type="PRICE"/>"#);
    assert_eq!(refusal(&other), (4, Fault::CounterNotNumInGroup("N".into())));
}

#[test]
fn refusal_ladder() {
    let component = |name: &str, inner: &str| format!(r#"<component name="{name}">{inner}</component>"#);
    let refer = |name: &str| format!(r#"<component name="{name}" required="Y"/>"#);
    let missing = |element: &str, name: &str, attribute| Fault::MissingAttribute {
        element: element.into(),
        name: name.into(),
        attribute,
    };
    let twice = |what, name: &str| Fault::Duplicate { what, name: name.into() };
    let bad = |name: &str, attribute, value: &str| Fault::BadAttribute {
        name: name.into(),
        attribute,
        value: value.into(),
    };
    let table = [
        (file(r#"<field name="X" required="Y"/>"#, "", ""), 4, Fault::UnknownField("X".into())),
        (file(&refer("X"), "", ""), 4, Fault::UnknownComponent("X".into())),
        (file(&refer("X"), &component("X", &refer("X")), ""), 7, Fault::ComponentCycle("X".into())),
        (
            file(
                &refer("X"),
                &format!("{}\n{}", component("X", &refer("Y")), component("Y", &refer("X"))),
                "",
            ),
            8,
            Fault::ComponentCycle("X".into()),
        ),
        (
            file(
                &refer("X"),
                &component(
                    "X",
                    &format!(r#"<group name="NoB" required="N">{MEMBERS}{}</group>"#, refer("X")),
                ),
                "",
            ),
            7,
            Fault::ComponentCycle("X".into()),
        ),
        (file(r#"<field name="A"/>"#, "", ""), 4, missing("field", "A", "required")),
        (file(r#"<field required="Y"/>"#, "", ""), 4, missing("field", "", "name")),
        (file(r#"<field name="A" required="maybe"/>"#, "", ""), 4, bad("A", "required", "maybe")),
        (file(&format!("{MEMBERS}\n{MEMBERS}"), "", ""), 5, twice("member", "A")),
        (file(&format!("{MEMBERS}\n{}", refer("X")), &component("X", MEMBERS), ""), 8, twice("member", "A")),
        (
            file(MEMBERS, &format!("{}\n{}", component("X", ""), component("X", "")), ""),
            8,
            twice("component", "X"),
        ),
        (file(MEMBERS, "", r#"<field number="9" name="A" type="INT"/>"#), 13, twice("field", "A")),
        (file(MEMBERS, "", r#"<field number="1" name="Z" type="INT"/>"#), 13, twice("field number", "1")),
        (file(MEMBERS, "", r#"<field number="0" name="Z" type="INT"/>"#), 13, bad("Z", "number", "0")),
        (file(MEMBERS, "", r#"<field number="x" name="Z" type="INT"/>"#), 13, bad("Z", "number", "x")),
        (
            file(MEMBERS, "", r#"<field number="9" name="Z" type="INTEGER"/>"#),
            13,
            bad("Z", "type", "INTEGER"),
        ),
        (file(MEMBERS, "", r#"<field number="9" name="Z"/>"#), 13, missing("field", "Z", "type")),
        (file(r#"<group name="NoB" required="N"/>"#, "", ""), 4, Fault::GroupWithoutDelimiter("NoB".into())),
        (
            file(
                r#"<group name="P" required="N"><field name="A" required="N"/></group>"#,
                "",
                r#"<field number="9" name="P" type="CHAR"/>"#,
            ),
            4,
            Fault::CounterNotNumInGroup("P".into()),
        ),
        ("<fix type=\"FIX\" major=\"4\" minor=\"4\"/>".into(), 1, Fault::MissingElement("fields")),
        ("<quickfix/>".into(), 1, Fault::MissingElement("fix")),
        ("<fix major=\"4\"/>".into(), 1, missing("fix", "", "minor")),
    ];
    for (xml, line, fault) in table {
        assert_eq!(refusal(&xml), (line, fault), "{xml}");
    }
}

#[test]
fn what_is_not_xml_is_refused_with_its_line() {
    let (line, fault) = refusal("<fix>\n<header>\n</fix>");
    assert_eq!(line, 3);
    assert!(matches!(fault, Fault::NotXml(_)));
    assert!(matches!(refusal("").1, Fault::NotXml(_)));
    assert!(matches!(refusal("8=FIX.4.4").1, Fault::NotXml(_)));
}

#[test]
fn hostile_files_are_refused_before_they_cost_much() {
    // Each component names the one before twice: without a bound, 2^40 steps.
    let mut components = r#"<component name="X0"/>"#.to_owned();
    for n in 1..25 {
        let inner = format!(r#"<component name="X{}" required="N"/>"#, n - 1).repeat(2);
        components.push_str(&format!(r#"<component name="X{n}">{inner}</component>"#));
    }
    let xml = file(r#"<component name="X24" required="N"/>"#, &components, "");
    assert!(matches!(refusal(&xml).1, Fault::TooLarge { what: "count of members", .. }));

    let mut components = r#"<component name="X0"/>"#.to_owned();
    for n in 1..100 {
        components.push_str(&format!(
            r#"<component name="X{n}"><component name="X{}" required="N"/></component>"#,
            n - 1
        ));
    }
    let xml = file(r#"<component name="X99" required="N"/>"#, &components, "");
    assert!(matches!(refusal(&xml).1, Fault::TooLarge { what: "nesting", .. }));

    let xml = format!("<fix>{}", "<a>".repeat(1_000_000));
    assert!(matches!(refusal(&xml).1, Fault::TooLarge { what: "nesting", .. }));

    let xml = " ".repeat((16 << 20) + 1);
    assert!(matches!(refusal(&xml).1, Fault::TooLarge { what: "file bytes", .. }));
}

proptest::proptest! {
    #[test]
    fn no_file_panics(cut in 0usize..300_000, insert in "[<>/\"a-z ]{0,12}") {
        let good = include_str!("../FIX44.xml");
        let cut = (0..=cut).rev().find(|&at| good.is_char_boundary(at)).unwrap_or(0);
        let _ = Dictionary::parse(&format!("{}{insert}{}", &good[..cut], &good[cut + 1..]));
    }
}
