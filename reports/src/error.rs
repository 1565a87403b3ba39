//! What can go wrong.

/// Why a table could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What it is written to takes no more.
    #[error("the report cannot be written")]
    Io(#[from] std::io::Error),
    /// More rows than a PDF is made of.
    #[error("more than {max} rows: a PDF is for reading, ask for csv or parquet")]
    TooLong {
        /// The bound.
        max: usize,
    },
    /// A row does not have the columns' cells.
    #[error("a row has {cells} cells that do not fit {columns} columns")]
    Misshapen {
        /// Its cells.
        cells: usize,
        /// The columns.
        columns: usize,
    },
    /// The Parquet library refuses.
    #[error("the Parquet file cannot be written")]
    Parquet(#[from] parquet::errors::ParquetError),
}
