//! How wide columns are when a character is a character.

use crate::{Cell, Column};

/// No column is narrower than what a short word takes, however many there are.
const NARROWEST: usize = 6;

/// Characters of the widest cell of each column, its name included.
pub(crate) fn natural(columns: &[Column], rows: &[Vec<Cell>]) -> Vec<usize> {
    let mut widths: Vec<usize> = columns.iter().map(|column| column.name.len()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.text().chars().count());
        }
    }
    widths
}

/// Takes from the widest columns until all of them, with `gap` between, fit into `total`.
pub(crate) fn fitted(mut widths: Vec<usize>, gap: usize, total: usize) -> Vec<usize> {
    let gaps = gap * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > total {
        let Some(widest) = widths.iter_mut().max().filter(|width| **width > NARROWEST) else { break };
        *widest -= 1;
    }
    widths
}
