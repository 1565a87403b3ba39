//! Apache Parquet: every column optional, with its logical type.

use crate::format::shaped;
use crate::{Cell, Column, ColumnKind, Error, Heading, RowWriter};
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};
use std::io::Write;
use std::sync::Arc;

/// Rows of a group: a few megabytes, held while it is filled.
const GROUP_ROWS: usize = 16_384;

/// Decimals: 38 digits, nine of them behind the point, in sixteen bytes.
const PRECISION: i32 = 38;
const SCALE: i32 = 9;
const DECIMAL_BYTES: i32 = 16;

pub(crate) struct ParquetForm<'a> {
    columns: &'static [Column],
    rows: Vec<Vec<Cell>>,
    file: SerializedFileWriter<&'a mut (dyn Write + Send)>,
}

impl<'a> ParquetForm<'a> {
    pub(crate) fn new(
        heading: &Heading,
        columns: &'static [Column],
        out: &'a mut (dyn Write + Send),
    ) -> Result<Self, Error> {
        let fields = columns.iter().map(field).collect::<Result<Vec<TypePtr>, _>>()?;
        let schema = Type::group_type_builder("report").with_fields(fields).build()?;
        let title = KeyValue::new("title".to_owned(), heading.title.clone());
        let about =
            heading.about.iter().map(|(name, value)| KeyValue::new((*name).to_owned(), value.clone()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by("Assay".to_owned())
            .set_key_value_metadata(Some(std::iter::once(title).chain(about).collect()))
            .build();
        let file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?;
        Ok(Self { columns, rows: Vec::new(), file })
    }

    fn write_group(&mut self) -> Result<(), Error> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for (n, column) in self.columns.iter().enumerate() {
            let Some(writer) = group.next_column()? else { break };
            let cells = self.rows.iter().map(|row| &row[n]);
            write_column(writer, column.kind, cells)?;
        }
        group.close()?;
        self.rows.clear();
        Ok(())
    }
}

impl RowWriter for ParquetForm<'_> {
    fn row(&mut self, cells: &[Cell]) -> Result<(), Error> {
        shaped(cells, self.columns)?;
        self.rows.push(cells.to_vec());
        if self.rows.len() == GROUP_ROWS { self.write_group() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> Result<(), Error> {
        self.write_group()?;
        self.file.finish()?;
        Ok(self.file.inner_mut().flush()?)
    }
}

fn field(column: &Column) -> Result<TypePtr, Error> {
    let (physical, logical) = match column.kind {
        ColumnKind::Text => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
        ColumnKind::Integer => (PhysicalType::INT64, None),
        ColumnKind::Decimal => {
            (PhysicalType::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::decimal(SCALE, PRECISION)))
        }
        ColumnKind::Time => (PhysicalType::INT64, Some(LogicalType::timestamp(true, TimeUnit::NANOS))),
        ColumnKind::Day => (PhysicalType::INT32, Some(LogicalType::Date)),
        ColumnKind::Flag => (PhysicalType::BOOLEAN, None),
    };
    let mut builder = Type::primitive_type_builder(column.name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
    if column.kind == ColumnKind::Decimal {
        builder = builder.with_length(DECIMAL_BYTES).with_precision(PRECISION).with_scale(SCALE);
    }
    Ok(Arc::new(builder.build()?))
}

/// Writes a column of a group: its values, and which rows have one.
fn write_column<'a>(
    mut writer: SerializedColumnWriter<'_>,
    kind: ColumnKind,
    cells: impl Iterator<Item = &'a Cell> + Clone,
) -> Result<(), Error> {
    let levels: Vec<i16> = cells.clone().map(|cell| i16::from(*cell != Cell::Empty)).collect();
    let levels = Some(levels.as_slice());
    match kind {
        ColumnKind::Text => {
            let text =
                |cell: &Cell| if let Cell::Text(text) = cell { Some(text.as_str().into()) } else { None };
            let values: Vec<ByteArray> = cells.filter_map(text).collect();
            writer.typed::<ByteArrayType>().write_batch(&values, levels, None)?;
        }
        ColumnKind::Integer | ColumnKind::Time => {
            let values: Vec<i64> = cells.filter_map(long).collect();
            writer.typed::<Int64Type>().write_batch(&values, levels, None)?;
        }
        ColumnKind::Decimal => {
            let values: Vec<FixedLenByteArray> = cells.filter_map(decimal).collect();
            writer.typed::<FixedLenByteArrayType>().write_batch(&values, levels, None)?;
        }
        ColumnKind::Day => {
            let day = |cell: &Cell| if let Cell::Day(day) = cell { Some(day.days()) } else { None };
            let values: Vec<i32> = cells.filter_map(day).collect();
            writer.typed::<Int32Type>().write_batch(&values, levels, None)?;
        }
        ColumnKind::Flag => {
            let flag = |cell: &Cell| if let Cell::Flag(flag) = cell { Some(*flag) } else { None };
            let values: Vec<bool> = cells.filter_map(flag).collect();
            writer.typed::<BoolType>().write_batch(&values, levels, None)?;
        }
    }
    Ok(writer.close()?)
}

fn long(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Integer(n) => Some(*n),
        Cell::Time(at) => Some(at.as_ns()),
        _ => None,
    }
}

/// Two's complement, the highest byte first.
fn decimal(cell: &Cell) -> Option<FixedLenByteArray> {
    match cell {
        Cell::Decimal(amount) => Some(amount.units().to_be_bytes().to_vec().into()),
        _ => None,
    }
}
