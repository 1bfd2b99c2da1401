//! A table as Parquet: every column optional, packed with Snappy, in row groups of a bounded size.

use super::{Cell, Column, Table, TableError, Type};
use ::parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use ::parquet::data_type::{ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int64Type};
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::types::{Type as Schema, TypePtr};
use std::fs::File;
use std::sync::Arc;

/// Rows that are held before they are written.
const GROUP_ROWS: usize = 1 << 17;

pub(crate) struct ParquetTable {
    writer: SerializedFileWriter<File>,
    columns: Vec<Values>,
    held: usize,
    rows: u64,
}

/// The held values of a column, and for each row whether it has one (1) or not (0).
enum Values {
    Whole(Vec<i64>, Vec<i16>),
    Text(Vec<ByteArray>, Vec<i16>),
    Amount(Vec<FixedLenByteArray>, Vec<i16>),
}

impl ParquetTable {
    pub fn new(file: File, columns: &[Column]) -> Result<Self, TableError> {
        let fields = columns.iter().map(field).collect::<Result<Vec<TypePtr>, _>>()?;
        let schema = Schema::group_type_builder("row").with_fields(fields).build()?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("pinion ", env!("CARGO_PKG_VERSION")).to_owned());
        let writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties.build()))?;
        let columns = columns.iter().map(|Column(_, kind)| match kind {
            Type::Text => Values::Text(Vec::new(), Vec::new()),
            Type::Amount => Values::Amount(Vec::new(), Vec::new()),
            Type::Number | Type::Time | Type::Price => Values::Whole(Vec::new(), Vec::new()),
        });
        Ok(Self { writer, columns: columns.collect(), held: 0, rows: 0 })
    }

    fn write_group(&mut self) -> Result<(), TableError> {
        if self.held == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for values in &mut self.columns {
            let Some(mut column) = group.next_column()? else { break };
            match values {
                Values::Whole(values, there) => {
                    column.typed::<Int64Type>().write_batch(values, Some(there), None)?;
                    values.clear();
                    there.clear();
                }
                Values::Amount(values, there) => {
                    column.typed::<FixedLenByteArrayType>().write_batch(values, Some(there), None)?;
                    values.clear();
                    there.clear();
                }
                Values::Text(values, there) => {
                    column.typed::<ByteArrayType>().write_batch(values, Some(there), None)?;
                    values.clear();
                    there.clear();
                }
            }
            column.close()?;
        }
        group.close()?;
        self.held = 0;
        Ok(())
    }
}

impl Table for ParquetTable {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), TableError> {
        for (values, cell) in self.columns.iter_mut().zip(cells) {
            match values {
                Values::Whole(values, there) => {
                    let value = match cell {
                        Cell::Number(number) => i64::try_from(*number).ok(),
                        Cell::Time(time) => i64::try_from(time.get()).ok(),
                        Cell::Price(price) => Some(price.get()),
                        Cell::Empty | Cell::Amount(_) | Cell::Text(_) => None,
                    };
                    values.extend(value);
                    there.push(value.is_some().into());
                }
                Values::Amount(values, there) => {
                    let value = match cell {
                        Cell::Amount(amount) => Some(ByteArray::from(amount.to_be_bytes().to_vec()).into()),
                        _ => None,
                    };
                    there.push(value.is_some().into());
                    values.extend(value);
                }
                Values::Text(values, there) => {
                    let value = match cell {
                        Cell::Text(text) => Some(ByteArray::from(text.as_bytes().to_vec())),
                        _ => None,
                    };
                    there.push(value.is_some().into());
                    values.extend(value);
                }
            }
        }
        self.rows += 1;
        self.held += 1;
        if self.held == GROUP_ROWS { self.write_group() } else { Ok(()) }
    }

    fn finish(&mut self) -> Result<u64, TableError> {
        self.write_group()?;
        self.writer.finish()?;
        self.writer.inner().sync_all()?;
        Ok(self.rows)
    }
}

fn field(Column(name, kind): &Column) -> Result<TypePtr, ::parquet::errors::ParquetError> {
    let physical = match kind {
        Type::Text => Physical::BYTE_ARRAY,
        Type::Amount => Physical::FIXED_LEN_BYTE_ARRAY,
        Type::Number | Type::Time | Type::Price => Physical::INT64,
    };
    let field = Schema::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
    let field = match kind {
        Type::Number => field,
        Type::Time => field.with_logical_type(Some(LogicalType::timestamp(true, TimeUnit::NANOS))),
        Type::Price => field.with_logical_type(Some(LogicalType::decimal(4, 18))).with_precision(18).with_scale(4),
        Type::Amount => {
            let field = field.with_length(16).with_precision(38).with_scale(4);
            field.with_logical_type(Some(LogicalType::decimal(4, 38)))
        }
        Type::Text => field.with_logical_type(Some(LogicalType::String)),
    };
    field.build().map(Arc::new)
}
