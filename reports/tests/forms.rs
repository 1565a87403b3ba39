//! The same rows in every form.

use assay_reports::{Cell, Column, ColumnKind, Error, Format, Heading, PDF_ROWS_MAX, writer};
use assay_trading_types::{Amount, Date, Timestamp};
use bytes::Bytes;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

const COLUMNS: &[Column] = &[
    column("at", ColumnKind::Time),
    column("day", ColumnKind::Day),
    column("name", ColumnKind::Text),
    column("amount", ColumnKind::Decimal),
    column("count", ColumnKind::Integer),
    column("open", ColumnKind::Flag),
];

const fn column(name: &'static str, kind: ColumnKind) -> Column {
    Column { name, kind, about: "" }
}

fn heading() -> Heading {
    Heading {
        title: "Trades".to_owned(),
        about: vec![("firm", "FIRM1".to_owned()), ("position", "17".to_owned())],
    }
}

/// 2026-11-21T09:30:00.000000001Z.
const AT: Timestamp = Timestamp::from_ns(1_795_253_400_000_000_001);

fn row(name: &str, amount: &str) -> Vec<Cell> {
    vec![
        AT.into(),
        Date::of(AT).into(),
        name.into(),
        Amount::parse(amount).unwrap().into(),
        7.into(),
        true.into(),
    ]
}

fn written(format: Format, rows: &[Vec<Cell>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = writer(format, &heading(), COLUMNS, &mut out).unwrap();
    rows.iter().for_each(|row| writer.row(row).unwrap());
    writer.finish().unwrap();
    out
}

fn text(format: Format, rows: &[Vec<Cell>]) -> String {
    String::from_utf8(written(format, rows)).unwrap()
}

#[test]
fn csv_has_a_header_quotes_where_it_must_and_no_cell_is_a_formula() {
    let rows = [
        row("plain", "1.5"),
        row("a,b \"c\"\nd", "-0.000000001"),
        row("=1+1", "0"),
        row("+1", "0"),
        row("-1", "0"),
        row("@sum", "0"),
        row("\tx", "0"),
        row("\rx", "0"),
        vec![Cell::Empty; 6],
    ];
    let line = |name: &str, amount: &str| {
        format!("2026-11-21T09:30:00.000000001Z,2026-11-21,{name},{amount},7,true\r\n")
    };
    let expected = [
        "at,day,name,amount,count,open\r\n".to_owned(),
        line("plain", "1.5"),
        line("\"a,b \"\"c\"\"\nd\"", "-0.000000001"),
        line("'=1+1", "0"),
        line("'+1", "0"),
        line("'-1", "0"),
        line("'@sum", "0"),
        line("'\tx", "0"),
        line("\"'\rx\"", "0"),
        ",,,,,\r\n".to_owned(),
    ];
    assert_eq!(text(Format::Csv, &rows), expected.concat());
}

#[test]
fn json_has_decimals_as_strings_and_counts_its_rows() {
    let value: serde_json::Value =
        serde_json::from_slice(&written(Format::Json, &[row("a\"b", "0.1"), vec![Cell::Empty; 6]])).unwrap();
    assert_eq!(value["about"], serde_json::json!({"firm": "FIRM1", "position": "17"}));
    assert_eq!(value["columns"][3], serde_json::json!({"name": "amount", "kind": "decimal"}));
    let first = serde_json::json!({"at": "2026-11-21T09:30:00.000000001Z", "day": "2026-11-21", "name": "a\"b",
        "amount": "0.1", "count": 7, "open": true});
    assert_eq!(value["rows"][0], first);
    assert_eq!(value["rows"][1]["amount"], serde_json::Value::Null);
    assert_eq!(value["row_count"], 2);
    let empty: serde_json::Value = serde_json::from_slice(&written(Format::Json, &[])).unwrap();
    assert_eq!((&empty["rows"], &empty["row_count"]), (&serde_json::json!([]), &serde_json::json!(0)));
}

#[test]
fn a_table_is_aligned_and_steers_no_terminal() {
    let shown = text(Format::Table, &[row("x", "12.25"), row("red \u{1b}[31m", "3")]);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[..4], ["Trades", "firm: FIRM1", "position: 17", ""]);
    assert!(
        lines[4].starts_with("at                              day         name       amount  count  open"),
        "{shown}"
    );
    assert!(lines[5].ends_with("x           12.25      7  true"), "{shown}");
    assert!(lines[6].ends_with("red \u{fffd}[31m       3      7  true"), "{shown}");
}

#[test]
fn parquet_has_types_nulls_and_several_groups() {
    let mut rows: Vec<Vec<Cell>> = (0..20_000).map(|n| row("n", &format!("-{n}.5"))).collect();
    rows.push(vec![Cell::Empty; 6]);
    let reader = SerializedFileReader::new(Bytes::from(written(Format::Parquet, &rows))).unwrap();
    assert_eq!(reader.metadata().num_row_groups(), 2);
    assert_eq!(reader.metadata().file_metadata().num_rows(), 20_001);
    let read: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    let values =
        |n: usize| -> Vec<Field> { read[n].get_column_iter().map(|(_, field)| field.clone()).collect() };
    let fields = values(19_999);
    assert_eq!(fields[1], Field::Date(Date::of(AT).days()));
    assert_eq!(fields[2], Field::Str("n".to_owned()));
    let Field::Decimal(decimal) = &fields[3] else { panic!("{fields:?}") };
    let units = i128::from_be_bytes(decimal.data().try_into().unwrap());
    assert_eq!((units, decimal.scale()), (-19_999_500_000_000, 9));
    assert_eq!(fields[4..], [Field::Long(7), Field::Bool(true)]);
    assert!(values(20_000).iter().all(|field| *field == Field::Null));
    let Field::Long(at) = fields[0] else { panic!("{fields:?}") };
    assert_eq!(at, AT.as_ns());
}

#[test]
fn a_pdf_is_the_same_each_time_and_has_a_bound() {
    let rows: Vec<Vec<Cell>> =
        (0..200).map(|n| row(&format!("cafe\u{301} {n} {}", "x".repeat(300)), "1")).collect();
    let pdf = written(Format::Pdf, &rows);
    assert!(pdf.starts_with(b"%PDF-1.") && pdf.ends_with(b"%%EOF"), "a PDF");
    assert_eq!(pdf, written(Format::Pdf, &rows));
    let text = String::from_utf8_lossy(&pdf);
    assert!(text.contains("(Trades)") && text.contains("page 1 of "), "its title");
    assert!(!text.contains("CreationDate"), "no time of its own");
    let mut out = Vec::new();
    let mut writer = writer(Format::Pdf, &heading(), COLUMNS, &mut out).unwrap();
    let one = row("x", "1");
    (0..PDF_ROWS_MAX).for_each(|_| writer.row(&one).unwrap());
    assert!(matches!(writer.row(&one), Err(Error::TooLong { .. })));
}

#[test]
fn a_row_of_another_shape_is_refused_by_every_form() {
    for format in Format::ALL {
        let mut out = Vec::new();
        let mut writer = writer(format, &heading(), COLUMNS, &mut out).unwrap();
        assert!(matches!(writer.row(&[]), Err(Error::Misshapen { .. })), "{format:?}");
        let mut wrong = row("x", "1");
        wrong[0] = "x".into();
        assert!(matches!(writer.row(&wrong), Err(Error::Misshapen { .. })), "{format:?}");
    }
}

#[test]
fn names_of_forms_are_read_as_they_are_written() {
    for format in Format::ALL {
        assert_eq!(Format::from_name(format.name()), Some(format));
    }
    assert_eq!(Format::from_name("CSV"), None);
}
