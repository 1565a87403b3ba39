//! The codec on values: what is refused, with which reason and tag (session rules V-10 to V-28), and what is written.

use assay_dictionaries::{Dictionary, FieldDef, FieldType, Layout, Member};
use fix_session::{
    Encoder, FieldIndex, FrameFault, FrameLimits, Framed, Framer, GroupOrder, Header, Profile, Routing,
    SeqNumField, ValidationOptions, check_message, reencode_as_duplicate,
};

const SOH: char = '\x01';
const HEADER: &str = "34=2|49=A|56=B|52=20260101-00:00:00|";
const ORDER: &str = "11=1|54=1|60=20260101-00:00:00|40=1|";

/// A frame around `35=...|...`, with `|` for SOH and the right length and sum.
fn seal(body: &str) -> Vec<u8> {
    let body = body.replace('|', "\x01");
    let mut frame = format!("8=FIX.4.4{SOH}9={}{SOH}{body}", body.len()).into_bytes();
    let sum = frame.iter().fold(0u8, |sum, &b| sum.wrapping_add(b));
    frame.extend_from_slice(format!("10={sum:03}{SOH}").as_bytes());
    assert_eq!(Framer::new(FrameLimits::default()).next(&frame), Framed::Frame { len: frame.len() });
    frame
}

/// Reason and tag of the first fault.
fn judge_with(body: &str, options: &ValidationOptions) -> Option<(u8, Option<i64>)> {
    let frame = seal(body);
    let mut index = FieldIndex::new();
    let message = index.parse(&frame, Dictionary::fix44(), Profile::Strict).unwrap();
    check_message(&message, options).err().map(|fault| (fault.reason.code(), fault.tag))
}

fn judge(body: &str) -> Option<(u8, Option<i64>)> {
    judge_with(body, &ValidationOptions::default())
}

/// Judges a ladder of `(message after 35=D and the header, fault)`.
fn orders(table: &[(&str, Option<(u8, i64)>)]) {
    for (body, expected) in table {
        let found = judge(&format!("35=D|{HEADER}{body}"));
        assert_eq!(found, expected.map(|(reason, tag)| (reason, Some(tag))), "{body}");
    }
}

fn order(rest: &str) -> String {
    format!("35=D|{HEADER}{ORDER}{rest}")
}

#[test]
fn v_10_a_known_msg_type_is_accepted_and_case_counts() {
    assert_eq!(judge(&format!("35=0|{HEADER}")), None);
    assert_eq!(judge(&order("")), None);
    for unknown in ["ae", "Z9", "ZZ", "AAA"] {
        assert_eq!(judge(&format!("35={unknown}|{HEADER}")), Some((11, None)), "{unknown}");
    }
    assert_eq!(judge(&format!("35=|{HEADER}")), Some((4, Some(35))));
}

#[test]
fn v_10_a_registered_custom_type_may_have_any_known_fields() {
    let options = ValidationOptions { custom_msg_types: vec![(*b"U7").into()], ..Default::default() };
    let custom = |rest: &str| judge_with(&format!("35=U7|{HEADER}{rest}"), &options);
    assert_eq!(custom("55=X|453=2|448=A|448=B|"), None);
    assert_eq!(custom("54=Z|"), Some((5, Some(54))));
    assert_eq!(custom("5001=x|"), Some((0, Some(5001))));
    assert_eq!(judge_with(&format!("35=U8|{HEADER}"), &options), Some((11, None)));
}

#[test]
fn v_12_v_13_v_19_tag_ladder() {
    orders(&[
        ("11=1|54=1|60=20260101-00:00:00|40=1|999=x|", Some((0, 999))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|0=x|", Some((0, 0))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|-1=x|", Some((0, -1))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|-1=x|-2=x|", Some((0, -1))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|4294967297=x|", Some((0, 4_294_967_297))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|5001=x|", Some((0, 5001))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|20001=x|", Some((0, 20_001))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|37=x|", Some((2, 37))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|448=x|", Some((2, 448))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|448=x|448=y|", Some((2, 448))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|58=|", Some((4, 58))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|999=|", Some((0, 999))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|37=|", Some((2, 37))),
    ]);
}

#[test]
fn v_12_user_tags_pass_when_allowed() {
    let options = ValidationOptions { allow_user_tags: true, ..Default::default() };
    for (rest, expected) in [
        ("5001=x|9999=y|20001=z|", None),
        ("4999=x|", Some((0, Some(4999)))),
        ("5001=|", Some((4, Some(5001)))),
        ("5001=x|5001=y|", Some((13, Some(5001)))),
        ("20001=x|58=a|20001=y|", Some((13, Some(20_001)))),
        ("5001=\x07|", Some((6, Some(5001)))),
    ] {
        assert_eq!(judge_with(&order(rest), &options), expected, "{rest}");
    }
}

#[test]
fn v_09_v_14_v_15_value_ladder() {
    orders(&[
        ("11=1|54=Z|60=20260101-00:00:00|40=1|", Some((5, 54))),
        ("11=1|54=11|60=20260101-00:00:00|40=1|", Some((6, 54))),
        ("11=1|54=1|60=20260101|40=1|", Some((6, 60))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|44=1e3|", Some((6, 44))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|44=-0001.50|", None),
        ("11=1|54=1|60=20260101-00:00:00|40=1|18=1 G|", None),
        ("11=1|54=1|60=20260101-00:00:00|40=1|18=1 ?|", Some((5, 18))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|18=1  G|", Some((6, 18))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|114=x|", Some((6, 114))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|58=\x07|", Some((6, 58))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|58=\u{e9}|", Some((6, 58))),
    ]);
    let options = ValidationOptions { allow_8bit: true, ..Default::default() };
    assert_eq!(judge_with(&order("58=\u{e9}|"), &options), None);
}

#[test]
fn the_first_fault_by_position_counts() {
    orders(&[
        ("11=1|54=Z|60=x|40=1|", Some((5, 54))),
        ("60=x|11=1|54=Z|40=1|", Some((6, 60))),
        ("11=1|54=1|60=x|", Some((6, 60))),
        ("11=1|11=2|54=Z|60=x|", Some((13, 11))),
    ]);
}

#[test]
fn v_16_required_fields_are_missed_in_dictionary_order_header_first() {
    orders(&[
        ("", Some((1, 11))),
        ("40=1|60=20260101-00:00:00|", Some((1, 11))),
        ("11=1|", Some((1, 54))),
        ("11=1|54=1|40=1|", Some((1, 60))),
    ]);
    assert_eq!(judge("35=D|34=2|56=B|"), Some((1, Some(49))));
    assert_eq!(judge("35=0|49=A|56=B|52=20260101-00:00:00|"), Some((1, Some(34))));
    assert_eq!(judge("35=0|49=A|56=B|34=2|"), Some((1, Some(52))));
    assert_eq!(judge(&format!("35=1|{HEADER}")), Some((1, Some(112))));
}

#[test]
fn v_20_v_21_parts_keep_their_places() {
    let table = [
        ("35=0|52=20260101-00:00:00|56=B|49=A|34=2|", None),
        ("35=0|34=2|49=A|56=B|112=x|52=20260101-00:00:00|", Some((14, Some(52)))),
        ("35=0|34=2|49=A|112=x|56=B|52=20260101-00:00:00|", Some((14, Some(56)))),
        ("35=0|34=2|49=A|56=B|52=20260101-00:00:00|93=1|89=x|112=x|", Some((14, Some(93)))),
        ("35=0|34=2|49=A|56=B|52=20260101-00:00:00|112=x|93=1|89=x|", None),
        ("35=0|34=2|49=A|56=B|52=20260101-00:00:00|10=123|112=x|", Some((14, Some(10)))),
        ("35=0|34=2|34=3|49=A|56=B|52=20260101-00:00:00|", Some((13, Some(34)))),
        ("35=0|34=2|49=A|56=B|52=20260101-00:00:00|112=x|112=y|", Some((13, Some(112)))),
    ];
    for (body, expected) in table {
        assert_eq!(judge(body), expected, "{body}");
    }
}

#[test]
fn v_20_misplaced_header_fields_are_still_read() {
    let frame = seal("35=0|112=x|34=007|49=A|56=B|43=Y|122=20260101-00:00:00|52=20260101-00:00:01|");
    let mut index = FieldIndex::new();
    let message = index.parse(&frame, Dictionary::fix44(), Profile::Strict).unwrap();
    assert_eq!(message.seq_num(), SeqNumField::Number(7));
    assert_eq!(message.sender_comp_id(), Some(&b"A"[..]));
    assert_eq!(message.target_comp_id(), Some(&b"B"[..]));
    assert_eq!(message.sending_time(), Some(&b"20260101-00:00:01"[..]));
    assert_eq!(message.orig_sending_time(), Some(&b"20260101-00:00:00"[..]));
    assert!(message.poss_dup());
}

#[test]
fn s_07_seq_num_ladder() {
    for (field, expected) in [
        ("", SeqNumField::Missing),
        ("34=|", SeqNumField::Invalid),
        ("34=x|", SeqNumField::Invalid),
        ("34=-1|", SeqNumField::Invalid),
        ("34=+1|", SeqNumField::Invalid),
        ("34=18446744073709551616|", SeqNumField::Invalid),
        ("34=0|", SeqNumField::Number(0)),
        ("34=0012|", SeqNumField::Number(12)),
        ("34=9223372036854775807|", SeqNumField::Number(i64::MAX as u64)),
    ] {
        let frame = seal(&format!("35=0|{field}49=A|56=B|"));
        let mut index = FieldIndex::new();
        let message = index.parse(&frame, Dictionary::fix44(), Profile::Strict).unwrap();
        assert_eq!(message.seq_num(), expected, "{field}");
    }
}

#[test]
fn v_22_to_v_24_group_ladder() {
    let table = [
        ("453=1|448=A|447=D|452=1|", None),
        ("453=2|448=A|447=D|452=1|448=B|447=D|452=3|", None),
        ("453=0|", None),
        ("453=0|55=X|", None),
        ("453=2|448=A|447=D|452=1|", Some((16, 453))),
        ("453=1|448=A|447=D|452=1|448=B|447=D|452=3|", Some((16, 453))),
        ("453=0|448=A|", Some((16, 453))),
        ("453=1|", Some((16, 453))),
        ("453=1|55=X|", Some((16, 453))),
        ("453=-1|", Some((5, 453))),
        ("453=x|", Some((6, 453))),
        ("453=+1|448=A|", Some((6, 453))),
        ("453=99999999999|448=A|", Some((16, 453))),
        ("453=1|447=D|448=A|452=1|", Some((15, 447))),
        ("453=1|448=A|452=1|447=D|", Some((15, 447))),
        ("453=2|448=A|447=D|452=1|447=D|452=3|", Some((15, 447))),
        ("453=1|448=A|447=D|447=D|452=1|", Some((13, 447))),
        ("453=1|448=A|447=D|452=1|447=D|", Some((13, 447))),
        ("453=1|448=A|447=D|452=99|", Some((5, 452))),
        ("453=1|448=|", Some((4, 448))),
        // Nested: a sub group inside a party.
        ("453=1|448=A|447=D|452=1|802=2|523=x|803=1|523=y|803=2|", None),
        ("453=2|448=A|447=D|452=1|802=1|523=x|803=1|448=B|447=D|452=3|", None),
        ("453=1|448=A|447=D|452=1|802=0|", None),
        ("453=1|448=A|447=D|452=1|802=2|523=x|803=1|", Some((16, 802))),
        ("453=1|448=A|447=D|452=1|802=1|803=1|523=x|", Some((15, 803))),
        ("453=1|448=A|447=D|452=1|802=1|523=x|523=y|", Some((16, 802))),
        ("453=1|448=A|447=D|452=1|802=1|523=x|447=D|", Some((13, 447))),
    ];
    for (rest, expected) in table {
        for tail in ["", "58=end|"] {
            let found = judge(&order(&format!("{rest}{tail}")));
            assert_eq!(found, expected.map(|(reason, tag)| (reason, Some(tag))), "{rest}{tail}");
        }
    }
}

#[test]
fn v_24_lenient_order_accepts_members_out_of_order_but_not_a_missing_delimiter() {
    let options = ValidationOptions { group_order: GroupOrder::Lenient, ..Default::default() };
    assert_eq!(judge_with(&order("453=1|448=A|452=1|447=D|"), &options), None);
    assert_eq!(judge_with(&order("453=1|447=D|448=A|452=1|"), &options), Some((15, Some(447))));
    assert_eq!(judge_with(&order("453=1|448=A|452=1|447=D|452=1|"), &options), Some((13, Some(452))));
}

#[test]
fn v_16_required_members_are_missed_in_each_entry() {
    // Sides of a cross order: Side(54) starts each, ClOrdID(11) is required.
    let cross = "548=X|549=1|550=0|552=2|54=1|11=a|54=2|11=b|40=1|60=20260101-00:00:00|";
    let judge_cross = |body: &str| judge(&format!("35=s|{HEADER}{body}"));
    assert_eq!(judge_cross(cross), None);
    assert_eq!(judge_cross(&cross.replace("54=2|11=b|", "54=2|")), Some((1, Some(11))));
    assert_eq!(judge_cross(&cross.replace("54=1|11=a|", "54=1|")), Some((1, Some(11))));
    // What the message lacks before the group comes first, what it lacks behind it comes after.
    assert_eq!(
        judge_cross(&cross.replace("54=2|11=b|", "54=2|").replace("550=0|", "")),
        Some((1, Some(550)))
    );
    assert_eq!(judge_cross(&cross.replace("54=2|11=b|", "54=2|").replace("40=1|", "")), Some((1, Some(11))));
}

#[test]
fn a_user_tag_inside_a_group_does_not_end_it() {
    let options = ValidationOptions { allow_user_tags: true, ..Default::default() };
    let body = order("453=2|448=A|447=D|5001=x|452=1|448=B|447=D|452=3|5001=y|");
    assert_eq!(judge_with(&body, &options), None);
}

#[test]
fn v_25_soh_inside_a_value_is_named() {
    orders(&[
        ("11=1|54=1|60=20260101-00:00:00|40=1|58=hello|world|", Some((17, 58))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|58=hello||", Some((17, 58))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|58=a|x=b|", Some((17, 58))),
        ("11=1|54=1|60=20260101-00:00:00|40=1|58=a|=b|", Some((17, 58))),
    ]);
    let frame = seal(&order("58=hello|world|"));
    let interop = FieldIndex::new().parse(&frame, Dictionary::fix44(), Profile::Interop).err();
    assert_eq!(interop, Some(FrameFault::NotAField));
}

#[test]
fn v_26_data_ladder() {
    let logon = |rest: &str| format!("35=A|{HEADER}98=0|108=30|{rest}");
    let table = [
        ("95=3|96=abc|", None),
        ("95=3|96=a|c|", None),
        ("95=11|96=a|10=123|b=|", None),
        ("95=2|96=abc|", Some((5, 95))),
        ("95=4|96=abc|", Some((5, 95))),
        ("95=99999999999999999999|96=abc|", Some((5, 95))),
        ("95=9999|96=abc|", Some((5, 95))),
        ("95=-1|96=abc|", Some((5, 95))),
        ("95=x|96=abc|", Some((6, 95))),
        ("96=abc|", Some((1, 95))),
        ("95=3|108=30|96=abc|", Some((13, 108))),
        ("95=3|141=N|96=abc|", Some((5, 95))),
        ("95=3|", Some((5, 95))),
        ("95=0|", None),
    ];
    for (rest, expected) in table {
        let expected = expected.map(|(reason, tag)| (reason, Some(tag)));
        assert_eq!(judge(&logon(rest)), expected, "{rest}");
    }
    let interop = ValidationOptions::for_profile(Profile::Interop);
    assert_eq!(judge_with(&logon("96=abc|"), &interop), None);
    assert_eq!(judge_with(&logon("95=2|96=abc|"), &interop), Some((5, Some(95))));
}

#[test]
fn v_26_a_message_that_is_all_xml_holds_it_in_its_header() {
    let xml = |rest: &str| judge(&format!("35=n|{HEADER}{rest}"));
    for (rest, expected) in [
        ("212=10|213=<a b='|'/>|", None),
        ("", None),
        ("212=11|213=<a b='|'/>|", Some((5, Some(212)))),
        ("212=2|", Some((5, Some(212)))),
        ("58=a|", Some((2, Some(58)))),
    ] {
        assert_eq!(xml(rest), expected, "{rest}");
    }
}

#[test]
fn v_27_an_encoded_field_needs_its_encoding() {
    assert_eq!(judge(&order("354=2|355=\u{e9}|")), Some((1, Some(347))));
    assert_eq!(judge(&format!("35=D|{HEADER}347=UTF-8|{ORDER}354=2|355=\u{e9}|")), None);
}

#[test]
fn v_28_encryption_is_refused_and_signatures_are_read_past() {
    assert_eq!(judge(&format!("35=0|{HEADER}90=3|91=abc|")), Some((7, Some(90))));
    assert_eq!(judge(&format!("35=0|{HEADER}93=3|89=a|b|")), None);
}

#[test]
fn groups_are_read_entry_by_entry() {
    let frame = seal(&order("453=2|448=A|447=D|452=1|802=2|523=x|803=1|523=y|803=2|448=B|447=C|58=end|"));
    let mut index = FieldIndex::new();
    let message = index.parse(&frame, Dictionary::fix44(), Profile::Strict).unwrap();
    let parties: Vec<_> = message.groups(453).collect();
    assert_eq!(parties.iter().map(|p| p.get(448).unwrap()).collect::<Vec<_>>(), [b"A", b"B"]);
    assert_eq!(parties[1].get(452), None);
    let subs: Vec<_> = parties[0].groups(802).map(|sub| sub.get(523).unwrap()).collect();
    assert_eq!(subs, [b"x", b"y"]);
    assert_eq!(parties[0].get(523), None, "nested members are not the entry's own");
    assert_eq!(parties[1].groups(802).count(), 0);
    assert_eq!(message.get(448), None, "group members are not the message's own");
    assert_eq!(message.get(58), Some(&b"end"[..]));
    assert_eq!(message.groups(555).count(), 0);
    assert_eq!(message.fields().count(), 3 + 4 + 4 + 11 + 1 + 1);
}

#[test]
fn the_body_is_what_stands_between_header_and_trailer() {
    let body = |text: &str| {
        let frame = seal(text);
        let mut index = FieldIndex::new();
        let message = index.parse(&frame, Dictionary::fix44(), Profile::Strict).unwrap();
        String::from_utf8(message.body().to_vec()).unwrap().replace(SOH, "|")
    };
    assert_eq!(body(&order("58=x|")), format!("{ORDER}58=x|"));
    assert_eq!(body(&order("58=x|93=1|89=y|")), format!("{ORDER}58=x|"));
    assert_eq!(body(&format!("35=0|{HEADER}")), "");
}

#[test]
fn an_index_is_clean_for_each_message() {
    let mut index = FieldIndex::new();
    let first = seal(&order("58=x|453=1|448=A|20001=q|"));
    let second = seal(&format!("35=0|{HEADER}"));
    index.parse(&first, Dictionary::fix44(), Profile::Strict).unwrap();
    let message = index.parse(&second, Dictionary::fix44(), Profile::Strict).unwrap();
    assert_eq!(message.get(58), None);
    assert_eq!(message.get(20_001), None);
    assert_eq!(message.groups(453).count(), 0);
    assert_eq!(check_message(&message, &ValidationOptions::default()), Ok(()));
}

#[test]
fn text_of_each_reason_is_the_contract() {
    use fix_session::SessionRejectReason::*;
    let table = [
        (InvalidTagNumber, 0, "Invalid tag number"),
        (RequiredTagMissing, 1, "Required tag missing"),
        (TagNotDefinedForMessage, 2, "Tag not defined for this message type"),
        (TagWithoutValue, 4, "Tag specified without a value"),
        (ValueIncorrect, 5, "Value is incorrect (out of range) for this tag"),
        (IncorrectDataFormat, 6, "Incorrect data format for value"),
        (DecryptionProblem, 7, "Decryption problem"),
        (SignatureProblem, 8, "Signature problem"),
        (CompIdProblem, 9, "CompID problem"),
        (SendingTimeAccuracy, 10, "SendingTime accuracy problem"),
        (InvalidMsgType, 11, "Invalid MsgType"),
        (TagAppearsMoreThanOnce, 13, "Tag appears more than once"),
        (TagOutOfRequiredOrder, 14, "Tag specified out of required order"),
        (GroupFieldsOutOfOrder, 15, "Repeating group fields out of order"),
        (IncorrectNumInGroup, 16, "Incorrect NumInGroup count for repeating group"),
        (NonDataValueIncludesDelimiter, 17, "Non \"data\" value includes field delimiter (SOH character)"),
    ];
    for (reason, code, text) in table {
        assert_eq!((reason.code(), reason.text()), (code, text));
    }
}

/// A value a field accepts.
fn sample(field: &FieldDef) -> String {
    if let Some((value, _)) = field.values().next() {
        return String::from_utf8(value.to_vec()).unwrap();
    }
    match field.kind() {
        FieldType::Boolean => "Y",
        FieldType::UtcTimestamp => "20260101-00:00:00",
        FieldType::UtcTimeOnly => "00:00:00",
        FieldType::LocalMktDate | FieldType::UtcDateOnly => "20260101",
        FieldType::MonthYear => "202601",
        _ => "1",
    }
    .to_owned()
}

/// XMLnonFIX(n) lists what stands in its header.
fn stands_in_header(layout: &Layout, member: &Member) -> bool {
    let header = Dictionary::fix44().header();
    !std::ptr::eq(layout, header) && header.place(member.field).is_some()
}

/// Appends members of a layout, with one entry for each group: the required ones, or all.
fn fill(layout: &Layout, all: bool, out: &mut String) {
    let dictionary = Dictionary::fix44();
    for (at, member) in layout.members().iter().enumerate() {
        let field = dictionary.field(member.field);
        // The delimiter of an entry is there whatever its flag; the session writes 8, 9, 35 and 10 itself.
        let is_written = matches!(member.tag, 8 | 9 | 10 | 35 | 90 | 91) || stands_in_header(layout, member);
        if is_written || !(all || member.required || at == 0 && out.ends_with("=ENTRY|")) {
            continue;
        }
        *out = out.replace("=ENTRY|", "=1|");
        match member.group {
            Some(group) => {
                out.push_str(&format!("{}=ENTRY|", member.tag));
                fill(dictionary.group(group).layout(), all, out);
            }
            None => out.push_str(&format!("{}={}|", member.tag, sample(field))),
        }
    }
}

fn instance(msg_type: &[u8], all: bool) -> String {
    let dictionary = Dictionary::fix44();
    let mut text = format!("35={}|", String::from_utf8(msg_type.to_vec()).unwrap());
    fill(dictionary.header(), all, &mut text);
    fill(dictionary.message(msg_type).unwrap().body(), all, &mut text);
    text
}

#[test]
fn every_messages_least_instance_is_valid_and_lacks_nothing() {
    for message in Dictionary::fix44().messages() {
        let least = instance(message.msg_type(), false);
        assert_eq!(judge(&least), None, "{}: {least}", message.name());
        for member in message.body().required().iter().filter(|m| m.group.is_none()) {
            let value = sample(Dictionary::fix44().field(member.field));
            let without = least.replacen(&format!("|{}={value}|", member.tag), "|", 1);
            assert_eq!(
                judge(&without),
                Some((1, Some(i64::from(member.tag)))),
                "{}: {without}",
                message.name()
            );
        }
    }
}

#[test]
fn every_messages_fullest_instance_is_valid() {
    for message in Dictionary::fix44().messages() {
        let full = instance(message.msg_type(), true);
        assert_eq!(judge(&full), None, "{}: {full}", message.name());
    }
}

const OUTBOUND: Header<'static> = Header {
    msg_type: b"8",
    seq_num: 42,
    sender_comp_id: b"ASSAY",
    target_comp_id: b"CLIENT1",
    sending_time: b"20260101-09:30:00.123",
    poss_dup: false,
    poss_resend: false,
    orig_sending_time: b"",
    last_processed: None,
    routing: Routing {
        sender_sub_id: b"",
        target_sub_id: b"",
        on_behalf_of_comp_id: b"",
        on_behalf_of_sub_id: b"",
        deliver_to_comp_id: b"",
        deliver_to_sub_id: b"",
        sender_location_id: b"",
        target_location_id: b"",
        on_behalf_of_location_id: b"",
        deliver_to_location_id: b"",
    },
};

fn text(frame: &[u8]) -> String {
    assert_eq!(Framer::new(FrameLimits::default()).next(frame), Framed::Frame { len: frame.len() });
    String::from_utf8_lossy(frame).replace(SOH, "|")
}

#[test]
fn v_32_the_header_ascends_by_tag() {
    let mut encoder = Encoder::new();
    encoder.begin(&OUTBOUND).field(37, b"1").field_i64(99, -5).field_bool(114, true).field_char(54, b'1');
    let plain = text(encoder.finish());
    assert!(
        plain.starts_with(
            "8=FIX.4.4|9=78|35=8|34=42|49=ASSAY|52=20260101-09:30:00.123|56=CLIENT1|37=1|99=-5|114=Y|54=1|10="
        ),
        "{plain}"
    );

    let full = Header {
        poss_dup: true,
        poss_resend: true,
        orig_sending_time: b"20260101-09:00:00.000",
        last_processed: Some(7),
        routing: Routing {
            target_sub_id: b"DESK",
            on_behalf_of_comp_id: b"OBO",
            deliver_to_comp_id: b"DLV",
            ..OUTBOUND.routing
        },
        ..OUTBOUND
    };
    encoder.begin(&full).field(58, b"");
    let full = text(encoder.finish());
    assert!(
        full.contains(
            "|35=8|34=42|43=Y|49=ASSAY|52=20260101-09:30:00.123|56=CLIENT1|57=DESK|97=Y|115=OBO|\
         122=20260101-09:00:00.000|128=DLV|369=7|10="
        ),
        "{full}"
    );
}

#[test]
fn lengths_of_any_size_are_written_without_padding() {
    let mut encoder = Encoder::new();
    for size in [1, 9, 30, 900, 9_000, 90_000, 900_000] {
        encoder.begin(&OUTBOUND).data(95, 96, &vec![1; size]);
        let frame = encoder.finish().to_vec();
        assert_eq!(
            Framer::new(FrameLimits::default()).next(&frame),
            Framed::Frame { len: frame.len() },
            "{size}"
        );
        assert!(!frame.starts_with(b"8=FIX.4.4\x019=0"));
    }
}

#[test]
fn v_30_an_answer_reverses_the_routing() {
    let frame = seal(
        "35=0|34=2|49=A|56=B|50=sub|57=tsub|115=a|116=b|144=c|128=d|129=e|145=f|142=g|52=20260101-00:00:00|",
    );
    let mut index = FieldIndex::new();
    let message = index.parse(&frame, Dictionary::fix44(), Profile::Strict).unwrap();
    let plain = Routing::of_answer_to(&message, false);
    assert_eq!(
        (plain.deliver_to_comp_id, plain.deliver_to_sub_id, plain.deliver_to_location_id),
        (&b"a"[..], &b"b"[..], &b"c"[..])
    );
    assert_eq!(
        (plain.on_behalf_of_comp_id, plain.on_behalf_of_sub_id, plain.on_behalf_of_location_id),
        (&b"d"[..], &b"e"[..], &b"f"[..])
    );
    assert_eq!((plain.sender_sub_id, plain.target_sub_id), (&b""[..], &b""[..]));
    let swapped = Routing::of_answer_to(&message, true);
    assert_eq!((swapped.sender_sub_id, swapped.target_sub_id), (&b"tsub"[..], &b"sub"[..]));
    assert_eq!((swapped.sender_location_id, swapped.target_location_id), (&b""[..], &b"g"[..]));
}

#[test]
fn r_05_a_resend_changes_flag_times_length_and_sum_only() {
    let mut encoder = Encoder::new();
    let header = Header {
        routing: Routing { deliver_to_comp_id: b"DLV", target_sub_id: b"T", ..OUTBOUND.routing },
        ..OUTBOUND
    };
    encoder.begin(&header).data(95, 96, b"a\x0110=000\x01b").field(58, b"x").field(43, b"Y");
    let original = encoder.finish().to_vec();
    let mut resent = b"old".to_vec();
    reencode_as_duplicate(&original, b"20260101-10:00:00.000", None, &mut resent);
    let again = text(&resent);
    assert!(again.contains(
        "|35=8|34=42|43=Y|49=ASSAY|52=20260101-10:00:00.000|56=CLIENT1|57=T|122=20260101-09:30:00.123|128=DLV|\
         95=10|96=a|10=000|b|58=x|43=Y|10="
    ), "{again}");
    // Of a resend again: the first time stays the original one.
    let mut twice = Vec::new();
    reencode_as_duplicate(&resent, b"20260101-11:00:00.000", None, &mut twice);
    assert_eq!(
        text(&twice).split("|10=").next(),
        again.replace("52=20260101-10", "52=20260101-11").split("|10=").next()
    );
}

#[test]
fn d_04_a_resend_after_the_clock_was_put_back_claims_no_time_in_its_future() {
    let mut encoder = Encoder::new();
    let original = encoder.begin(&Header { msg_type: b"0", ..OUTBOUND }).finish().to_vec();
    let (mut resent, mut twice) = (Vec::new(), Vec::new());
    reencode_as_duplicate(&original, b"20260101-09:29:59.999", None, &mut resent);
    assert!(text(&resent).contains("|52=20260101-09:29:59.999|56=CLIENT1|122=20260101-09:29:59.999|10="));
    reencode_as_duplicate(&resent, b"20260101-09:29:58.000", None, &mut twice);
    assert!(text(&twice).contains("|52=20260101-09:29:58.000|56=CLIENT1|122=20260101-09:29:58.000|10="));
}

#[test]
fn r_05_a_resend_without_body_is_whole() {
    let mut encoder = Encoder::new();
    let original = encoder.begin(&Header { msg_type: b"0", ..OUTBOUND }).finish().to_vec();
    let mut resent = Vec::new();
    reencode_as_duplicate(&original, b"20260101-10:00:00.000", None, &mut resent);
    assert!(text(&resent).contains("|56=CLIENT1|122=20260101-09:30:00.123|10="));
}

proptest::proptest! {
    #[test]
    fn x_01_no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        exercise(&bytes);
    }

    #[test]
    fn x_01_no_field_soup_panics(
        fields in proptest::collection::vec((0usize..24, "[ -~]{0,6}"), 0..60),
        interop in proptest::prelude::any::<bool>(),
    ) {
        const TAGS: [&str; 24] = [
            "8", "9", "35", "34", "49", "453", "448", "447", "452", "802", "523", "803", "627", "628", "95", "96",
            "93", "89", "10", "-3", "99999999999", "x", "5001", "55",
        ];
        let mut text = "8=FIX.4.4|9=5|35=D|".replace('|', "\x01");
        for (tag, value) in fields {
            text.push_str(&format!("{}={value}{SOH}", TAGS[tag]));
        }
        exercise(text.as_bytes());
        let mut index = FieldIndex::new();
        let profile = if interop { Profile::Interop } else { Profile::Strict };
        let _ = index.parse(text.as_bytes(), Dictionary::fix44(), profile).is_ok();
    }

    #[test]
    fn x_01_a_damaged_message_never_panics(at in 0usize..400, byte in proptest::prelude::any::<u8>()) {
        let mut frame = seal(&instance(b"AE", true));
        let at = at % frame.len();
        frame[at] = byte;
        exercise(&frame);
    }
}

/// Parses and uses every reader.
fn exercise(bytes: &[u8]) {
    let mut index = FieldIndex::new();
    let Ok(message) = index.parse(bytes, Dictionary::fix44(), Profile::Strict) else { return };
    let _ = check_message(&message, &ValidationOptions::default());
    let _ = check_message(&message, &ValidationOptions { allow_user_tags: true, ..Default::default() });
    let _ = (message.body(), message.seq_num(), format!("{message:?}"));
    for field in message.fields() {
        let _ = message.get(field.tag);
        for entry in message.groups(field.tag) {
            let _ = entry.fields().map(|f| entry.groups(f.tag).count()).sum::<usize>();
        }
    }
    reencode_as_duplicate(bytes, b"20260101-10:00:00.000", None, &mut Vec::new());
}

#[test]
fn a_body_falls_into_parts_that_can_be_moved() {
    let frame = seal(&order("453=2|448=A|802=1|523=x|448=B|354=3|355=a|b|58=t|"));
    let mut index = FieldIndex::new();
    let message = index.parse(&frame, Dictionary::fix44(), Profile::Strict).unwrap();
    let parts: Vec<(u32, String)> = message
        .body_parts()
        .map(|part| (part.tag, String::from_utf8_lossy(part.bytes).replace(SOH, "|")))
        .collect();
    let expected = [
        (11, "11=1|"),
        (54, "54=1|"),
        (60, "60=20260101-00:00:00|"),
        (40, "40=1|"),
        (453, "453=2|448=A|802=1|523=x|448=B|"),
        (354, "354=3|355=a|b|"),
        (58, "58=t|"),
    ];
    assert_eq!(parts, expected.map(|(tag, text)| (tag, text.to_owned())));
}
